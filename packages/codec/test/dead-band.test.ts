import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createDeadBand,
  createQuantizer,
  createStream,
  type DeadBand,
  DeadBandError,
  type DeadBandFilter,
  deadBandGrid,
  decodeBody,
  defineGrid,
  defineSchema,
  ditherPlace,
  encodeBody,
  type Quantizer,
  type Schema,
  type Scheme,
  uniformGrid,
} from "../src/index.ts";

const one: Schema = defineSchema([{ name: "x", unit: "", range: [-100, 100], role: "feature" }]);
const bandOf = (band: number | DeadBand): DeadBandFilter => createDeadBand(one, { x: band });
const toldOf = (filter: DeadBandFilter, values: Iterable<number>): number[] =>
  Array.from(values, (value) => filter.tell(Float64Array.of(value))[0] ?? Number.NaN);

/** A walk of decimal readings. */
function walk(name: string, length: number): Float64Array {
  const stream = createStream(name);
  let state = 20;
  return Float64Array.from({ length }, () => {
    state += 0.99 * (stream.uniform() - 0.5);
    return Math.round(100 * state) / 100;
  });
}

const bands = fc
  .tuple(fc.double({ min: 1e-3, max: 50, noNaN: true }), fc.double({ min: 0.01, max: 2, noNaN: true }))
  .map(([threshold, share]) => ({ threshold, resolution: share * threshold }));
const readings = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 60 });

