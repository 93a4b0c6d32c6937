import { type ChannelQuantizer, createStream, type Quantizer, roundVector } from "@zipml/codec";
import { beforeAll, describe, expect, it } from "vitest";
import { packedEngine } from "../../src/engines/index.ts";
import { clearBatch, createBatch, fillGradient, fillResiduals } from "../../src/train/batch.ts";
import {
  addGuard,
  type Engine,
  type SampleSource,
  type TrainOptions,
  type TrainResult,
  train,
} from "../../src/train/index.ts";
import { createMoments } from "../../src/train/moments.ts";
import { normalEquations } from "../../src/train/normal-equations.ts";
import { standardise } from "../../src/train/standardise.ts";
import { codeBlocks, rangeQuantizer, type SyntheticSet, sourceOf, syntheticSet, valueSource } from "./support/data.ts";
import { allowed, createTally, estimate, note, type Tally } from "./support/statistics.ts";

const batch = 16;
const features = 5;
const rows = 320;

/** An engine that does not descend, and notes the gradient of every row. */
function recording(seen: number[][]): Engine {
  return {
    name: "recording",
    supports: () => true,
    epoch: async ({ source, reader, estimator, streams, weights, spreads }) => {
      const one = createBatch(features, 1, estimator === "double");
      for await (const block of source.blocks()) {
        const read = reader.open(block, streams.coins);
        for (let row = 0; row < block.rows; row++) {
          read(row, one);
          fillResiduals(one, weights);
          const gradient = new Float64Array(features);
          fillGradient(one, weights, spreads, gradient);
          seen.push([...gradient]);
          clearBatch(one);
        }
      }
    },
  };
}

/** An engine that notes the gradient of every mini-batch at the same weights, rows in order, each rounding a stream. */
function stepping(seen: number[][]): Engine {
  return {
    name: "stepping",
    supports: () => true,
    epoch: async ({ source, reader, streams, weights, spreads, guard, modelBits, residualBits, gradientBits }) => {
      const rowsOf = createBatch(features, batch, false);
      for await (const block of source.blocks()) {
        const read = reader.open(block, streams.coins);
        for (let row = 0; row < block.rows; row++) {
          read(row, rowsOf);
          if (rowsOf.rows < batch) continue;
          const model = Float64Array.from(weights);
          roundVector(model, modelBits, streams.model);
          fillResiduals(rowsOf, model);
          roundVector(rowsOf.residuals, residualBits, streams.residual);
          const gradient = new Float64Array(features);
          fillGradient(rowsOf, model, spreads, gradient);
          if (guard !== undefined) addGuard(guard, model, gradient);
          roundVector(gradient, gradientBits, streams.gradient);
          seen.push([...gradient]);
          clearBatch(rowsOf);
        }
      }
    },
  };
}

/** A training so short of steps that it stays at its start, and so reports the variance there. */
function still(start: TrainResult["model"], options: Partial<TrainOptions>) {
  const made = { task: set.task, epochs: 1, average: 0, batch, step: 1e-12, start, variance: true, ...options };
  return train(made as TrainOptions);
}

let set: SyntheticSet;
let start: TrainResult["model"];
let quantizer: Quantizer;
let targets: Float64Array;
beforeAll(async () => {
  set = syntheticSet(features, rows, 77, 0.3);
  quantizer = rangeQuantizer(set.values, set.columns, { bits: 4, samples: 2 }, { bits: 8, samples: 1 });
  targets = set.values.filter((_, at) => at % set.columns === features);
  const { model } = await train({ source: valueSource(set.values, set.columns), task: set.task, epochs: 3 });
  start = model;
});

const codesOf = (draw: number): SampleSource =>
  sourceOf(set.columns, codeBlocks(set.values, quantizer, createStream("test/variance/draws", draw), 100, targets));

