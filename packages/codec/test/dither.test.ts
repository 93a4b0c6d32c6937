import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DitherPlace, type DitherQuantizer, ditherPlace, ditherQuantizer, ditherSource } from "../src/dither.ts";
import { ReadingError } from "../src/errors.ts";
import { defineGrid, type Grid } from "../src/grid.ts";
import { createQuantizer } from "../src/quantizer.ts";
import { defineSchema } from "../src/schema.ts";
import { createStream } from "../src/stream.ts";

type Range = readonly [bits: number, low: number, high: number];

function gridOf(ranges: readonly Range[], seed = "plant-7"): Grid {
  const schema = defineSchema(
    ranges.map(([, low, high], c) => ({ name: `c${c}`, unit: "", range: [low, high], role: "feature" })),
  );
  return defineGrid(schema, {
    epoch: 0,
    scheme: "dither",
    coding: "packed",
    seed,
    channels: ranges.map(([bits, low, high]) => ({ bits, samples: 1, levels: { kind: "uniform", low, high } })),
  });
}

const placeOf = (grid: Grid, sequence = 0, device = "node-1"): DitherPlace =>
  ditherPlace(grid, { device, session: 7, sequence }) as DitherPlace;

const channelOf = (bits: number, low = 0, high = 1): DitherQuantizer =>
  ditherQuantizer({ bits, samples: 1, levels: { kind: "uniform", low, high } }, 0);

describe("ditherPlace", () => {
  it("is nothing under count", () => {
    expect(ditherPlace({ scheme: "count" }, { device: "a", session: 1, sequence: 2 })).toBeUndefined();
  });

  it("gives the numbers of the wire format's worked example", () => {
    const grid = gridOf([[3, -20, 50]]);
    const place = ditherPlace(grid, { device: "node-1", session: 4_275_878_552, sequence: 70_000 });
    expect(place?.key.map((word) => word.toString(16))).toEqual(["19db75b1", "58b8c66"]);
    const quantizer = createQuantizer(grid);
    const { codes } = quantizer.encode([21.5], place as DitherPlace);
    const means = new Float64Array(1);
    quantizer.meansInto(codes, means, place);
    expect([codes[0], means[0]]).toEqual([4, 21.416125564137474]);
    expect(ditherSource(place as DitherPlace)(0, 0)).toBe(-0.14161255641374737);
  });

  it("gives every place a word of its own", () => {
    const seen = new Set<number>();
    for (const device of ["node-1", "node-2"])
      for (const sequence of [0, 1, 2 ** 32 - 1, 2 ** 32]) {
        const dither = ditherSource(placeOf(gridOf([[3, 0, 1]]), sequence, device));
        for (let row = 0; row < 8; row++) for (let channel = 0; channel < 8; channel++) seen.add(dither(row, channel));
      }
    expect(seen.size).toBe(2 * 4 * 8 * 8);
  });
});

describe("ditherQuantizer", () => {
  it("keeps codes within 0 … 2^b − 1 for every width, value and dither, and errs by half a step at most", () => {
    const extreme = 0.5 - 2 ** -33;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.double({ min: -1e3, max: 1e3, noNaN: true }),
        fc.double({ min: 1e-6, max: 1e3, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(-extreme, extreme, 0, 0.25, -0.4),
        (bits, low, width, share, u) => {
          const channel = channelOf(bits, low, low + width);
          const value = Math.min(low + share * width, channel.high);
          const code = channel.encodeWith(value, u);
          expect(Number.isInteger(code) && code >= 0 && code <= channel.top).toBe(true);
          const step = (channel.high - channel.low) / channel.top;
          expect(Math.abs(channel.mean(code, u) - value)).toBeLessThanOrEqual(
            step / 2 + 1e-9 * (Math.abs(low) + width),
          );
        },
      ),
      { numRuns: 3000, seed: 6 },
    );
  });

  it("clips before it dithers, and lets the decoded value lie outside", () => {
    const channel = channelOf(2, 0, 3);
    expect([channel.encodeWith(-9, 0.4), channel.encodeWith(0, 0.4)]).toEqual([0, 0]);
    expect([channel.encodeWith(99, 0.4), channel.encodeWith(3, 0.4)]).toEqual([3, 3]);
    expect(channel.mean(0, 0.4)).toBeCloseTo(-0.4, 12);
    expect(channel.mean(3, -0.4)).toBeCloseTo(3.4, 12);
    expect([channel.spread(0), channel.spread(3)]).toEqual([1 / 12, 1 / 12]);
  });

  it("has one code for a channel without width", () => {
    const channel = channelOf(4, 5, 5);
    for (const u of [-0.499, 0, 0.499]) {
      expect(channel.encodeWith(5, u)).toBe(0);
      expect(channel.mean(0, u)).toBe(5);
    }
    expect(channel.spread(0)).toBe(0);
  });

  it("says nothing of a code without its dither, and has no draws to give", () => {
    const channel = channelOf(4);
    expect(() => channel.mean(3)).toThrow(expect.objectContaining({ code: "scheme" }));
    expect(() => channel.assignInto(3, createStream("c"), new Float64Array(2), 0, 1)).toThrow(RangeError);
  });
});