describe("createDeadBand", () => {
  it("tells a reading anew once it is further than the threshold from what was told", () => {
    expect(toldOf(bandOf(0.5), [1, 1.5, 0.5, 1.51, 1.02, 1, 2.01, 2.02])).toEqual([1, 1, 1, 1.51, 1.51, 1, 2.01, 2.01]);
  });

  it("rounds what is told to the resolution, as the decimal number that it is", () => {
    const told = toldOf(bandOf({ threshold: 0.1, resolution: 0.1 }), [0.31, 0.19, 0.68, -0.03, 0.12]);
    expect(told).toEqual([0.3, 0.2, 0.7, 0, 0.1]);
    expect(Object.is(toldOf(bandOf({ threshold: 1, resolution: 1 }), [-0.2])[0], 0)).toBe(true);
    expect(toldOf(bandOf({ threshold: 1, resolution: 1 / 3 }), [1.4])).toEqual([4 * (1 / 3)]);
    expect(toldOf(bandOf({ threshold: 1e-310, resolution: 1e-310 }), [1e10, 1e10, 2])).toEqual([1e10, 1e10, 2]);
  });

  it("tells the first row anew, and channels without a dead band always", () => {
    const schema = { channels: [{ name: "a" }, { name: "b" }, { name: "toString" }] };
    const filter = createDeadBand(schema, { b: 10 });
    const rows = [
      [1, 1, 1],
      [2, 2, 2],
      [3, 12, 3],
    ].map((row) => [...filter.tell(Float64Array.from(row))]);
    expect(rows).toEqual([
      [1, 1, 1],
      [2, 1, 2],
      [3, 12, 3],
    ]);
    expect([...createDeadBand(schema, { b: 10 }).tell(Float64Array.of(4, 5, 6))]).toEqual([4, 5, 6]);
  });

  it("never strays from a reading by more than the threshold, and tells again only values told or multiples", () => {
    fc.assert(
      fc.property(bands, readings, fc.boolean(), (band, values, rounded) => {
        const filter = bandOf(rounded ? band : band.threshold);
        const told = toldOf(filter, values);
        for (const [i, value] of values.entries()) {
          const now = told[i] as number;
          expect(Math.abs(now - value)).toBeLessThanOrEqual(band.threshold + 1e-12 * (1 + Math.abs(value)));
          if (now === told[i - 1]) continue;
          if (rounded) expect(Math.abs(now / band.resolution - Math.round(now / band.resolution))).toBeLessThan(1e-6);
          else expect(now).toBe(value);
        }
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  it("changes nothing with a threshold of 0, and gives arrays of its own", () => {
    fc.assert(
      fc.property(readings, (values) => {
        expect(toldOf(bandOf(0), values)).toEqual(values);
      }),
      { numRuns: 100, seed: 6 },
    );
    const row = Float64Array.of(3);
    const filter = bandOf(0);
    filter.tell(row)[0] = 4;
    expect([row[0], filter.tell(row)[0]]).toEqual([3, 3]);
  });

  it.each([
    ["channel", { y: 1 }],
    ["channel", { ["__proto__x"]: 1 }],
    ["threshold", { x: -1 }],
    ["threshold", { x: Number.NaN }],
    ["threshold", { x: { threshold: Number.POSITIVE_INFINITY } }],
    ["resolution", { x: { threshold: 1, resolution: 2.1 } }],
    ["resolution", { x: { threshold: 1, resolution: 0 } }],
    ["resolution", { x: { threshold: 0, resolution: 0.1 } }],
    ["resolution", { x: { threshold: 1, resolution: Number.NaN } }],
  ] as const)("refuses a fault of the %s: %j", (code, given) => {
    const name = Object.keys(given)[0];
    expect(() => createDeadBand(one, given)).toThrow(DeadBandError);
    expect(() => createDeadBand(one, given)).toThrow(expect.objectContaining({ code, channel: name }));
  });
});

/** Frames of 64 rows of one channel, with their codes: what a gateway reads in them, and their coding. */
function throughFrames(values: Float64Array, quantizer: Quantizer) {
  const codings = new Set<string>();
  const decoded: number[] = [];
  let bytes = 0;
  for (let from = 0; from < values.length; from += 64) {
    const part = values.slice(from, from + 64);
    const codes = new Uint16Array(part.length);
    const place = ditherPlace(quantizer.grid, { device: "d", session: 1, sequence: from });
    quantizer.encodeInto(part, codes, place ?? createStream("draws", from));
    const { coding, body } = encodeBody({ codes, place, values: part }, quantizer, quantizer.grid.coding);
    codings.add(coding);
    bytes += body.length;
    const rows = decodeBody({ coding, body, rows: part.length }, quantizer, place);
    const means = new Float64Array(part.length);
    if (rows.kind === "codes") quantizer.meansInto(rows.codes, means, place);
    decoded.push(...(rows.kind === "codes" ? means : rows.values));
  }
  return { decoded, codings, bytes };
}

describe("deadBandGrid", () => {
  it("lets what is told arrive as it is, in codes without a head of their own, whatever the draws", () => {
    fc.assert(
      fc.property(bands, fc.integer({ min: 0, max: 1000 }), ({ threshold, resolution }, seed) => {
        fc.pre(200 / resolution < 60_000);
        const filter = bandOf({ threshold, resolution });
        const told = Float64Array.from(toldOf(filter, walk(`grid/${seed}`, 100)));
        const quantizer = createQuantizer(
          defineGrid(one, {
            epoch: 0,
            scheme: "count",
            coding: "packed",
            channels: [deadBandGrid([-100, 100], resolution)],
          }),
        );
        const { decoded } = throughFrames(told, quantizer);
        for (const [i, value] of told.entries())
          expect(Math.abs((decoded[i] ?? 0) - value)).toBeLessThan(1e-9 * resolution * 1e3);
      }),
      { numRuns: 100, seed: 6 },
    );
  });

  it("takes fewer bytes than the readings, and than what is told with a head of decimals", () => {
    const values = walk("bytes", 640);
    const filter = bandOf({ threshold: 1, resolution: 1 });
    const told = Float64Array.from(toldOf(filter, values));
    const decimals = createQuantizer(uniformGrid(one, { bits: 8, samples: 1, coding: "exact" }));
    const aligned = createQuantizer(
      defineGrid(one, { epoch: 0, scheme: "count", coding: "arithmetic", channels: [deadBandGrid([-100, 100], 1)] }),
    );
    const exact = throughFrames(values, decimals);
    const held = throughFrames(told, decimals);
    const byCodes = throughFrames(told, aligned);
    expect(exact.decoded).toEqual([...values]);
    expect(held.decoded).toEqual([...told]);
    expect(byCodes.decoded.map((value) => Math.round(value * 1e9) / 1e9)).toEqual([...told]);
    expect(held.bytes * 2).toBeLessThan(exact.bytes);
    expect(byCodes.bytes * 1.3).toBeLessThan(held.bytes);
  });

  it("covers the range, in a width of its own", () => {
    expect(deadBandGrid([-20, 50], 0.5)).toEqual({
      bits: 8,
      samples: 1,
      levels: { kind: "uniform", low: -20, high: 107.5 },
    });
    expect(deadBandGrid([0.1, 0.7], 0.1).levels).toEqual({ kind: "uniform", low: 0.1, high: 0.8 });
    expect(deadBandGrid([3, 3], 1)).toMatchObject({ bits: 1, levels: { low: 3, high: 4 } });
    for (const resolution of [1e-6, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => deadBandGrid([0, 1], resolution)).toThrow(expect.objectContaining({ code: "grid" }));
  });
});

/** How many standard errors the mean error of what arrives lies from 0, over readings that climb. */
function biasScore(quantizer: Quantizer, filter?: DeadBandFilter): number {
  const stream = createStream("climb");
  let state = -50;
  const values = Float64Array.from({ length: 6400 }, () => {
    state += 0.02 * stream.uniform();
    return state;
  });
  const sent = filter === undefined ? values : Float64Array.from(toldOf(filter, values));
  const errors = throughFrames(sent, quantizer).decoded.map((value, i) => value - (values[i] as number));
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const squares = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0);
  return Math.abs(mean) / Math.sqrt(squares / (errors.length - 1) / errors.length);
}

describe("bias, over 6,400 readings that climb", () => {
  const grid = (scheme: Scheme) =>
    createQuantizer(
      uniformGrid(one, scheme === "dither" ? { scheme, bits: 6, seed: "s" } : { scheme, bits: 6, samples: 2 }),
    );

  it.each(["count", "dither"] as const)("is within 5 standard errors of 0 under %s", (scheme) => {
    expect(biasScore(grid(scheme))).toBeLessThan(5);
  });

  it.each(["count", "dither"] as const)("is found by the same test in what a dead band tells under %s", (scheme) => {
    expect(biasScore(grid(scheme), bandOf(3))).toBeGreaterThan(5);
    expect(biasScore(grid(scheme), bandOf({ threshold: 3, resolution: 3 }))).toBeGreaterThan(5);
  });
});
