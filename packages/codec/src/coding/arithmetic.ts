import { type CodeLayout, checkVolume } from "./layout.ts";
import { Prediction, smoothings } from "./prediction.ts";
import { RangeDecoder, RangeEncoder, totalShare } from "./range-coder.ts";
import { type LawChoice, paces, ShareModel, starts } from "./share-model.ts";

/** Codes of one channel with their offsets. */
interface Column {
  readonly codes: Uint16Array;
  readonly offsets: Int8Array | undefined;
  readonly top: number;
}

function columnOf(codes: Uint16Array, layout: CodeLayout, offsets: Int8Array | undefined, c: number): Column {
  const stride = layout.channels.length;
  const rows = codes.length / stride;
  const top = layout.channels[c]?.top ?? 0;
  const column = new Uint16Array(rows);
  for (let r = 0; r < rows; r++) column[r] = codes[r * stride + c] as number;
  if (offsets === undefined) return { codes: column, offsets: undefined, top };
  return { codes: column, offsets: Int8Array.from(column, (_, r) => offsets[r * stride + c] as number), top };
}

/** log₂ in 1/64, rounded down, of 1 + i/256: squarings and comparisons only, the same on every platform. */
function makeLogarithms(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, i) => {
    let power = 1 + i / 256;
    let logarithm = 0;
    for (let bit = 0; bit < 6; bit++) {
      power *= power;
      logarithm *= 2;
      if (power >= 2) {
        power /= 2;
        logarithm += 1;
      }
    }
    return logarithm;
  });
}
const logarithms = makeLogarithms();

/** 64·log₂ of a whole number from 1 to 65,536, near enough to choose by. */
function logarithm(value: number): number {
  const exponent = 31 - Math.clz32(value);
  return 64 * exponent + (logarithms[((value << 8) >>> exponent) & 255] as number);
}

const offsetAt = ({ offsets }: Column, aware: boolean, row: number): number =>
  aware && offsets !== undefined ? (offsets[row] as number) : 0;

/** About 64 times the bits that a column takes, given up beyond `limit`. */
function costOf(column: Column, choice: LawChoice, limit: number): number {
  const { codes, top } = column;
  const model = new ShareModel(top, choice);
  let cost = 0;
  for (let r = 0; r < codes.length && cost < limit; r++) {
    const code = codes[r] as number;
    const offset = offsetAt(column, choice.aware, r);
    if (r > 0) {
      model.aim(offset);
      const { shift, topGroup, first, last } = model;
      const group = code >> shift;
      const start = group < first ? 0 : model.below(group > last ? last + 1 : group);
      const end = group > last ? totalShare : model.below(group < first ? first : group + 1);
      cost += 1024 - logarithm(end - start) + 64 * shift;
      if (group < first) cost += logarithm(first);
      else if (group > last) cost += logarithm(topGroup - last);
    }
    model.learn(code * 256 - offset);
  }
  return cost;
}

/** Errors of a column under one smoothing. */
interface Errors {
  readonly smoothing: number;
  /** Σ log₂ of magnitudes, small ones raised to what rounding hides, which rises with the bits that they take. */
  readonly surprise: number;
  /** Start that is nearest to their mean magnitude. */
  readonly start: number;
}

function errorsOf(column: Column, aware: boolean, smoothing: number): Errors {
  const { codes, top } = column;
  const prediction = new Prediction(top, smoothing);
  let surprise = 0;
  let sum = 0;
  for (let r = 0; r < codes.length; r++) {
    const error = prediction.learn((codes[r] as number) * 256 - offsetAt(column, aware, r)) ?? 0;
    const distance = error < 0 ? -error : error;
    sum += distance;
    surprise += logarithm(Math.min(aware ? distance + 64 : Math.max(distance, 128), 65_536));
  }
  const mean = sum / Math.max(1, codes.length - 1);
  // A start stands for 16·2^start; between two the boundary is their geometric mean.
  const start = Math.max(0, Math.min(31 - Math.clz32(mean / 11), starts - 1));
  return { smoothing, surprise, start };
}

/** The smoothings likely to take the fewest bits. */
function likely(column: Column, aware: boolean): readonly Errors[] {
  const all = smoothings.map((_, smoothing) => errorsOf(column, aware, smoothing));
  return all.sort((a, b) => a.surprise - b.surprise).slice(0, finalists);
}

/** Smoothings that are tried in full. */
const finalists = 2;

function choose(column: Column): LawChoice {
  let best: LawChoice = { aware: false, smoothing: 0, pace: 2, start: 0 };
  let least = Number.POSITIVE_INFINITY;
  const consider = (choice: LawChoice): boolean => {
    if (choice.start < 0 || choice.start >= starts || choice.pace < 0 || choice.pace >= paces.length) return false;
    const cost = costOf(column, choice, least);
    if (cost >= least) return false;
    least = cost;
    best = choice;
    return true;
  };
  const aware = column.offsets !== undefined;
  for (const { smoothing, start } of likely(column, aware)) consider({ ...best, aware, smoothing, start });
  // A channel that does better without its offsets mostly stands still, at a code that the last one tells.
  if (aware) consider({ aware: false, smoothing: 0, pace: 2, start: errorsOf(column, false, 0).start });
  for (const way of [-1, 1]) while (consider({ ...best, pace: best.pace + way }));
  for (const way of [-1, 1]) while (consider({ ...best, start: best.start + way }));
  return best;
}