/** Exact rows in the units of their own means and deviations, and the variances of one draw of each value. */
function exactRows() {
  const standard = (c: number) => {
    const list = Array.from({ length: rows }, (_, r) => set.values[r * set.columns + c] as number);
    const mean = list.reduce((sum, value) => sum + value, 0) / rows;
    const deviation = Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
    return { mean, deviation };
  };
  const scales = Array.from({ length: set.columns }, (_, c) => standard(c));
  const x = start.features.map(
    ({ weight, deviation }, i) =>
      (weight * start.target.deviation * (scales[i]?.deviation ?? 1)) / deviation / (scales[features]?.deviation ?? 1),
  );
  const at = (r: number, c: number) => set.values[r * set.columns + c] as number;
  const scaled = (r: number, c: number) => (at(r, c) - (scales[c]?.mean ?? 0)) / (scales[c]?.deviation ?? 1);
  return Array.from({ length: rows }, (_, r) => {
    const a = Array.from({ length: features }, (_, i) => scaled(r, i));
    const v = Array.from({ length: features }, (_, i) => {
      const { low, high, intervals } = quantizer.channels[i] as ChannelQuantizer;
      const step = (high - low) / intervals;
      const share = (((at(r, i) - low) / step) % 1) as number;
      return (step * step * share * (1 - share)) / (scales[i]?.deviation ?? 1) ** 2;
    });
    const residual = a.reduce((sum, value, i) => sum + value * (x[i] as number), -scaled(r, features));
    return { a, v, x, residual };
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const meanOf = (values: readonly number[]): number => sum(values) / values.length;
/** Variance of rounding on 2^bits − 1 intervals over ± the largest. */
const roundings = (x: readonly number[], bits: number): number[] => {
  const scale = Math.max(...x.map(Math.abs));
  const step = (2 * scale) / (2 ** bits - 1);
  return x.map((value) => {
    const share = ((value + scale) / step) % 1;
    return step * step * share * (1 - share);
  });
};

/** What reports over many encodings of the same rows come to. */
async function averaged(count: number, options: Partial<TrainOptions>) {
  const tallies = { sgd: createTally(), samples: createTally(), model: createTally() } satisfies Record<string, Tally>;
  for (let draw = 0; draw < count; draw++) {
    const { variance } = await still(start, { source: codesOf(draw), seed: draw, ...options });
    for (const [name, tally] of Object.entries(tallies)) note(tally, variance?.[name as "sgd"] ?? Number.NaN);
  }
  return tallies;
}

describe("a variance report", () => {
  it("of double sampling comes to the formulas over exact rows: SGD, samples and model", async () => {
    const exact = exactRows();
    const x = exact[0]?.x as number[];
    const w = roundings(x, 4);
    const tallies = await averaged(200, { estimator: "double", modelBits: 4 });
    const power = ({ a }: { a: number[] }) => sum(a.map((value) => value * value));
    const mean = x.map((_, i) => meanOf(exact.map(({ a, residual }) => (a[i] as number) * residual)));
    const expected = {
      sgd: (meanOf(exact.map((row) => power(row) * row.residual ** 2)) - sum(mean.map((value) => value ** 2))) / batch,
      samples:
        meanOf(
          exact.map((row) => {
            const seen = sum(row.v.map((value, i) => value * (x[i] as number) ** 2));
            return sum(row.v) * row.residual ** 2 + (power(row) + sum(row.v)) * seen;
          }),
        ) / batch,
      model: sum(
        w.map((value, j) => {
          const column = x.map((_, i) => meanOf(exact.map(({ a }) => (a[i] as number) * (a[j] as number))));
          const norm = sum(column.map((entry) => entry ** 2));
          const own = meanOf(
            exact.map((row) => (power(row) + sum(row.v)) * ((row.a[j] as number) ** 2 + (row.v[j] as number))),
          );
          return value * (norm + (own - norm) / batch);
        }),
      ),
    };
    for (const [name, value] of Object.entries(expected)) {
      const { mean: found } = estimate(tallies[name as "sgd"]);
      expect(Math.abs(found / value - 1), `${name}: ${found} for ${value}`).toBeLessThan(0.03);
    }
    // Twice the variance that the conditional expectation of double adds, but for the cross term.
    const { samples } = await averaged(20, { estimator: "symmetric", diagonal: "row" });
    expect(estimate(samples).mean).toBeLessThan(0.75 * expected.samples);
  });

  const estimators = [
    ["symmetric", { diagonal: "row" }],
    ["symmetric", {}],
    ["double", {}],
  ] as const;
  it.each(estimators)("of %s %j adds up to what gradients of fresh draws show", async (estimator, more) => {
    const exact = exactRows();
    const reported = await averaged(200, { estimator, ...more });
    const total = estimate(reported.sgd).mean + estimate(reported.samples).mean;
    const tally = createTally();
    const mean = (exact[0]?.x ?? []).map((_, i) => meanOf(exact.map(({ a, residual }) => (a[i] as number) * residual)));
    for (let draw = 0; draw < 20; draw++) {
      const seen: number[][] = [];
      const made = { source: codesOf(1000 + draw), estimator, ...more, engine: recording(seen), seed: draw };
      await still(start, { ...made, variance: false });
      for (const gradient of seen) note(tally, sum(gradient.map((value, i) => (value - (mean[i] as number)) ** 2)));
    }
    const seen = estimate(tally);
    expect(Math.abs(seen.mean / batch - total) / total).toBeLessThan(0.05);
  });

  it("of rounding comes to what mini-batches show: model, residuals and gradient (5 standard errors)", async () => {
    const parts = ["model", "residual", "gradient"] as const;
    for (const [at, name] of (["modelBits", "residualBits", "gradientBits"] as const).entries()) {
      const reported = createTally();
      const shown = createTally();
      for (let draw = 0; draw < 120; draw++) {
        const options = { source: codesOf(draw), seed: draw, [name]: 3 };
        const { variance } = await still(start, options);
        note(reported, variance?.[parts[at] as "model"] ?? Number.NaN);
        const [rough, exact]: number[][][] = [[], []];
        await still(start, { ...options, engine: stepping(rough as number[][]), variance: false });
        await still(start, { ...options, [name]: 0, engine: stepping(exact as number[][]), variance: false });
        for (const [b, gradient] of (rough ?? []).entries())
          note(shown, sum(gradient.map((value, i) => (value - (exact?.[b]?.[i] as number)) ** 2)));
      }
      const [said, seen] = [estimate(reported), estimate(shown)];
      expect(seen.mean).toBeGreaterThan(0);
      expect(Math.abs(said.mean - seen.mean) / Math.hypot(said.meanError, seen.meanError), name).toBeLessThan(allowed);
    }
  });

  it("of the engine packed rounds the model in units of codes, as its steps show (5 standard errors)", async () => {
    // Outliers in the first column: its codes are wide against its deviation.
    const wide = set.values.map((value, at) => (at % set.columns === 0 && at / set.columns < 8 ? 5 * value : value));
    const skewed = rangeQuantizer(wide, set.columns, { bits: 4, samples: 2 }, { bits: 8, samples: 1 });
    const source = sourceOf(set.columns, codeBlocks(wide, skewed, createStream("test/variance/wide")));
    const made = { source, modelBits: 3, batch: rows, schedule: "constant" as const, step: 0.01 };
    const engine = packedEngine({ threads: 1 });
    const moved: number[][] = [];
    for (let seed = 0; seed < 200; seed++) {
      const { model } = await still(start, { ...made, engine, seed, variance: false });
      moved.push(model.features.map(({ weight }) => weight / 0.01));
    }
    const said = (await still(start, { ...made, engine })).variance?.model ?? 0;
    await engine.close();
    const middle = Array.from({ length: features }, (_, i) => meanOf(moved.map((weights) => weights[i] as number)));
    const tally = createTally();
    for (const weights of moved) note(tally, sum(weights.map((weight, i) => (weight - (middle[i] as number)) ** 2)));
    const seen = estimate(tally);
    const mean = (seen.mean * moved.length) / (moved.length - 1);
    expect(Math.abs(mean - said) / seen.meanError).toBeLessThan(allowed);
    // The control: in standardised units, as the reference rounds it, that is another number.
    const reference = (await still(start, made)).variance?.model ?? 0;
    expect(Math.abs(mean - reference) / seen.meanError).toBeGreaterThan(allowed);
  });

  it("of more features than a matrix is formed for comes to the same by probing it", async () => {
    const wide = syntheticSet(520, 1200, 5);
    const grid = rangeQuantizer(wide.values, wide.columns, { bits: 4, samples: 2 }, { bits: 8, samples: 1 });
    const source = sourceOf(wide.columns, codeBlocks(wide.values, grid, createStream("test/variance/many"), 400));
    const made = { source, task: wide.task, epochs: 1, average: 0, step: 1e-12, variance: true, batch: 1200 };
    const first = (await train({ source, task: wide.task, epochs: 2 })).model;
    const { variance } = await train({ ...made, start: first, modelBits: 3 });
    const moments = createMoments(grid);
    for await (const block of source.blocks()) moments.add(block);
    const summary = moments.summary();
    const { scaling } = standardise(summary, wide.task);
    const { matrix } = normalEquations(summary, scaling);
    const again = (await train({ ...made, start: first })).model.features.map(({ weight }) => weight);
    const w = roundings(again, 3);
    let mean = 0; // of the matrix alone; the rows' own part is 1/1200 of theirs, which the noise of the matrix has too
    for (let i = 0; i < 520; i++)
      for (let j = 0; j < 520; j++) mean += (w[j] as number) * (matrix[i * 520 + j] as number) ** 2;
    expect(Math.abs((variance?.model ?? 0) / mean - 1)).toBeLessThan(0.15);
  });
});
