import {
  type ChannelQuantizer,
  createQuantizer,
  createStream,
  defineGrid,
  defineSchema,
  packCodes,
} from "@zipml/codec";
import { describe, expect, test } from "vitest";
import { type CodeWidth, drawScratch, gramScratch, paddedColumns, rowStride } from "../../src/kernels/contract.ts";
import { wordStream } from "../../src/kernels/word-stream.ts";
import { integers, KernelPair, normals, random } from "./support.ts";

const widths: readonly CodeWidth[] = [1, 2, 4, 8];

describe.each(widths)("width %i", (width) => {
  test.each([1, 9, 31, 64, 131, 300])("%i columns: pack, unpack, decode, sums, Gram", (columns) => {
    const pair = new KernelPair();
    const stream = random(`store/${width}/${columns}`);
    const rows = columns > 10 ? 9 : 270;
    const codes = Uint16Array.from(integers(stream, rows * columns, 0, 2 ** width - 1));
    const from = pair.put(codes);
    const stride = rowStride(width, columns);
    const run = { width, codes: pair.put(new Uint8Array(rows * stride).fill(255)), stride, rows, columns };
    pair.run((kernels) => kernels.packRows(run, from, columns * 2));
    const back = pair.room(rows * columns * 2);
    pair.run((kernels) => kernels.unpackRows(run, back, columns * 2));
    expect(new Uint16Array(pair.wasm.memory.buffer, back, codes.length).slice()).toEqual(codes);

    const padded = paddedColumns(width, columns);
    const offsets = pair.put(Float32Array.from(normals(stream, padded)));
    const steps = pair.put(Float32Array.from(normals(stream, padded)));
    const some = { ...run, rows: 5 };
    const decoded = pair.room(some.rows * padded * 4);
    pair.run((kernels) => kernels.decodeRows(some, offsets, steps, decoded, padded * 4));

    const sums = pair.room(3 * padded * 8);
    for (const samples of [1, 2, 3, 15]) pair.run((kernels) => kernels.columnSums(run, samples, sums));
    if (columns > 64) return;
    const gram = pair.room(columns * columns * 8);
    const scratch = pair.room(gramScratch(width, columns));
    pair.run((kernels) => kernels.gramRows(run, gram, scratch), scratch);
  });
});

test("u(k − u) of every code and every k", () => {
  const pair = new KernelPair();
  const codes = pair.put(Uint16Array.from({ length: 256 }, (_, c) => c));
  const run = { width: 8, codes: pair.room(256), stride: 256, rows: 1, columns: 256 } as const;
  pair.run((kernels) => kernels.packRows(run, codes, 512));
  for (let samples = 1; samples <= 15; samples++) {
    const sums = pair.put(new Float64Array(3 * 256));
    pair.run((kernels) => kernels.columnSums(run, samples, sums));
    const spreads = pair.floats(sums + 2 * 256 * 8, 256);
    expect([...spreads]).toEqual(Array.from({ length: 256 }, (_, c) => (c % samples) * (samples - (c % samples))));
  }
});

/** A quantizer of equal channels. */
function quantizerOf(columns: number, bits: number, samples: number) {
  const channels = Array.from({ length: columns }, (_, c) => ({
    name: `c${c}`,
    unit: "",
    range: [-1 - c / 7, 1 + c / 3] as [number, number],
    role: "feature" as const,
  }));
  const schema = defineSchema(channels);
  return createQuantizer(
    defineGrid(schema, {
      epoch: 0,
      scheme: "count",
      coding: "packed",
      channels: channels.map(({ range: [low, high] }, c) => ({
        bits,
        samples,
        levels: { kind: "uniform", low, high: c === 5 ? low : high },
      })),
    }),
  );
}

const scaleOf = ({ intervals, low, high }: ChannelQuantizer): number =>
  high > low ? (intervals / (high - low)) * 0x100000000 : 0;