function encodeColumn(encoder: RangeEncoder, column: Column, choice: LawChoice): void {
  const { codes, offsets, top } = column;
  const { aware, smoothing, pace, start } = choice;
  if (offsets !== undefined) encoder.uniform(aware ? 1 : 0, 2);
  encoder.uniform(smoothing, smoothings.length);
  encoder.uniform(pace, paces.length);
  encoder.uniform(start, starts);
  const model = new ShareModel(top, choice);
  for (let r = 0; r < codes.length; r++) {
    const code = codes[r] as number;
    const offset = offsetAt(column, aware, r);
    if (r === 0) encoder.uniform(code, top + 1);
    else {
      model.aim(offset);
      encodeCode(encoder, model, code, top);
    }
    model.learn(code * 256 - offset);
  }
}

function encodeCode(encoder: RangeEncoder, model: ShareModel, code: number, top: number): void {
  const { shift, topGroup, first, last } = model;
  const group = code >> shift;
  if (group < first) {
    encoder.encode(0, model.below(first));
    encoder.uniform(group, first);
  } else if (group > last) {
    const start = model.below(last + 1);
    encoder.encode(start, totalShare - start);
    encoder.uniform(group - last - 1, topGroup - last);
  } else {
    const start = model.below(group);
    encoder.encode(start, model.below(group + 1) - start);
  }
  const lowest = group << shift;
  if (shift > 0) encoder.uniform(code - lowest, Math.min(1 << shift, top - lowest + 1));
}

/**
 * Codes in coding `arithmetic`: channel by channel, every code in as many bits as it is surprising, so that a quiet channel
 * takes less than a bit a reading. Prediction and the law around it have three parameters a channel and frame.
 *
 * @param codes rows × channels, at least one row, none above its channel's top code.
 * @param layout Alphabets.
 * @param offsets Scheme `dither`: what was added before rounding, in 1/256 of a step, −128 to 127, as many as codes. The
 * decoder must have the same. Knowing them saves most of the bits that dither adds (encodings.md, D5).
 * @param limit Undefined is returned instead of a body of this many bytes or more.
 * @returns The body, a new array; or undefined.
 */
export function encodeArithmetic(
  codes: Uint16Array,
  layout: CodeLayout,
  offsets?: Int8Array,
  limit: number = Number.POSITIVE_INFINITY,
): Uint8Array<ArrayBuffer> | undefined {
  const encoder = new RangeEncoder();
  for (let c = 0; c < layout.channels.length; c++) {
    const column = columnOf(codes, layout, offsets, c);
    encodeColumn(encoder, column, choose(column));
    if (encoder.length >= limit) return undefined;
  }
  const body = encoder.finish();
  return body.length < limit ? body : undefined;
}

function decodeGroup(decoder: RangeDecoder, model: ShareModel, offset: number): number {
  let group = model.aim(offset);
  const target = decoder.target();
  const { first, last } = model;
  let start = model.below(first);
  if (target < start) {
    decoder.take(0, start);
    return decoder.uniform(first);
  }
  let end = model.below(last + 1);
  if (target >= end) {
    decoder.take(end, totalShare - end);
    return last + 1 + decoder.uniform(model.topGroup - last);
  }
  // The window holds the target, so both walks end within it.
  start = model.below(group);
  for (; target < start; start = model.below(group)) group -= 1;
  end = model.below(group + 1);
  for (; target >= end; end = model.below(group + 1)) {
    group += 1;
    start = end;
  }
  decoder.take(start, end - start);
  return group;
}

/**
 * The reverse of {@link encodeArithmetic}.
 *
 * @param body What a frame of coding `arithmetic` holds.
 * @param rows Number of rows, at least 1.
 * @param layout Alphabets.
 * @param offsets As the encoder had them.
 * @returns rows × channels codes; a new array, allocated after their number was checked.
 * @throws {@link DecodeError} `range` for too many codes, `length` for bytes that no code needs, `form` for a message that
 * is not the shortest for its codes; offsets count from the body's start.
 */
export function decodeArithmetic(body: Uint8Array, rows: number, layout: CodeLayout, offsets?: Int8Array): Uint16Array {
  const stride = layout.channels.length;
  checkVolume(rows, stride);
  if (offsets !== undefined && offsets.length < rows * stride)
    throw new RangeError(`${offsets.length} offsets for ${rows * stride} codes`);
  const codes = new Uint16Array(rows * stride);
  const decoder = new RangeDecoder(body);
  for (const [c, { top }] of layout.channels.entries()) {
    const known = offsets !== undefined && decoder.uniform(2) === 1 ? offsets : undefined;
    const smoothing = decoder.uniform(smoothings.length);
    const pace = decoder.uniform(paces.length);
    const model = new ShareModel(top, { aware: known !== undefined, smoothing, pace, start: decoder.uniform(starts) });
    for (let i = c; i < codes.length; i += stride) {
      const offset = known === undefined ? 0 : (known[i] as number);
      let code: number;
      if (i === c) code = decoder.uniform(top + 1);
      else {
        const group = decodeGroup(decoder, model, offset);
        const { shift } = model;
        const lowest = group << shift;
        code = shift === 0 ? lowest : lowest + decoder.uniform(Math.min(1 << shift, top - lowest + 1));
      }
      codes[i] = code;
      model.learn(code * 256 - offset);
    }
  }
  decoder.end();
  return codes;
}
