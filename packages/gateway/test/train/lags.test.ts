import { createQuantizer, createStream, ditherPlace, type Quantizer } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CodeBlock,
  createLagged,
  type DecodedBlock,
  layOutLags,
  leastSquares,
  rowsWithHistory,
  type SampleBlock,
  type Task,
  train,
  weightsOf,
} from "../../src/train/index.ts";
import { ditheredOf, gaussian, quantizerOf, sourceOf } from "./support/data.ts";
import { allowed, createTally, note, worstError } from "./support/statistics.ts";

const code = (value: string) => expect.objectContaining({ code: value });
const column = (name: string, at: number) => ({ name, unit: "K", column: at });
/** Two features, a target of its own. */
const plain: Task = { features: [column("a", 0), column("b", 1)], target: column("y", 2) };
/** A target that is a feature too. */
const own: Task = { features: [column("y", 0)], target: column("y", 0) };

describe("layout of lagged rows", () => {
  it("gives every feature its lags, and a target that is a feature only these", () => {
    const layout = layOutLags(plain, 2);
    expect(layout.task.features.map(({ name }) => name)).toEqual(["a", "a@-1", "a@-2", "b", "b@-1", "b@-2"]);
    expect(layout.task.features[4]).toEqual({ name: "b@-1", unit: "K", column: 4 });
    expect(layout.task.target).toEqual(column("y", 6));
    expect(layout.columns).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(layout.steps).toEqual([0, 1, 2, 0, 1, 2, 0]);
    const auto = layOutLags(own, 3);
    expect(auto.task.features.map(({ name }) => name)).toEqual(["y@-1", "y@-2", "y@-3"]);
    expect([auto.columns, auto.steps]).toEqual([
      [0, 0, 0, 0],
      [1, 2, 3, 0],
    ]);
  });

  it("refuses what can't be", () => {
    for (const lags of [0, -1, 1.5, 129, Number.NaN]) expect(() => layOutLags(plain, lags)).toThrow(code("options"));
    const twice = { ...plain, features: [column("a", 0), column("a@-1", 1)] };
    expect(() => layOutLags(twice, 1)).toThrow(code("options"));
    expect(() => layOutLags({ ...plain, features: [column("a".repeat(62), 0)] }, 1)).toThrow(/more than 64/);
    expect(() => layOutLags({ ...plain, features: [] }, 1)).toThrow(code("options"));
  });
});

describe("rows with history", () => {
  it("are those with L rows before them in their run", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6)), fc.integer({ min: 1, max: 4 }), (runs, lags) => {
        const runOf = runs.flatMap((length, run) => Array.from({ length }, () => run));
        const expected = [...runOf.keys()].filter((row) => row >= lags && runOf[row - lags] === runOf[row]);
        expect([...rowsWithHistory(runs, lags)]).toEqual(expected);
      }),
    );
  });
});

const counted = quantizerOf([
  { low: -4, high: 4, bits: 3, samples: 2 },
  { low: -5, high: 4, bits: 4, samples: 3 },
  { low: -4, high: 6, bits: 8, samples: 1 },
]);
const dithered = ditheredOf([
  { low: -4, high: 4, bits: 3 },
  { low: -5, high: 4, bits: 2 },
  { low: -4, high: 6, bits: 8 },
]);

