import { createQuantizer, createStream, defineSchema, GridError, uniformGrid } from "@zipml/codec";
import { levelVariance, solveLevels } from "@zipml/codec/levels";
import { describe, expect, it } from "vitest";
import { encodeRows, taskOf } from "../../src/data/index.ts";
import { optimalGrid } from "../../src/data/optimal-grid.ts";
import { leastSquares, train, weightsOf } from "../../src/train/index.ts";

const stream = createStream("test/optimal-grid");

/** Rows of a skewed, a constant and a two-valued column, then the target. */
function skewedRows(rows: number): Float64Array {
  const values = new Float64Array(rows * 4);
  for (let r = 0; r < rows; r++) {
    const skewed = -Math.log(stream.uniform());
    values.set([skewed, 5, r % 2, (r % 2) + 40 * stream.uniform()], r * 4);
  }
  return values;
}

const names = ["skewed", "constant", "binary", "y"];
const values = skewedRows(3000);
const column = (c: number) => Float64Array.from({ length: 3000 }, (_, r) => values[r * 4 + c] ?? 0);

function schemaOf() {
  return defineSchema(
    names.map((name, c) => {
      const readings = column(c);
      const range = [readings.reduce((a, b) => Math.min(a, b)), readings.reduce((a, b) => Math.max(a, b))] as const;
      return { name, unit: "", range, role: c === 3 ? ("target" as const) : ("feature" as const) };
    }),
  );
}

describe("optimalGrid", () => {
  const schema = schemaOf();
  const uniform = uniformGrid(schema, { epoch: 7 });
  const grid = optimalGrid(schema, uniform, values, 4);

  it("keeps epoch, widths, draws and ends, and has the least variance between them", () => {
    expect(grid).toMatchObject({ epoch: 7, scheme: "count", coding: "packed" });
    expect(grid.channels.map(({ bits, samples }) => [bits, samples])).toEqual([
      [4, 2],
      [4, 2],
      [4, 2],
      [8, 1],
    ]);
    const [skewed] = grid.channels;
    if (skewed?.levels.kind !== "points") throw new Error("no points");
    const { points } = skewed.levels;
    expect([points[0], points.at(-1)]).toEqual(schema.channels[0]?.range);
    const best = solveLevels(column(0), { count: 8 });
    expect(levelVariance(column(0), points)).toBeCloseTo(best.variance, 12);
    expect(best.uniformVariance / best.variance).toBeGreaterThan(3);
  });

  it("leaves a constant column as it is, and gives one of few values just these", () => {
    expect(grid.channels[1]).toEqual(uniform.channels[1]);
    expect(grid.channels[2]?.levels).toEqual({ kind: "points", points: [0, 1] });
  });

  it("is unbiased: the mean of many draws is the reading, to five standard errors", () => {
    const quantizer = createQuantizer(grid);
    const row = [...values.subarray(0, 4)];
    const draws = 20_000;
    const { codes } = quantizer.encode(
      Float64Array.from({ length: 4 * draws }, (_, i) => row[i % 4] ?? 0),
      createStream("test/optimal-grid/draws"),
    );
    const means = new Float64Array(codes.length);
    quantizer.meansInto(codes, means);
    for (const [c, exact] of row.entries()) {
      let sum = 0;
      let squares = 0;
      for (let r = 0; r < draws; r++) {
        const off = (means[r * 4 + c] ?? 0) - exact;
        sum += off;
        squares += off * off;
      }
      const standardError = Math.sqrt(squares / draws / draws);
      expect(Math.abs(sum / draws)).toBeLessThanOrEqual(5 * standardError + 1e-12);
    }
  });

  it("is refused where steps must be equal", () => {
    const dithered = uniformGrid(schema, { scheme: "dither", samples: 1, targetBits: 8 });
    expect(() => optimalGrid(schema, dithered, values, 4)).toThrow(GridError);
  });
});

describe("encodeRows with optimal levels", () => {
  const options = { bits: 4, samples: 2, targetBits: 8, seed: 1 };

  it("clips nothing and takes the same bytes", () => {
    const uniform = encodeRows({ names, values }, options);
    const optimal = encodeRows({ names, values }, { ...options, levels: "optimal" });
    expect([optimal.clipped, optimal.bytes]).toEqual([0, uniform.bytes]);
  });

  it("moves the weight of a skewed column less, where it explains little", async () => {
    const part = values.subarray(0, 4 * 1500);
    const task = taskOf(names);
    const exact = weightsOf(leastSquares(part, 4, task)).weights["skewed"] ?? Number.NaN;
    const off = async (levels: "uniform" | "optimal") => {
      let sum = 0;
      for (let seed = 0; seed < 40; seed++) {
        const { source } = encodeRows({ names, values: part }, { ...options, targetBits: 0, levels, seed });
        const { model } = await train({ source, task, estimator: "symmetric", solver: "closed-form" });
        sum += ((weightsOf(model).weights["skewed"] ?? Number.NaN) - exact) ** 2;
      }
      return sum;
    };
    expect(await off("optimal")).toBeLessThan((await off("uniform")) / 1.5);
  });
});
