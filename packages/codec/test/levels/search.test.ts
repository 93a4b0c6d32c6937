import { describe, expect, it } from "vitest";
import { adaquantCandidates } from "../../src/levels/adaquant.ts";
import { divideAndConquer } from "../../src/levels/divide-conquer.ts";
import { costTable, intervalCost, pathCost, roundingShare } from "../../src/levels/interval-cost.ts";
import { searchLevels, splicePaths } from "../../src/levels/level-search.ts";
import { solveLevels } from "../../src/levels/solve.ts";
import { bruteForce, directCost, distinct, type IntervalCost, naiveLevels, type Points } from "./oracles.ts";
import { below, normal, shapes, uniformSource } from "./shapes.ts";

const families = Object.keys(shapes);

function column(name: string, size: number, draw: number): Points {
  const next = uniformSource(`${name}/${size}/${draw}`);
  const shape = shapes[name] ?? normal;
  return distinct(Array.from({ length: size }, () => shape(next)));
}

function tableOf({ values, weights }: Points) {
  const origin = values[values.length >> 1] ?? 0;
  return costTable(
    Float64Array.from(values, (value) => value - origin),
    Float64Array.from(weights),
  );
}

/** What levels at these points cost, by definition. */
function costOf(points: Points, path: ArrayLike<number>): number {
  const cost = directCost(points);
  return Array.from(path).reduce((sum, j, at, all) => (at === 0 ? 0 : sum + cost(all[at - 1] ?? 0, j)), 0);
}

/** Equal up to rounding, on the scale of the column: the cost of a single interval. */
function expectEqualCost(found: number, best: number, points: Points): void {
  const whole = directCost(points)(0, points.values.length - 1);
  expect(Math.abs(found - best)).toBeLessThanOrEqual(1e-11 * best + 1e-14 * whole);
}

describe.each(families)("levels of a small %s column", (name) => {
  it("cost what brute force finds, over 150 columns", () => {
    const next = uniformSource(`sizes/${name}`);
    let cases = 0;
    for (let draw = 0; draw < 150; draw++) {
      const points = column(name, 4 + below(next, 8), draw);
      const size = points.values.length;
      if (size < 4) continue;
      const links = 1 + below(next, size - 2);
      const best = bruteForce(points, links);
      expectEqualCost(costOf(points, searchLevels(tableOf(points), links).points), best, points);
      expectEqualCost(costOf(points, divideAndConquer(tableOf(points), links)), best, points);
      expectEqualCost(naiveLevels(size, directCost(points), links).cost, best, points);
      cases++;
    }
    expect(cases).toBeGreaterThan(100);
  });

  it("cost what the plain recursion finds, for any number of levels, over 40 columns", () => {
    const next = uniformSource(`more/${name}`);
    for (let draw = 0; draw < 40; draw++) {
      const points = column(name, 12 + below(next, 40), draw + 1000);
      const size = points.values.length;
      if (size < 4) continue;
      const table = tableOf(points);
      const cost: IntervalCost = (i, j) => intervalCost(table, i, j);
      for (let repeat = 0; repeat < 4; repeat++) {
        const links = 2 + below(next, size - 3);
        const best = costOf(points, naiveLevels(size, cost, links).points);
        const { points: path } = searchLevels(table, links);
        expect(path).toHaveLength(links + 1);
        expectEqualCost(costOf(points, path), best, points);
        expectEqualCost(costOf(points, divideAndConquer(table, links)), best, points);
      }
    }
  });

  it("adaquant: at most 4k intervals and one, on which k intervals cost at most twice the optimum", () => {
    const next = uniformSource(`adaquant/${name}`);
    for (let draw = 0; draw < 30; draw++) {
      const points = column(name, 60 + below(next, 200), draw + 2000);
      const size = points.values.length;
      const links = 2 + below(next, 6);
      if (size <= links + 1) continue;
      const table = tableOf(points);
      const candidates = adaquantCandidates(table, links);
      expect(candidates.length - 1).toBeLessThanOrEqual(4 * links + 1);
      expect([candidates[0], candidates.at(-1)]).toEqual([0, size - 1]);
      const best = pathCost(table, searchLevels(table, links).points);
      expect(pathCost(table, candidates)).toBeLessThanOrEqual(2 * best + 1e-9);
    }
  });
});