describe("lagged blocks", () => {
  const layout = layOutLags(plain, 2);
  const rows = Uint32Array.of(5, 2, 9);
  const numbers = Float64Array.from({ length: 30 }, (_, i) => i);
  /** What the definition gives: reading c of s rows before is number 3·(row − s) + c. */
  const expected = [...rows].flatMap((row) => layout.columns.map((c, i) => 3 * (row - (layout.steps[i] ?? 0)) + c));

  it("hold codes, means and values as they are, under the grid's own channels", () => {
    const lag = createLagged(layout);
    const values = lag({ kind: "values", rows: 10, values: numbers }, rows);
    expect(values).toEqual({ kind: "values", rows: 3, values: Float64Array.from(expected) });
    const decoded = lag({ kind: "decoded", rows: 10, quantizer: dithered, means: numbers }, rows) as DecodedBlock;
    expect(decoded.means).toEqual(Float64Array.from(expected));
    const codes = { kind: "codes", rows: 10, quantizer: counted, codes: Uint16Array.from(numbers) } as const;
    const block = lag(codes, rows) as CodeBlock;
    expect(block.codes).toEqual(Uint16Array.from(expected));
    expect(block.quantizer.channels.map(({ top }) => top)).toEqual([6, 6, 6, 15, 15, 15, 255]);
    expect((lag(codes, rows) as CodeBlock).quantizer).toBe(block.quantizer);
    // of a quantizer that itself covers some channels in another order
    const turned = createQuantizer(counted.grid, [2, 0, 1]);
    const other = lag({ ...codes, quantizer: turned }, rows) as CodeBlock;
    expect(other.quantizer.columns).toEqual([2, 2, 2, 0, 0, 0, 1]);
  });

  it("keep raw targets beside codes", () => {
    const two = createQuantizer(counted.grid, [0, 1]);
    const targets = Float64Array.from({ length: 10 }, (_, row) => 100 + row);
    const codes = Uint16Array.from({ length: 20 }, (_, i) => i);
    const block = createLagged(layout)({ kind: "codes", rows: 10, quantizer: two, codes, targets }, rows) as CodeBlock;
    expect(block.targets).toEqual(Float64Array.of(105, 102, 109));
    expect(block.quantizer.columns).toEqual([0, 0, 0, 1, 1, 1]);
    expect([...block.codes.subarray(0, 6)]).toEqual([10, 8, 6, 11, 9, 7]);
  });

  it("refuse a row without history", () => {
    for (const row of [1, 10])
      expect(() => createLagged(layout)({ kind: "values", rows: 10, values: numbers }, Uint32Array.of(row))).toThrow(
        code("rows"),
      );
  });
});

/** A slow series, as sensors have: its steps are small beside the quantizer's. */
function series(length: number, seed: number, first: number, second: number, noise: number): Float64Array {
  const stream = createStream(`test/lags/${seed}`);
  const values = new Float64Array(length);
  let [a, b] = [0, 0];
  for (let t = -200; t < length; t++) {
    const next = first * a + second * b + noise * gaussian(stream);
    [b, a] = [a, next];
    if (t >= 0) values[t] = next;
  }
  return values;
}

const lags = 3;
const slow = series(40, 1, 0.97, 0, 0.12).map((value) => Math.min(Math.max(value, -3.9), 3.9));
const autoregression = layOutLags(own, lags);

/** Σ over rows of the unbiased products of all pairs of columns of a lagged row. */
function products(block: SampleBlock, squares: "corrected" | "plain" = "corrected"): number[] {
  const width = lags + 1;
  const sums = new Array<number>(width * width).fill(0);
  const at = (row: number, c: number): readonly [mean: number, d: number] => {
    if (block.kind === "values") return [block.values[row * width + c] ?? 0, 0];
    const channel = block.quantizer.channels[c];
    if (block.kind === "decoded") return [block.means[row * width + c] ?? 0, channel?.spread(0) ?? 0];
    const one = block.codes[row * width + c] ?? 0;
    return [channel?.mean(one) ?? 0, channel?.spread(one) ?? 0];
  };
  for (let row = 0; row < block.rows; row++)
    for (let i = 0; i < width; i++)
      for (let j = 0; j < width; j++) {
        const [mi, d] = at(row, i);
        const product = mi * at(row, j)[0] - (i === j && squares === "corrected" ? d : 0);
        sums[i * width + j] = (sums[i * width + j] ?? 0) + product;
      }
  return sums;
}

const rows = rowsWithHistory([slow.length], lags);
const exact = products(createLagged(autoregression)({ kind: "values", rows: slow.length, values: slow }, rows));

type Encode = (quantizer: Quantizer, repeat: number) => SampleBlock;

/** Largest distance of the mean product from the exact one over many encodings, in standard errors. */
function bias(quantizer: Quantizer, encode: Encode, squares?: "plain"): number {
  const tallies = exact.map(createTally);
  const lag = createLagged(autoregression);
  for (let repeat = 0; repeat < 1000; repeat++) {
    const found = products(lag(encode(quantizer, repeat), rows), squares);
    for (const [i, tally] of tallies.entries()) note(tally, (found[i] ?? 0) - (exact[i] ?? 0));
  }
  return worstError(tallies, new Float64Array(exact.length));
}

const one = { low: -4, high: 4, bits: 3 };
const countOne = quantizerOf([{ ...one, samples: 2 }]);
const ditherOne = ditheredOf([one]);
const rowsOf = slow.length;

