import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Descent } from "../src/reproduce/descent.ts";
import { epochsTo, lastLoss, settledLoss } from "../src/reproduce/descent.ts";
import { predictedShrinkage } from "../src/reproduce/experiments/naive-bias.ts";
import { refetchRates } from "../src/reproduce/experiments/refetch.ts";
import { experiments } from "../src/reproduce/experiments.ts";
import { lossRange } from "../src/reproduce/plots.ts";
import type { ReproductionReport } from "../src/reproduce/report.ts";
import { generatedSet, syntheticSet } from "../src/reproduce/sets/generated.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

async function report(...args: string[]): Promise<ReproductionReport> {
  const { code, out, err } = await zipml("reproduce", "--quick", ...args, "--json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out);
}

const timeless = ({ seconds: _, ...rest }: ReproductionReport) => rest;

describe("zipml reproduce", () => {
  it("writes one page that needs nothing beside it, and the figures as JSON", async () => {
    const folder = join(await temporaryFolder(), "made", "for", "it");
    const { code, out, err } = await zipml("reproduce", "--quick", "--only", "figure3", "--out", folder);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("3 of 3 claims hold, 0 do not");
    const page = await readFile(join(folder, "reproduce.html"), "utf8");
    expect(page).toContain("<h2>Figure 3: Optimal levels on a density</h2>");
    expect(page.match(/src="data:image\/svg\+xml;base64,/g)).toHaveLength(2);
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/);
    const written: ReproductionReport = JSON.parse(await readFile(join(folder, "reproduce.json"), "utf8"));
    expect(Object.keys(written)).toEqual(["name", "quick", "seed", "experiments", "seconds"]);
    const [first] = written.experiments;
    expect(first?.figures.map(({ title }) => title)).toEqual([
      "two humps: density and levels",
      "lognormal: density and levels",
    ]);
    expect(Array.isArray(first?.figures[0]?.series[0]?.y)).toBe(true);
    expect(first?.notes.join(" ")).toContain("cadata/cadata.csv.gz needs --data-folder");
  });

  it("repeats to the bit by its seed, and differs by another", async () => {
    const one = timeless(await report("--only", "figure3"));
    expect(timeless(await report("--only", "figure3"))).toEqual(one);
    expect(timeless(await report("--only", "figure3", "--seed", "2")).experiments).not.toEqual(one.experiments);
  });

  it("tells what a data folder lacks", async () => {
    const folder = await temporaryFolder();
    const {
      experiments: [only],
    } = await report("--only", "figure3", "--data-folder", folder);
    expect(only?.notes.join(" ")).toContain("cadata/cadata.csv.gz is not in the data folder");
  });

  it.each([
    [["--only", "figure33"], 'there is no experiment "figure33"; did you mean "figure3"?'],
    [["--only", ","], "--only must be names separated by commas"],
    [["--data-folder", "/nowhere/at/all"], "--data-folder /nowhere/at/all is no folder"],
    [["--seed", "-1"], "--seed must be a whole number from 0"],
    [["--out", "FILE"], "can't write"],
  ])("%j is one line and exit code 2", async (args, message) => {
    const file = await put(await temporaryFolder(), "file", "");
    const given = args.map((arg) => (arg === "FILE" ? file : arg));
    const { code, out, err } = await zipml("reproduce", "--quick", ...given);
    expect([code, out, err.split("\n").length]).toEqual([2, "", 2]);
    expect(err).toContain(message);
  });

  it("knows every experiment of the paper on linear models", async () => {
    const { code, out } = await zipml("reproduce", "--help");
    expect(code).toBe(0);
    const wanted =
      "figure3 figure4 figure5 figure6 figure7a figure8 naive-bias bits-features nonlinear refetch tomography";
    for (const id of wanted.split(" ")) expect(out).toContain(id);
    expect(experiments.map(({ id }) => id).sort()).toEqual(wanted.split(" ").sort());
    expect(experiments.filter(({ isTimed }) => isTimed).map(({ id }) => id)).toEqual(["figure5"]);
  });
});

describe("generatedSet", () => {
  it("is synthetic 100 as the project defines it: R² 0.91, features uniform on [−1, 1]", () => {
    const { train } = syntheticSet(5, 1, 20_000);
    const width = 6;
    const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
    for (const [i, value] of train.values.entries()) {
      sums[i % width] = (sums[i % width] as number) + value;
      squares[i % width] = (squares[i % width] as number) + value * value;
    }
    for (let c = 0; c < 5; c++) {
      expect(Math.abs((sums[c] as number) / 20_000)).toBeLessThan(5 * Math.sqrt(1 / 3 / 20_000));
      expect(Math.abs((squares[c] as number) / 20_000 - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / 20_000));
    }
  });

  it("with classes has labels ±1, both often; other seeds give other rows", () => {
    const options = { name: "c", features: 4, rows: 1000, testRows: 500, seed: 1, isClasses: true } as const;
    const { train, test } = generatedSet(options);
    const labels = Array.from({ length: 1000 }, (_, r) => train.values[r * 5 + 4]);
    expect(new Set(labels)).toEqual(new Set([-1, 1]));
    expect(Math.abs(labels.filter((label) => label === 1).length - 500)).toBeLessThan(100);
    expect(test.values).toHaveLength(500 * 5);
    expect(generatedSet(options).train.values).toEqual(train.values);
    expect(generatedSet({ ...options, seed: 2 }).train.values).not.toEqual(train.values);
  });
});

describe("what the experiments count with", () => {
  const descent = (losses: readonly number[], diverged?: number): Descent => ({
    ...{ losses, diverged, model: undefined, step: 1, warnings: [] },
  });

  it("epochs to a loss by straight line, last and settled losses, a range that shows the ends", () => {
    expect(epochsTo(descent([1, 0.5, 0.1]), 0.75)).toBe(0.5);
    expect(epochsTo(descent([1, 0.5, 0.1]), 0.5)).toBe(1);
    expect(epochsTo(descent([1, 0.5]), 0.2)).toBeUndefined();
    expect(lastLoss(descent([1, 0.5, 0.1]))).toBe(0.1);
    expect(lastLoss(descent([1], 1))).toBe(Number.POSITIVE_INFINITY);
    expect(settledLoss(descent([1, 0.5, 0.3, 0.2, 0.4]))).toBeCloseTo(0.3, 12);
    const line = (y: readonly number[]) => ({ kind: "line", name: "a", x: y, y }) as const;
    expect(lossRange([line([1, 0.2, 0.1]), line([1, 0.4, 0.3])])).toEqual([0.098, expect.closeTo(0.33, 12)]);
    expect(lossRange([line([1, 1])])[1]).toBeGreaterThan(0.98);
  });

  it("predicts the naive point as rounding's average variance does, summed over values", () => {
    for (const bits of [2, 3, 5]) {
      const step = 2 / (2 ** bits - 1);
      const cells = 100_000;
      let variance = 0;
      for (let i = 0; i < cells; i++) {
        const within = (((i + 0.5) / cells) * 2) % step;
        variance += (within * (step - within)) / cells;
      }
      expect(predictedShrinkage(bits)).toBeCloseTo(1 / 3 / (1 / 3 + variance), 4);
    }
  });

  it("refetch rates: about 70, 17 and 4 % by intervals, fewer than by the l1 rule, and no wrong sign", () => {
    const rates = refetchRates(4000, 3);
    // 5 standard errors of a share of 4,000 rows are 4 points at most.
    for (const [i, expected] of [0.7, 0.173, 0.043].entries())
      expect(Math.abs((rates[i]?.interval ?? 0) - expected)).toBeLessThan(0.04);
    for (const { interval, l1, intervalWrong, l1Wrong } of rates) {
      expect(interval).toBeLessThan(l1);
      expect([intervalWrong, l1Wrong]).toEqual([0, 0]);
    }
  });
});