describe("a quantizer of scheme dither", () => {
  const grid = gridOf([
    [3, -20, 50],
    [8, 0, 100],
    [5, -1, 1],
  ]);
  const quantizer = createQuantizer(grid);
  const values = Float64Array.from({ length: 30 }, (_, i) => [20 + i, 40 + i / 3, i / 31][i % 3] ?? 0);
  const decoded = (codes: Uint16Array, place: DitherPlace, by = quantizer): Float64Array => {
    const means = new Float64Array(codes.length);
    by.meansInto(codes, means, place);
    return means;
  };

  it("takes a place, and refuses a stream or nothing at all", () => {
    const codes = new Uint16Array(3).fill(99);
    const scheme = expect.objectContaining({ code: "scheme" });
    expect(() => quantizer.encodeInto(values.subarray(0, 3), codes, createStream("draws"))).toThrow(scheme);
    expect([...codes]).toEqual([99, 99, 99]);
    expect(() => quantizer.meansInto(new Uint16Array(3), new Float64Array(3))).toThrow(scheme);
    expect(() => quantizer.squaresInto(new Uint16Array(3), new Float64Array(3))).toThrow(ReadingError);
    const { scheme: _, seed: __, ...rest } = grid;
    const count = createQuantizer({ ...rest, scheme: "count" });
    expect(() => count.encode([1, 2, 3], placeOf(grid))).toThrow(scheme);
  });

  it("gives m, d and m² − d", () => {
    const place = placeOf(grid, 5);
    const { codes, clipped } = quantizer.encode(values, place);
    const means = decoded(codes, place);
    const [spreads, squares] = [new Float64Array(30), new Float64Array(30)];
    quantizer.spreadsInto(codes, spreads);
    quantizer.squaresInto(codes, squares, place);
    const steps = [10, 100 / 255, 2 / 31];
    for (const [i, value] of values.entries()) {
      const step = steps[i % 3] ?? 0;
      expect(spreads[i]).toBeCloseTo(step ** 2 / 12, 12);
      expect(squares[i]).toBe((means[i] ?? 0) * (means[i] ?? 0) - (spreads[i] ?? 0));
      expect(Math.abs((means[i] ?? 0) - value)).toBeLessThanOrEqual(step / 2 + 1e-12);
    }
    expect([...clipped]).toEqual([0, 0, 0]);
  });

  it("needs nothing of other frames or rows: any row, and any columns, by themselves", () => {
    const place = placeOf(grid, 9);
    const { codes } = quantizer.encode(values, place);
    const means = decoded(codes, place);
    expect(decoded(codes.subarray(12), { ...place, row: 4 })).toEqual(means.subarray(12));
    expect(quantizer.encode(values.subarray(12), { ...place, row: 4 }).codes).toEqual(codes.subarray(12));
    const part = createQuantizer(grid, [2, 0]);
    const chosen = Uint16Array.from(
      { length: 20 },
      (_, i) => codes[Math.floor(i / 2) * 3 + (i % 2 === 0 ? 2 : 0)] ?? 0,
    );
    const expected = Float64Array.from(chosen, (_, i) => means[Math.floor(i / 2) * 3 + (i % 2 === 0 ? 2 : 0)] ?? 0);
    expect(decoded(chosen, place, part)).toEqual(expected);
    expect([part.grid, part.rowBits]).toEqual([grid, 8]);
  });
});

/** Rows of errors m − value of two channels, one after another; steps 10 and 0.4. */
type Errors = readonly (readonly [first: number, second: number])[];

const steps = [10, 0.4] as const;
const pair = gridOf([
  [3, -20, 50],
  [8, 0, 102],
]);
const rowsOfFrame = 64;
const frames = 400;

/** Errors over many frames of readings that stand still: the same fraction of a step in both channels. */
function errorsOf(
  fraction: number,
  code: (grid: Grid, values: Float64Array, sequence: number) => Float64Array,
): Errors {
  const still = [-20 + (2 + fraction) * steps[0], (71 + fraction) * steps[1]] as const;
  const values = Float64Array.from({ length: 2 * rowsOfFrame }, (_, i) => still[i % 2] ?? 0);
  return Array.from({ length: frames }, (_, sequence) => {
    const means = code(pair, values, sequence);
    return Array.from(
      { length: rowsOfFrame },
      (_, r) => [(means[2 * r] ?? 0) - still[0], (means[2 * r + 1] ?? 0) - still[1]] as const,
    );
  }).flat();
}

/**
 * The worst of each kind of score, in standard errors of an error that is uniform over a step, independent of the value,
 * of other channels and of other rows.
 */