const drawn: Encode = (quantizer, repeat) => {
  const { codes } = quantizer.encode(slow, createStream("test/lags/draws", repeat));
  return { kind: "codes", rows: rowsOf, quantizer, codes };
};
/** Every row with the words of the first. */
const redrawn: Encode = (quantizer, repeat) => {
  const codes = Uint16Array.from(slow, (value) => {
    const [own = 0] = quantizer.encode([value], createStream("test/lags/draws", repeat)).codes;
    return own;
  });
  return { kind: "codes", rows: rowsOf, quantizer, codes };
};
const placeOf = (quantizer: Quantizer, sequence: number) => {
  const place = ditherPlace(quantizer.grid, { device: "a", session: 1, sequence });
  if (place === undefined) throw new Error("no dither");
  return place;
};
const ditheredRows: Encode = (quantizer, repeat) => {
  const place = placeOf(quantizer, repeat);
  const means = new Float64Array(rowsOf);
  quantizer.meansInto(quantizer.encode(slow, place).codes, means, place);
  return { kind: "decoded", rows: rowsOf, quantizer, means };
};
/** Every row with the dither of the first. */
const reused: Encode = (quantizer, repeat) => {
  const place = placeOf(quantizer, repeat);
  const means = Float64Array.from(slow, (value) => {
    const mean = new Float64Array(1);
    quantizer.meansInto(quantizer.encode([value], place).codes, mean, place);
    return mean[0] ?? 0;
  });
  return { kind: "decoded", rows: rowsOf, quantizer, means };
};

describe("products of lags", () => {
  it("are unbiased where every reading has draws, or a dither, of its own", () => {
    expect(bias(countOne, drawn)).toBeLessThan(allowed);
    expect(bias(ditherOne, ditheredRows)).toBeLessThan(allowed);
  });

  it("are not where rows share them, nor without d", () => {
    expect(bias(ditherOne, reused)).toBeGreaterThan(2 * allowed);
    expect(bias(countOne, redrawn)).toBeGreaterThan(2 * allowed);
    expect(bias(countOne, drawn, "plain")).toBeGreaterThan(2 * allowed);
  });
});

describe("autoregression from codes", () => {
  it.each([
    ["count", quantizerOf([{ low: -5, high: 5, bits: 5, samples: 2 }])],
    ["dither", ditheredOf([{ low: -5, high: 5, bits: 4 }])],
  ])("finds least squares' weights under %s, as both solvers see them", async (scheme, quantizer) => {
    const values = series(4000, 2, 0.5, 0.3, 0.5);
    const layout = layOutLags(own, 2);
    const lag = createLagged(layout);
    const kept = rowsWithHistory([1500, 2500], 2);
    const raw = lag({ kind: "values", rows: values.length, values }, kept);
    if (raw.kind !== "values") throw new Error("not raw");
    const truth = weightsOf(leastSquares(raw.values, 3, layout.task)).weights;
    const tallies = [createTally(), createTally()];
    for (let seed = 0; seed < 12; seed++) {
      const place = scheme === "dither" ? placeOf(quantizer, seed) : undefined;
      const { codes } = quantizer.encode(values, place ?? createStream("test/lags/seeds", seed));
      const means = new Float64Array(codes.length);
      if (place !== undefined) quantizer.meansInto(codes, means, place);
      const base = { rows: values.length, quantizer };
      const whole: SampleBlock = place ? { kind: "decoded", ...base, means } : { kind: "codes", ...base, codes };
      const source = sourceOf(3, [lag(whole, kept)]);
      const { model } = await train({ source, task: layout.task, solver: "closed-form" });
      expect(model.rows).toBe(3996);
      const { weights } = weightsOf(model);
      for (const [i, name] of ["y@-1", "y@-2"].entries())
        note(tallies[i] ?? createTally(), (weights[name] ?? 0) - (truth[name] ?? 0));
      if (seed > 0) continue;
      const descended = await train({ source, task: layout.task, epochs: 20 });
      expect(weightsOf(descended.model).weights["y@-1"]).toBeCloseTo(weights["y@-1"] ?? 0, 1);
    }
    expect(worstError(tallies, [0, 0])).toBeLessThan(allowed);
  });

  it("refuses a target with one draw as its own lag", async () => {
    const layout = layOutLags(own, 1);
    const quantizer = quantizerOf([{ ...one, samples: 1 }]);
    const block = createLagged(layout)(
      { kind: "codes", rows: 5, quantizer, codes: Uint16Array.of(0, 1, 2, 1, 0) },
      Uint32Array.of(1, 2, 3, 4),
    );
    await expect(train({ source: sourceOf(2, [block]), task: layout.task })).rejects.toThrow(code("estimator"));
  });
});
