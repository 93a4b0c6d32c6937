import {
  bodyMeans,
  type Coding,
  createQuantizer,
  createStream,
  decodeBody,
  decodeFrame,
  defineSchema,
  ditherPlace,
  encodeBody,
  encodeFrame,
  type Scheme,
  streamKey,
  uniformGrid,
} from "@zipml/codec";
import { Encoder } from "cbor-x";
import { type BenchRow, benchRow, type TimedCase, timeAlternating, timesFaster } from "../bench-result.ts";

const rows = 256;
const channels = 8;
const readings = rows * channels;
const device = "device-1";
const session = 1;

interface Pair {
  readonly encode: TimedCase;
  readonly decode: TimedCase;
}

/** Eight channels that wander, as float32 holds them. */
function walk(): Float64Array {
  const stream = createStream("bench/wire/throughput");
  const state = new Float64Array(channels).fill(20);
  return Float64Array.from({ length: readings }, (_, i) => {
    const next = 0.99 * (state[i % channels] ?? 0) + (stream.uniform() - 0.5);
    state[i % channels] = next;
    return Math.fround(next);
  });
}

/**
 * Readings to a frame, draws included, and a frame to what its codes say.
 *
 * @param into What the codes say goes there, as to a receiver of frame after frame; undefined: to a new array for each.
 */
function codecPair(scheme: Scheme, coding: Coding, values: Float64Array, into?: Float64Array): Pair {
  const schema = defineSchema(
    Array.from({ length: channels }, (_, c) => ({ name: `c${c}`, unit: "", range: [0, 40], role: "feature" as const })),
  );
  const grid = uniformGrid(schema, { scheme, coding, bits: 6 });
  const quantizer = createQuantizer(grid);
  const codes = new Uint16Array(readings);
  const draws = streamKey("bench/wire/draws"); // once a session, as a device has it
  let sequence = 0;
  const encode = (): Uint8Array => {
    sequence += 1;
    const place = ditherPlace(grid, { device, session, sequence });
    quantizer.encodeInto(values, codes, place ?? createStream(draws, sequence));
    const { coding: used, body } = encodeBody({ codes, place }, quantizer, coding);
    return encodeFrame({ session, sequence, grid: 0, coding: used, start: 1000, interval: 1000, rows, body });
  };
  const bytes = encode();
  return {
    encode: () => void encode(),
    decode: () => {
      const frame = decodeFrame(bytes);
      const place = ditherPlace(grid, { device, session, sequence: frame.sequence });
      const decoded = decodeBody(frame, quantizer, place);
      if (into !== undefined && decoded.kind === "codes") quantizer.meansInto(decoded.codes, into, place);
      else bodyMeans(decoded, quantizer, place);
    },
  };
}

/** Numbers as float32, everything else as the library has it. */
const cbor = new Encoder({ useRecords: false, useFloat32: 1 });

function cborPair(values: readonly number[] | Float32Array): Pair {
  const bytes = Uint8Array.from(cbor.encode(values));
  return { encode: () => void cbor.encode(values), decode: () => void cbor.decode(bytes) };
}

const cases = {
  "count packed": ["count", "packed"],
  "count rice": ["count", "rice"],
  "dither packed": ["dither", "packed"],
  "dither rice": ["dither", "rice"],
} as const satisfies Record<string, readonly [Scheme, Coding]>;

/** How many times as fast as cbor-x with plain numbers each must be; the others have no bar. */
const bars: Readonly<Record<string, number>> = { "count packed": 2, "count rice": 1 };

type Verb = "encode" | "decode";

/** Rows of some pairs against plain numbers, timed in turns. */
async function against(verb: Verb, plain: Pair, pairs: Readonly<Record<string, Pair>>, quick: boolean) {
  const options = quick ? { rounds: 1, seconds: 0.02 } : { rounds: 9, seconds: 0.05, warmup: 3 };
  const numbers = "numbers";
  const works: Record<string, TimedCase> = { [numbers]: plain[verb] };
  for (const [name, pair] of Object.entries(pairs)) works[name] = pair[verb];
  const timings = await timeAlternating(works, options);
  const base = timings[numbers];
  return Object.keys(pairs).flatMap((name): BenchRow[] => {
    const timing = timings[name];
    if (timing === undefined || base === undefined) return [];
    const bar = bars[name];
    return [
      benchRow({
        id: `${verb} ${name}/cbor-x numbers${bar === undefined ? "" : `, bar ${bar}`}`,
        value: (timing.min / readings) * 1e9,
        unit: "ns/reading",
        baseline: (base.min / readings) * 1e9,
        better: "lower",
        ratio: timesFaster(timing, base),
      }),
    ];
  });
}

/** Encoding and decoding frames of 256 rows of 8 channels, against cbor-x on the same readings as numbers. */
export async function throughputRows(quick: boolean): Promise<readonly BenchRow[]> {
  const values = walk();
  const plain = cborPair(Array.from(values));
  const means = new Float64Array(readings);
  const pairs = Object.fromEntries(
    Object.entries(cases).map(([name, [scheme, coding]]) => [name, codecPair(scheme, coding, values, means)]),
  );
  const anew = { "count packed, new array": codecPair("count", "packed", values) };
  const ours = [
    ...(await against("encode", plain, pairs, quick)),
    ...(await against("decode", plain, { ...pairs, ...anew }, quick)),
  ];
  // Last: once cbor-x has met typed arrays it is slower with numbers.
  const typed = { "cbor-x float32 array": cborPair(Float32Array.from(values)) };
  return [
    ...ours,
    ...(await against("encode", plain, typed, quick)),
    ...(await against("decode", plain, typed, quick)),
  ];
}
