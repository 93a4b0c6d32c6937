import {
  type Coding,
  codings,
  createQuantizer,
  createStream,
  DecodeError,
  type DitherPlace,
  decodeBody,
  decodeFrame,
  defineSchema,
  ditherPlace,
  encodeBody,
  encodeFrame,
  type Frame,
  type Grid,
  type Quantizer,
  uniformGrid,
} from "@zipml/codec";
import { mutate } from "../fuzz/mutate.ts";
import { type Chooser, createChooser } from "../fuzz/random.ts";

/** What became of spoiled frames. */
export interface FuzzCount {
  readonly frames: number;
  readonly decoded: number;
  /** Refusals by coding of the spoiled frame and code of the error, as `rice form`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Longest that one frame took, milliseconds of processor time. */
  readonly longest: number;
  /** Errors of another kind, hexadecimal frames that gave them: there must be none. */
  readonly escapes: readonly string[];
}

interface Sample {
  readonly quantizer: Quantizer;
  readonly coding: Coding;
  readonly bytes: Uint8Array;
}

const device = "fuzz";
const session = 7;

const schema = defineSchema(
  Array.from({ length: 3 }, (_, c) => ({
    name: `c${c}`,
    unit: "1",
    range: [-1, 1] as const,
    role: c === 2 ? ("target" as const) : ("feature" as const),
  })),
);

/** Grids of both schemes and of narrow and wide codes. */
const grids: readonly Grid[] = [
  uniformGrid(schema, { bits: 1, samples: 1, targetBits: 16 }),
  uniformGrid(schema, { bits: 4, samples: 2 }),
  uniformGrid(schema, { bits: 11, samples: 15, targetBits: 5 }),
  uniformGrid(schema, { scheme: "dither", bits: 3 }),
  uniformGrid(schema, { scheme: "dither", bits: 12, targetBits: 16 }),
];

function readings(choose: Chooser, rows: number): Float64Array {
  const decimals = choose.oneIn(2) ? 10 ** choose.below(6) : undefined;
  const pace = choose.pick([0, 0.001, 0.05, 2]);
  const values = new Float64Array(rows * schema.channels.length);
  for (let c = 0; c < schema.channels.length; c++) {
    let value = 2 * (choose.word() / 2 ** 32) - 1;
    for (let i = c; i < values.length; i += schema.channels.length) {
      value = Math.max(-1.2, Math.min(1.2, value + pace * (2 * (choose.word() / 2 ** 32) - 1)));
      values[i] = decimals === undefined ? value : Math.round(value * decimals) / decimals;
    }
  }
  return values;
}

function chanceOf(grid: Grid, sequence: number): DitherPlace | undefined {
  return ditherPlace(grid, { device, session, sequence });
}

/** Times in every unit: when due, late, early, and with intervals that differ. */
function timesOf(choose: Chooser, sequence: number, rows: number): Pick<Frame, "start" | "interval"> {
  if (choose.oneIn(6)) return { start: choose.word(), interval: Array.from({ length: rows - 1 }, () => choose.word()) };
  const interval = choose.pick([0, 40, 1000, 60_000, 3_600_000]);
  const steps = Math.max(0, sequence * rows + choose.pick([0, 2, -1]));
  return { start: steps * interval + choose.pick([0, 0, 7]), interval };
}

function sampleOf(choose: Chooser, grid: Grid, allowed: Coding, sequence: number): Sample {
  const quantizer = createQuantizer(grid);
  const rows = choose.pick([1, 2, 7, 32, 100]);
  const values = readings(choose, rows);
  const place = chanceOf(grid, sequence);
  const { codes } = quantizer.encode(values, place ?? createStream("fuzz", sequence));
  const { coding, body } = encodeBody(
    { codes, place, values: choose.oneIn(3) ? undefined : values },
    quantizer,
    allowed,
  );
  const frame: Frame = { session, sequence, grid: grid.epoch, coding, ...timesOf(choose, sequence, rows), rows, body };
  return { quantizer, coding, bytes: encodeFrame(frame) };
}

/** A spoiled frame: spoiled as a whole, or only in its body, which gets past the envelope more often. */
function spoil(sample: Sample, other: Sample, choose: Chooser): Uint8Array {
  if (choose.oneIn(3)) return mutate(sample.bytes, choose, other.bytes).bytes;
  const frame = decodeFrame(sample.bytes);
  const { body } = mutateBody(frame, decodeFrame(other.bytes), choose);
  const coding = choose.oneIn(4) ? choose.pick(codings) : frame.coding;
  const isRegular = typeof frame.interval === "number";
  // Seldom thousands: what a row costs is the same in all, and few rows leave time for more frames.
  const rows = isRegular && choose.oneIn(4) ? 1 + choose.below(choose.pick([4, 64, 512, 4096])) : frame.rows;
  return encodeFrame({ ...frame, coding, rows, body });
}

function mutateBody(frame: Frame, other: Frame, choose: Chooser): { body: Uint8Array } {
  return { body: mutate(frame.body, choose, other.body).bytes };
}

/** Both storeys, as a receiver runs them. */
function receive(bytes: Uint8Array, quantizer: Quantizer): string {
  let coding = "frame";
  try {
    const frame = decodeFrame(bytes);
    coding = frame.coding;
    const again = encodeFrame(frame);
    if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i]))
      throw new RangeError("two spellings");
    const place = ditherPlace(quantizer.grid, { device, session: frame.session, sequence: frame.sequence });
    const decoded = decodeBody(frame, quantizer, place);
    const numbers = decoded.kind === "codes" ? decoded.codes : decoded.values;
    if (numbers.length !== frame.rows * quantizer.channels.length) throw new RangeError("another number of readings");
    if (decoded.kind === "values" && !decoded.values.every(Number.isFinite)) throw new RangeError("no number");
    return "";
  } catch (error) {
    if (error instanceof DecodeError) return `${coding} ${error.code}`;
    throw error;
  }
}

/**
 * Decodes spoiled frames of every scheme and coding.
 *
 * @param bounds Number of frames, and seconds after which it stops early.
 */
export function fuzzCodec(bounds: {
  readonly frames: number;
  readonly seconds: number;
  readonly seed: number;
}): FuzzCount {
  const choose = createChooser(bounds.seed);
  const samples = grids.flatMap((grid, g) =>
    codings.flatMap((allowed, c) =>
      Array.from({ length: 6 }, (_, i) => sampleOf(choose, grid, allowed, 100 * g + 10 * c + i)),
    ),
  );
  const refused = new Map<string, number>();
  const escapes: string[] = [];
  const begun = performance.now();
  let frames = 0;
  let decoded = 0;
  let longest = 0;
  for (; frames < bounds.frames; frames++) {
    if (frames % 1024 === 0 && performance.now() - begun > 1000 * bounds.seconds) break;
    const sample = choose.pick(samples);
    const bytes = spoil(sample, choose.pick(samples), choose);
    const started = process.cpuUsage();
    try {
      const fault = receive(bytes, sample.quantizer);
      if (fault === "") decoded += 1;
      else refused.set(fault, (refused.get(fault) ?? 0) + 1);
    } catch (error) {
      escapes.push(`${String(error)}: ${Buffer.from(bytes).toString("hex")}`);
    }
    const { user, system } = process.cpuUsage(started);
    longest = Math.max(longest, (user + system) / 1000);
  }
  return { frames, decoded, refused: Object.fromEntries([...refused].sort()), longest, escapes };
}