describe("encode", () => {
  test.each([
    [4, 2, 33],
    [8, 2, 8],
    [2, 2, 16],
    [4, 1, 19],
    [8, 3, 10],
    [8, 15, 3],
    [16, 2, 24],
  ])("%i bits, k = %i, %i columns: the codec's codes and clipped counts", (bits, samples, columns) => {
    const pair = new KernelPair();
    const quantizer = quantizerOf(columns, bits, samples);
    const rows = 21;
    const values = Float64Array.from(normals(random(`encode/${bits}/${samples}`), rows * columns), (v) => v * 1.5);
    // Levels themselves, both ends, just inside them, and both zeros.
    for (let i = 0; i < values.length; i += 5) {
      const { low, high, intervals } = quantizer.channels[i % columns] as ChannelQuantizer;
      const inside = high - (high - low) * 2 ** -45;
      values[i] = [low, high, low + (high - low) / intervals, inside, 0, -0][(i / 5) % 6] as number;
    }
    const codes = new Uint16Array(values.length);
    const clipped = new Uint32Array(columns);
    quantizer.encodeInto(values, codes, createStream("draw/x", 7), clipped);

    const column = (of: (channel: ChannelQuantizer) => number): number =>
      pair.put(Float64Array.from(quantizer.channels, of));
    const run = {
      values: pair.put(values),
      valueStride: columns * 8,
      rows,
      columns,
      lows: column((channel) => channel.low),
      highs: column((channel) => channel.high),
      scales: column(scaleOf),
      samples,
      codes: pair.room(codes.byteLength),
      codeStride: columns * 2,
      stream: wordStream("draw/x", 7),
      firstWord: 0,
      wordsPerRow: columns * samples,
      clipped: pair.put(new Uint32Array(columns)),
      scratch: 0,
    };
    const scratch = pair.room(drawScratch(columns * samples));
    expect(pair.run((kernels) => kernels.encodeRows({ ...run, scratch }), scratch)).toBe(-1);
    const buffer = pair.wasm.memory.buffer;
    expect(new Uint16Array(buffer, run.codes, codes.length).slice()).toEqual(codes);
    expect(new Uint32Array(buffer, run.clipped, columns).slice()).toEqual(clipped);
  });

  test("a run of columns among others: words are skipped as the codec would use them up", () => {
    const pair = new KernelPair();
    const columns = 16;
    const quantizer = quantizerOf(columns, 4, 2);
    const values = Float64Array.from(normals(random("skip"), columns * 3));
    const words = createStream("skipping");
    for (let i = 0; i < 5; i++) words.word();
    const codes = new Uint16Array(columns * 3);
    for (let r = 0; r < 3; r++) {
      quantizer.encodeInto(
        values.subarray(r * columns, (r + 1) * columns),
        codes.subarray(r * columns, (r + 1) * columns),
        words,
      );
      words.word();
    }
    const column = (of: (channel: ChannelQuantizer) => number): number =>
      pair.put(Float64Array.from(quantizer.channels, of));
    const run = {
      values: pair.put(values),
      valueStride: columns * 8,
      rows: 3,
      columns,
      lows: column((channel) => channel.low),
      highs: column((channel) => channel.high),
      scales: column(scaleOf),
      samples: 2,
      codes: pair.room(codes.byteLength),
      codeStride: columns * 2,
      stream: wordStream("skipping"),
      firstWord: 5,
      wordsPerRow: 33,
      clipped: 0,
      scratch: 0,
    };
    const scratch = pair.room(drawScratch(32));
    pair.run((kernels) => kernels.encodeRows({ ...run, scratch }), scratch);
    expect(new Uint16Array(pair.wasm.memory.buffer, run.codes, codes.length).slice()).toEqual(codes);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%f stops it and is named", (bad) => {
    for (const place of [0, 13, 17, 18]) {
      const pair = new KernelPair();
      const values = new Float64Array(38);
      values[19 + place] = bad;
      const column = (value: number): number => pair.put(new Float64Array(19).fill(value));
      const run = {
        values: pair.put(values),
        valueStride: 19 * 8,
        rows: 2,
        columns: 19,
        lows: column(-1),
        highs: column(1),
        scales: column(3.5 * 0x100000000),
        samples: 2,
        codes: pair.room(76),
        codeStride: 38,
        stream: wordStream("bad"),
        firstWord: 0,
        wordsPerRow: 38,
        clipped: 0,
        scratch: pair.room(drawScratch(38)),
      };
      expect(pair.wasm.encodeRows(run)).toBe(19 + place);
      expect(pair.twin.encodeRows(run)).toBe(19 + place);
    }
  });
});

