import { createStream, levelPoints, type Quantizer, type Stream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { clearBatch, createBatch, fillGradient } from "../../src/train/batch.ts";
import type { EpochContext } from "../../src/train/engine.ts";
import { createRefetching, type ExactRows, exactTable, type Refetching } from "../../src/train/exact-rows.ts";
import { type MarginLoss, marginLossOf } from "../../src/train/losses.ts";
import { createRefetchMargins } from "../../src/train/refetch-margins.ts";
import {
  createSketch,
  isOpenByIntervals,
  isOpenBySketch,
  isOpenByWidths,
  marginBounds,
} from "../../src/train/refetch-rules.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import type { CodeBlock } from "../../src/train/samples.ts";
import { createStreams } from "../../src/train/streams.ts";
import { gaussian, levelledOf, same, taskOf } from "./support/data.ts";
import { allowed, createTally, note, type Tally, worstError } from "./support/statistics.ts";

const hinge = marginLossOf("hinge") as MarginLoss;

/** n features and a target on [−1, 1]; `intervals` equal intervals, one draw. */
function intervalGrid(size: number, intervals: number): Quantizer {
  const points = [...levelPoints({ kind: "uniform", low: -1, high: 1 }, intervals)];
  const levels = { kind: "points" as const, points };
  return levelledOf(same(size + 1, { bits: Math.ceil(Math.log2(2 * intervals)), samples: 1, levels }), "interval");
}

/** Every row as often as told, with draws of its own each time. */
function drawn(rows: readonly (readonly number[])[], times: number, quantizer: Quantizer, draws: Stream): CodeBlock {
  const repeated = rows.flatMap((row) => Array.from({ length: times }, () => row));
  const { codes } = quantizer.encode(repeated.flat(), draws);
  return { kind: "codes", rows: repeated.length, quantizer, codes };
}

/** Readings as they are: no standardisation. */
function contextOf(size: number, refetch: Refetching): Omit<EpochContext, "source" | "weights"> {
  const scaling = {
    rows: refetch.asked.length,
    means: new Float64Array(size),
    deviations: new Float64Array(size).fill(1),
    spreads: new Float64Array(size),
    targetMean: 0,
    targetDeviation: 1,
  };
  const task = taskOf(size);
  const objective = { regularizer: undefined, margin: hinge, polynomial: undefined, refetch, threshold: 0 };
  return {
    task,
    estimator: "refetch",
    scaling,
    reader: createRowReader({ estimator: "refetch", task, scaling, rowSpreads: false }),
    epoch: 1,
    step: 1,
    batch: 1,
    spreads: undefined,
    guard: undefined,
    objective,
    modelBits: 0,
    residualBits: 0,
    gradientBits: 0,
    streams: createStreams("refetch", 1),
    seed: "refetch",
    trail: undefined,
    signal: undefined,
  };
}

/** Readings uniform on [−1, 1], weights of norm 2, labels as the weights decide: the reference's set-up. */
function uniformSet(size: number, rows: number) {
  const stream = createStream(`test/refetch/${size}`);
  const direction = Float64Array.from({ length: size }, () => gaussian(stream));
  const norm = Math.hypot(...direction);
  const x = Float64Array.from([...direction.map((value) => (2 * value) / norm), 0]);
  const readings = Array.from({ length: rows }, () => Array.from({ length: size }, () => 2 * stream.uniform() - 1));
  const decisionOf = (row: readonly number[]): number => row.reduce((sum, a, i) => sum + a * (x[i] as number), 0);
  const rowsWithLabel = readings.map((row) => [...row, Math.sign(decisionOf(row))]);
  return { x, rows: rowsWithLabel, decisionOf };
}

describe("how often rows are left open: n = 50, readings uniform, weights of norm 2", () => {
  const size = 50;
  const rows = 2000;
  const set = uniformSet(size, rows);

  it.each([
    [15, 0.68, 0.97],
    [63, 0.17, 0.34],
    [255, 0.042, 0.08],
  ])("at %i intervals %d by the intervals, %d by the l1 rule", async (intervals, byIntervals, byWidths) => {
    const quantizer = intervalGrid(size, intervals);
    const block = drawn(set.rows, 1, quantizer, createStream("test/refetch/draws"));
    const refetching = createRefetching(exactTable(Float64Array.from(set.rows.flat()), size + 1), rows);
    const batch = createBatch(size, rows, false);
    const margins = createRefetchMargins(contextOf(size, refetching), batch);
    const read = margins?.open(block);
    for (let r = 0; r < rows; r++) read?.(r, batch);
    const means = batch.left.slice();
    await margins?.prepare?.(set.x);
    const { decisions, undecided, missing } = refetching.tally;
    expect([decisions, missing]).toEqual([rows, 0]);
    const near = (share: number, expected: number): void => {
      const error = Math.sqrt((expected * (1 - expected)) / rows);
      expect(Math.abs(share - expected)).toBeLessThan(allowed * error + 0.015 * expected);
    };
    near(undecided / rows, byIntervals);
    const widths = new Float64Array(size).fill(2 / intervals);
    const open = set.rows.filter((row, r) =>
      isOpenByWidths(means.subarray(r * size, (r + 1) * size), widths, set.x, row.at(-1) ?? 1),
    );
    near(open.length / rows, byWidths);
    // From the draws alone nothing is certain that is not from the intervals: the l1 rule fires wherever these do.
    for (const [r, row] of set.rows.entries()) if (refetching.asked[r] === 1) expect(open.includes(row)).toBe(true);
  });

  it("by sketches nearly always, though a row's sketch takes as many numbers as the row", () => {
    const sketch = createSketch(size, size, createStream("test/refetch/signs"));
    const tolerance = 3 * Math.sqrt(2 / size);
    const model = { sketch: sketch.of(set.x), norm: 2 };
    const open = set.rows.filter((row) => {
      const norm = Math.hypot(...row.slice(0, size));
      return isOpenBySketch({ sketch: sketch.of(row), norm }, model, row.at(-1) ?? 1, tolerance);
    });
    expect(open.length / rows).toBeGreaterThan(0.95);
  });
});

describe("createSketch", () => {
  it("keeps inner products: unbiased, with variance at most 2‖a‖²‖x‖²/r", () => {
    const [a, x] = [
      [1, -2, 0.5, 3],
      [0.3, 0.1, -1, 0.2],
    ] as const;
    const product = a.reduce<number>((sum, value, i) => sum + value * (x[i] ?? 0), 0);
    const tally = createTally();
    const signs = createStream("test/refetch/sketches");
    const [r, count] = [8, 2000];
    let squared = 0;
    for (let i = 0; i < count; i++) {
      const sketch = createSketch(r, 4, signs);
      const right = sketch.of(x);
      const estimate = sketch.of(a).reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
      note(tally, estimate);
      squared += (estimate - product) ** 2;
    }
    expect(worstError([tally], [product])).toBeLessThan(allowed);
    expect(squared / count).toBeLessThan((1.1 * 2 * (Math.hypot(...a) * Math.hypot(...x)) ** 2) / r);
  });
});

describe("a decision by intervals", () => {
  const size = 6;
  const set = uniformSet(size, 60);
  const draws = 100;

  it("is the same for 100 draws of a reading", async () => {
    const block = drawn(set.rows, draws, intervalGrid(size, 15), createStream("test/refetch/same"));
    const asked: number[] = [];
    const exact: ExactRows = {
      fetch: async (numbers) => {
        asked.push(...numbers);
        return numbers.map((number) => set.rows[Math.floor(number / draws)]);
      },
    };
    const batch = createBatch(size, block.rows, false);
    const margins = createRefetchMargins(contextOf(size, createRefetching(exact, block.rows)), batch);
    const read = margins?.open(block);
    for (let r = 0; r < block.rows; r++) read?.(r, batch);
    await margins?.prepare?.(set.x);
    margins?.fillResiduals(set.x);
    const counts = set.rows.map((_, row) => asked.filter((number) => Math.floor(number / draws) === row).length);
    expect(new Set(counts)).toEqual(new Set([0, draws]));
    // And it is right: the slope of every row, open or not, is that of the exact row.
    for (const [row, readings] of set.rows.entries()) {
      const label = readings.at(-1) ?? 1;
      const slope = hinge.slope(label * set.decisionOf(readings.slice(0, size)));
      for (let r = row * draws; r < (row + 1) * draws; r++) expect(batch.residuals[r]).toBe(label * slope);
    }
  });

  it("takes what clips as its end interval", () => {
    const quantizer = intervalGrid(1, 4);
    const ends = (value: number) =>
      quantizer.channels[0]?.ends?.(quantizer.encode([value, 0], createStream("test/refetch/clip")).codes[0] as number);
    expect([ends(7), ends(1), ends(-3)]).toEqual([
      [0.5, 1],
      [0.5, 1],
      [-1, -0.5],
    ]);
  });
});

/** A row whose margin is certainly below 1, not by much: draws that look one interval up leave it open. */
describe("the updates that remain", () => {
  const a = [0.43, -0.61, 0.2];
  const size = a.length;
  const label = 1;
  const x = Float64Array.of(0.8, -0.6, 0.4, 0);
  const intervals = 8;
  const width = 2 / intervals;
  const times = 8_000;
  const expected = a.map((value) => -label * value);
  const points = [...levelPoints({ kind: "uniform", low: -1, high: 1 }, intervals)];
  const merged = levelledOf(same(size + 1, { bits: 4, samples: 1, levels: { kind: "points", points } }));

  function tallied(gradientOf: (r: number, into: Float64Array) => void): Tally[] {
    const tallies = a.map(createTally);
    const gradient = new Float64Array(size);
    for (let r = 0; r < times; r++) {
      gradientOf(r, gradient);
      for (const [i, tally] of tallies.entries()) note(tally, gradient[i] as number);
    }
    return tallies;
  }

  it("are unbiased, by 5 standard errors, and asked for nothing", async () => {
    const block = drawn([[...a, label]], times, intervalGrid(size, intervals), createStream("test/refetch/unbiased"));
    const refetching = createRefetching(exactTable(new Float64Array(0), size + 1), times);
    const batch = createBatch(size, 1, false);
    const margins = createRefetchMargins(contextOf(size, refetching), batch);
    const read = margins?.open(block);
    const gradients = new Float64Array(times * size);
    for (let r = 0; r < times; r++) {
      read?.(r, batch);
      await margins?.prepare?.(x);
      margins?.fillResiduals(x);
      fillGradient(batch, x.subarray(0, size), undefined, gradients.subarray(r * size, (r + 1) * size));
      clearBatch(batch);
    }
    const tallies = tallied((r, into) => into.set(gradients.subarray(r * size, (r + 1) * size)));
    expect(worstError(tallies, expected)).toBeLessThan(allowed);
    expect(refetching.tally).toMatchObject({ decisions: times, undecided: 0, missing: 0 });
  });

  /** The draws decide whether the exact row or they themselves give the gradient. */
  function biased(isOpen: (drawn: Float64Array) => boolean): Tally[] {
    const { codes } = drawn([[...a, label]], times, merged, createStream("test/refetch/merged"));
    const means = new Float64Array(codes.length);
    merged.meansInto(codes, means);
    return tallied((r, into) => {
      const row = means.subarray(r * (size + 1), r * (size + 1) + size);
      for (let i = 0; i < size; i++) into[i] = -label * (isOpen(row) ? (a[i] as number) : (row[i] as number));
    });
  }

  it("are biased with the merged code, which hides the interval: rejected", () => {
    // u = 0 in interval j, as well as u = 1 in the one below it: taken for j, and the top code for the last.
    const lower = (drawnValue: number): number => Math.min(drawnValue, 1 - width);
    const tallies = biased((row) => {
      const lows = row.map(lower);
      const highs = lows.map((low) => low + width);
      return isOpenByIntervals(marginBounds(lows, highs, x, label));
    });
    expect(worstError(tallies, expected)).toBeGreaterThan(allowed);
  });

  it("are biased with the l1 rule on the draws: rejected", () => {
    // Some draws of the row are further than the widths from 1, others are not.
    const tallies = biased((row) => isOpenByWidths(row, new Float64Array(size).fill(width), x, label));
    expect(worstError(tallies, expected)).toBeGreaterThan(allowed);
  });
});