describe("splicing", () => {
  it("gives the number of links between two, and costs no more than crossing over can", () => {
    const next = uniformSource("splice");
    let checked = 0;
    for (let draw = 0; draw < 80; draw++) {
      const points = column(draw % 2 === 0 ? "evenly" : "normal", 40, draw + 6000);
      const size = points.values.length;
      const table = tableOf(points);
      const fewest = 1 + below(next, size - 5);
      const most = fewest + 2 + below(next, size - 3 - fewest);
      const few = { points: divideAndConquer(table, fewest), links: fewest };
      const many = { points: divideAndConquer(table, most), links: most };
      for (let links = fewest + 1; links < most; links++) {
        const path = splicePaths(few, many, links);
        expect(path).toHaveLength(links + 1);
        expect([path[0], path[links]]).toEqual([0, size - 1]);
        expect(path.every((point, i) => i === 0 || point > (path[i - 1] ?? 0))).toBe(true);
        // Crossing over makes a second path too, of the number that remains: both together cost no more than before.
        const least = pathCost(table, divideAndConquer(table, fewest + most - links));
        const both = pathCost(table, few.points) + pathCost(table, many.points);
        expect(pathCost(table, path) + least).toBeLessThanOrEqual(both * (1 + 1e-9));
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(300);
  });

  it("is needed, and optimal, where equal spacing makes many numbers of levels tie", () => {
    const size = 41;
    const points: Points = { values: Array.from({ length: size }, (_, i) => i), weights: new Array(size).fill(1) };
    const table = tableOf(points);
    for (let links = 2; links < size - 1; links++) {
      const best = naiveLevels(size, directCost(points), links).cost;
      expect(pathCost(table, searchLevels(table, links).points)).toBe(best);
    }
  });
});

describe("points in far clusters", () => {
  const clusters = (draw: number, distance: number): Points => {
    const next = uniformSource(`far/${draw}`);
    return distinct(Array.from({ length: 50 }, () => distance * below(next, 3) + normal(next)));
  };

  it("a plain table knows that it lost its digits, a precise one has them", () => {
    const next = uniformSource("far");
    for (let draw = 0; draw < 15; draw++) {
      const points = clusters(draw, 1e7);
      const size = points.values.length;
      const positions = Float64Array.from(points.values);
      const weights = Float64Array.from(points.weights);
      const plain = costTable(positions, weights);
      const precise = costTable(positions, weights, true);
      const links = 6 + below(next, 30);
      expect(roundingShare(plain, searchLevels(plain, links).points)).toBeGreaterThan(1e-6);
      const cost = directCost(points);
      for (let i = 0; i < size; i++)
        for (let j = i + 1; j < size; j++)
          if (Math.abs(intervalCost(precise, i, j) - cost(i, j)) > 1e-13 * cost(i, j) + 1e-14) expect.fail(`${i} ${j}`);
      const best = naiveLevels(size, cost, links).cost;
      expect(costOf(points, searchLevels(precise, links).points) / best).toBeCloseTo(1, 10);
      expect(costOf(points, divideAndConquer(precise, links)) / best).toBeCloseTo(1, 10);
    }
  });

  it("solveLevels turns to the precise one by itself; the plain one is the control", () => {
    let worse = 0;
    for (let draw = 0; draw < 15; draw++) {
      const points = clusters(draw, 1e7);
      const cost = directCost(points);
      const best = naiveLevels(points.values.length, cost, 24).cost;
      const { levels } = solveLevels(points.values, { count: 25 });
      const path = Array.from(levels, (level) => points.values.indexOf(level));
      expect(costOf(points, path) / best).toBeCloseTo(1, 10);
      if (costOf(points, searchLevels(tableOf(points), 24).points) > 1.001 * best) worse++;
    }
    expect(worse).toBeGreaterThanOrEqual(5);
  });

  it("smooth columns don't need it", () => {
    for (const name of ["uniform", "normal", "lognormal"]) {
      const table = tableOf(column(name, 3000, 0));
      for (const links of [3, 15, 255])
        expect(roundingShare(table, searchLevels(table, links).points)).toBeLessThan(1e-7);
    }
  });
});

describe("what the search rests on", () => {
  it.each(families)("%s: costs are Monge and the best predecessor never moves down", (name) => {
    for (let draw = 0; draw < 12; draw++) {
      const points = column(name, 24, draw + 3000);
      const size = points.values.length;
      const table = tableOf(points);
      const slack = 1e-13 * intervalCost(table, 0, size - 1);
      const at = (i: number, j: number): number => intervalCost(table, i, j);
      for (let a = 0; a < size; a++)
        for (let b = a; b < size; b++)
          for (let c = b; c < size; c++)
            for (let d = c; d < size; d++)
              if (at(a, c) + at(b, d) > at(a, d) + at(b, c) + slack) expect.fail(`${a} ${b} ${c} ${d}`);
      const row = Array.from({ length: size }, (_, j) => at(0, j));
      let previous = 1;
      for (let j = 3; j < size; j++) {
        const sums = Array.from({ length: j - 1 }, (_, i) => (row[i + 1] ?? 0) + at(i + 1, j));
        // The last among equals: with ties the set of best predecessors moves, and its upper end with it.
        const least = Math.min(...sums);
        const best = sums.findLastIndex((sum) => sum <= least + slack) + 1;
        expect(best).toBeGreaterThanOrEqual(previous);
        previous = best;
      }
    }
  });

  it("whole positions cost whole numbers, exactly", () => {
    const next = uniformSource("exact");
    const size = 400;
    const positions = Float64Array.from({ length: size }, (_, i) => 160 * i + below(next, 160) - 30_000);
    const weights = Float64Array.from({ length: size }, () => below(next, 4000));
    const table = costTable(positions, weights);
    for (let draw = 0; draw < 300; draw++) {
      const i = below(next, size - 1);
      const j = i + 1 + below(next, size - i - 1);
      let sum = 0n;
      for (let t = i; t <= j; t++) {
        const [low, at, high] = [i, t, j].map((point) => BigInt(positions[point] ?? 0)) as [bigint, bigint, bigint];
        sum += BigInt(weights[t] ?? 0) * (high - at) * (at - low);
      }
      expect(BigInt(intervalCost(table, i, j))).toBe(sum);
    }
  });

  it("control: a cost without the Monge property is not minimised", () => {
    const next = uniformSource("broken");
    let worse = 0;
    for (let draw = 0; draw < 50; draw++) {
      const points = column("normal", 40, draw + 4000);
      const table = tableOf(points);
      const { sums } = table;
      // Sums that jump up and down at random are no longer sums of anything.
      for (let i = 0; i < sums.length; i += 4) sums[i + 3] = (sums[i + 3] ?? 0) * (1 + 0.2 * next());
      for (let i = 0; i < sums.length; i += 4) sums[i] = (sums[i] ?? 0) * (1 + 0.5 * next());
      const best = naiveLevels(points.values.length, (i, j) => intervalCost(table, i, j), 8).cost;
      const found = pathCost(table, divideAndConquer(table, 8));
      if (found > best + 1e-9 * Math.abs(best)) worse++;
    }
    expect(worse).toBeGreaterThanOrEqual(10);
  });

  it("control: a level moved by one point is noticed", () => {
    for (let draw = 0; draw < 50; draw++) {
      const points = column("normal", 40, draw + 5000);
      const { points: path } = searchLevels(tableOf(points), 8);
      const best = costOf(points, path);
      const inner = 1 + (draw % 7);
      const moved = path.slice();
      moved[inner] = (moved[inner] ?? 0) + ((path[inner + 1] ?? 0) - (path[inner] ?? 0) > 1 ? 1 : -1);
      expect(costOf(points, moved)).toBeGreaterThan(best * (1 + 1e-9));
    }
  });
});