describe("wire bodies", () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 11, 16])("%i bits: packed as the codec packs", (bits) => {
    const pair = new KernelPair();
    const columns = 13;
    const top = 2 ** bits - 1;
    const codes = Uint16Array.from(integers(random(`wire/${bits}`), columns * 3, 0, top));
    const body = packCodes(codes, quantizerOf(columns, bits, 1));
    const from = pair.put(codes);
    const to = pair.room(body.length + 8);
    pair.run((kernels) => kernels.packWire(from, codes.length, bits, to, 0));
    expect(new Uint8Array(pair.wasm.memory.buffer, to, body.length).slice()).toEqual(body);
    const back = pair.room(codes.byteLength);
    expect(pair.run((kernels) => kernels.unpackWire(to, bits * 2, bits, codes.length - 2, top, back))).toBe(-1);
    expect(new Uint16Array(pair.wasm.memory.buffer, back, codes.length - 2).slice()).toEqual(codes.slice(2));
    const first = codes.findIndex((code) => code > top - 1);
    expect(pair.run((kernels) => kernels.unpackWire(to, 0, bits, codes.length, top - 1, back))).toBe(first);
  });
});

describe("words and vectors", () => {
  test.each([0, 5, 2 ** 32 - 6, 2 ** 40 - 2])("Philox blocks from %i on are the codec's", (firstBlock) => {
    const pair = new KernelPair();
    const out = pair.room(12 * 16);
    const stream = wordStream("some words", 2 ** 35 + 9);
    pair.run((kernels) => kernels.fillWords(stream, firstBlock, 12, out));
    if (firstBlock !== 0) return;
    const words = createStream("some words", 2 ** 35 + 9);
    expect([...new Uint32Array(pair.wasm.memory.buffer, out, 48)]).toEqual(
      Array.from({ length: 48 }, () => words.word()),
    );
  });

  test.each([
    [1, 8],
    [4, 1],
    [8, 1003],
    [15, 30],
  ])("rounding to %i bits, %i components: the neighbour that the stream's 16 bits choose", (bits, length) => {
    const pair = new KernelPair();
    const values = Float64Array.from(normals(random(`round/${bits}`), length));
    if (length > 4) values.set([3, -3, 0, -0, 3 - 2 ** -51]);
    const at = pair.put(values);
    const scale = pair.run((kernels) => kernels.largest(at, length));
    expect(scale).toBe(Math.max(...values.map(Math.abs)));
    const out = pair.put(new Int16Array(Math.ceil(length / 8) * 8).fill(99));
    const scratch = pair.room(drawScratch(Math.ceil(length / 2)));
    const stream = wordStream("train/model/1", 3);
    const run = { values: at, length, bits, scale, stream, firstBlock: 6, out, scratch };
    pair.run((kernels) => kernels.roundVector(run), scratch);
    const words = createStream("train/model/1", 3);
    for (let i = 0; i < 24; i++) words.word();
    const draws = Array.from({ length: Math.ceil(length / 2) }, () => words.word()).flatMap((w) => [
      w & 0xffff,
      w >>> 16,
    ]);
    const intervals = 2 ** bits - 1;
    const rounded = new Int16Array(pair.wasm.memory.buffer, out, length);
    for (const [i, value] of values.entries()) {
      const sum = ((value / scale + 1) / 2) * intervals + ((draws[i] as number) + 0.5) / 2 ** 16;
      const border = Math.round(sum);
      // Up to half of 2⁻¹⁶ comes from rounding the position, as much from taking the draw at its middle.
      const codes = Math.abs(sum - border) < 2 ** -15 ? [border - 1, border] : [Math.floor(sum)];
      expect(codes.map((code) => 2 * code - intervals)).toContain(rounded[i]);
    }
    pair.run((kernels) => kernels.roundVector({ ...run, scale: 0 }), scratch);
    expect(new Set(new Int16Array(pair.wasm.memory.buffer, out, length))).toEqual(new Set([0]));
    pair.run((kernels) => kernels.roundVector({ ...run, scale: 2 ** -1074 }), scratch);
    expect(new Set(new Int16Array(pair.wasm.memory.buffer, out, length))).toEqual(new Set([0]));
  });

  test.each([1, 3, 7])("rounding to %i bits has no bias, within 5 standard errors; to the nearest has", (bits) => {
    const pair = new KernelPair();
    const length = 4096;
    const rounds = 64;
    const intervals = 2 ** bits - 1;
    const values = Float64Array.from({ length }, (_, i) => (2 * i + 1) / length - 1);
    const [at, out] = [pair.put(values), pair.room(length * 2)];
    const scratch = pair.room(drawScratch(length / 2));
    const stream = wordStream("no bias", bits);
    const errors = { drawn: 0, nearest: 0, variance: 0 };
    for (let round = 0; round < rounds; round++) {
      const run = { values: at, length, bits, scale: 1, stream, firstBlock: (round * length) / 8, out, scratch };
      pair.run((kernels) => kernels.roundVector(run), scratch);
      const rounded = new Int16Array(pair.wasm.memory.buffer, out, length);
      for (const [i, value] of values.entries()) {
        // Weighted so that a pull towards the nearest step can't cancel out.
        const position = ((value + 1) / 2) * intervals;
        const part = position - Math.floor(position);
        const weight = part < 0.5 ? 1 : -1;
        errors.drawn += weight * ((rounded[i] as number) - value * intervals);
        errors.nearest += weight * 2 * (Math.round(position) - position);
        errors.variance += 4 * part * (1 - part);
      }
    }
    const bound = 5 * Math.sqrt(errors.variance);
    expect(Math.abs(errors.drawn)).toBeLessThan(bound);
    expect(Math.abs(errors.nearest)).toBeGreaterThan(bound);
  });

  test("rounding tells the sum of its points, also one that leaves 32 bits", () => {
    const pair = new KernelPair(1 << 21);
    const length = 80_003;
    const at = pair.put(new Float64Array(length).fill(-1));
    const out = pair.room(length * 2 + 16);
    const scratch = pair.room(drawScratch(Math.ceil(length / 2)));
    const run = { values: at, length, bits: 15, scale: 1, stream: wordStream("sum"), firstBlock: 0, out, scratch };
    expect(pair.run((kernels) => kernels.roundVector(run), scratch)).toBe(-32_767 * length);
    for (const length of [1, 7, 8, 1003]) {
      pair.put(Float64Array.from(normals(random("sum"), length)), at);
      const sum = pair.run((kernels) => kernels.roundVector({ ...run, length, bits: 7, scale: 7 }), scratch);
      expect(sum).toBe(new Int16Array(pair.wasm.memory.buffer, out, length).reduce((a, b) => a + b));
    }
  });

  test.each([1, 2, 7, 100])("%i components: largest, product, gradient, step", (length) => {
    const pair = new KernelPair();
    const stream = random(`vectors/${length}`);
    const vector = (): number => pair.put(Float64Array.from(normals(stream, length)));
    const [a, b, sums, factors, offsets, spreads, model, trail] = Array.from({ length: 8 }, vector) as [
      ...Array<number>,
    ] as [number, number, number, number, number, number, number, number];
    const out = pair.room(length * 8);
    const product = pair.run((kernels) => kernels.multiply(a, b, length, out));
    expect(product).toBe(Math.max(...pair.floats(out, length).map(Math.abs)));
    expect([...pair.floats(out, length)]).toEqual(
      Array.from(pair.floats(a, length), (value, i) => value * (pair.floats(b, length)[i] as number)),
    );
    const run = {
      length,
      sums,
      factors,
      offsets,
      spreads,
      model,
      sumScale: 0.3,
      offsetScale: -1.7,
      spreadScale: 0.9,
      out,
    };
    pair.run((kernels) => kernels.assembleGradient(run));
    pair.run((kernels) => kernels.descend(a, out, length, 0.01, trail));
    pair.run((kernels) => kernels.descend(a, out, length, 0.01, 0));
    expect(pair.run((kernels) => kernels.formResiduals(a, b, length, 0.7, 0.2))).toBeGreaterThan(0);
    const rounded = pair.put(Int16Array.from(integers(stream, length, -32_767, 32_767)));
    const shares = pair.room(Math.ceil(length / 16) * 8);
    pair.run((kernels) => kernels.widenModel(rounded, b, length, out, 16, shares));
    const whole = new Int16Array(pair.wasm.memory.buffer, rounded, length);
    expect([...pair.floats(out, length)]).toEqual([...whole]);
    for (const [chunk, share] of pair.floats(shares, Math.ceil(length / 16)).entries()) {
      const products = pair.floats(b, length).map((factor, i) => factor * (whole[i] as number));
      expect(share).toBeCloseTo(
        products.subarray(16 * chunk, 16 * chunk + 16).reduce((sum, value) => sum + value, 0),
        6,
      );
    }
    for (const place of [0, length - 1]) {
      const values = new Float64Array(length).fill(-2);
      values[place] = Number.NaN;
      const at = pair.put(values);
      expect(pair.run((kernels) => kernels.largest(at, length))).toBeNaN();
      expect(pair.run((kernels) => kernels.multiply(at, b, length, out))).toBeNaN();
      expect(pair.run((kernels) => kernels.formResiduals(at, b, length, 0.7, 0.2))).toBeNaN();
    }
  });
});