function audit(code: (grid: Grid, values: Float64Array, sequence: number) => Float64Array): Record<string, number> {
  const worst: Record<string, number> = {};
  const note = (what: string, numbers: readonly number[], mean: number, variance: number): void => {
    const sum = numbers.reduce((total, x) => total + (x - mean), 0);
    worst[what] = Math.max(worst[what] ?? 0, Math.abs(sum) / Math.sqrt(numbers.length * variance));
  };
  for (const fraction of [0, 0.13, 0.5, 0.77]) {
    const errors = errorsOf(fraction, code);
    for (const [c, step] of steps.entries()) {
      const of = errors.map((row) => row[c] ?? 0);
      const d = step ** 2 / 12;
      const value = c === 0 ? -20 + (2 + fraction) * step : (71 + fraction) * step;
      note("mean", of, 0, d);
      note(
        "variance",
        of.map((e) => e ** 2),
        d,
        step ** 4 / 180,
      );
      note(
        "square",
        of.map((e) => (value + e) ** 2 - d),
        value ** 2,
        4 * value ** 2 * d + step ** 4 / 180,
      );
      note(
        "fourth",
        of.map((e) => e ** 4),
        step ** 4 / 80,
        step ** 8 * (1 / 2304 - 1 / 6400),
      );
      for (const lag of [1, 2, rowsOfFrame])
        note(
          "lag",
          of.slice(lag).map((e, t) => e * (of[t] ?? 0)),
          0,
          d * d,
        );
    }
    note(
      "channels",
      errors.map(([a, b]) => a * b),
      0,
      (steps[0] * steps[1]) ** 2 / 144,
    );
  }
  return worst;
}

const quantizer = createQuantizer(pair);
const through = (encode: DitherPlace, decode: DitherPlace, values: Float64Array): Float64Array => {
  const means = new Float64Array(values.length);
  quantizer.meansInto(quantizer.encode(values, encode).codes, means, decode);
  return means;
};

describe("what is decoded, over 25,600 rows: 5 standard errors around the exact law", () => {
  it("is unbiased with variance Δ²/12 and independent of value, channel and row", () => {
    const scores = audit((grid, values, sequence) => {
      const place = placeOf(grid, sequence);
      return through(place, place, values);
    });
    expect(Object.keys(scores).sort()).toEqual(["channels", "fourth", "lag", "mean", "square", "variance"]);
    expect(Math.max(...Object.values(scores))).toBeLessThan(5);
  });

  it("rejects another seed, device, session or sequence at the decoder: three times the variance", () => {
    const twin = gridOf([[3, 0, 1]], "plant-8");
    for (const wrong of [
      (sequence: number) => placeOf(twin, sequence),
      (sequence: number) => placeOf(pair, sequence, "node-2"),
      (sequence: number) => ditherPlace(pair, { device: "node-1", session: 8, sequence }) as DitherPlace,
      (sequence: number) => placeOf(pair, sequence + 1),
    ])
      expect(
        audit((grid, values, sequence) => through(placeOf(grid, sequence), wrong(sequence), values))["variance"],
      ).toBeGreaterThan(5);
  });

  it("rejects one dither for all channels of a row: errors of channels move together", () => {
    const channels = quantizer.channels as readonly DitherQuantizer[];
    const scores = audit((grid, values, sequence) => {
      const dither = ditherSource(placeOf(grid, sequence));
      return values.map((value, i) => {
        const u = dither(Math.floor(i / 2), 0);
        const channel = channels[i % 2] as DitherQuantizer;
        return channel.mean(channel.encodeWith(value, u), u);
      });
    });
    expect(scores["channels"]).toBeGreaterThan(5);
    expect(scores["mean"]).toBeLessThan(5);
  });

  it("rejects one dither for all rows of a frame: lag products are biased", () => {
    const scores = audit((grid, values, sequence) => {
      const place = placeOf(grid, sequence);
      const means = new Float64Array(values.length);
      for (let at = 0; at < values.length; at += 2) means.set(through(place, place, values.slice(at, at + 2)), at);
      return means;
    });
    expect(scores["lag"]).toBeGreaterThan(5);
  });

  it("rejects rounding to the nearest", () => {
    const channels = quantizer.channels as readonly DitherQuantizer[];
    const scores = audit((_, values) =>
      values.map((value, i) => {
        const channel = channels[i % 2] as DitherQuantizer;
        return channel.mean(channel.encodeWith(value, 0), 0);
      }),
    );
    for (const what of ["mean", "variance", "square", "lag", "channels"]) expect(scores[what]).toBeGreaterThan(5);
  });

  it("rejects means that are clipped to the levels: biased at the ends", () => {
    const channel = channelOf(3, 0, 7);
    const dither = ditherSource(placeOf(pair));
    let [sum, cut] = [0, 0];
    const n = 20_000;
    for (let row = 0; row < n; row++) {
      const u = dither(row, 0);
      const mean = channel.mean(channel.encodeWith(7, u), u);
      sum += mean - 7;
      cut += Math.min(mean, 7) - 7;
    }
    expect(Math.abs(sum) / Math.sqrt(n / 12)).toBeLessThan(5);
    expect(Math.abs(cut) / Math.sqrt(n / 12)).toBeGreaterThan(5);
  });
});
