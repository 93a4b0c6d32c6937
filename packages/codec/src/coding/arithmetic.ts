import { type CodeLayout, checkVolume } from "./layout.ts";
import { RangeDecoder, RangeEncoder, totalShare } from "./range-coder.ts";
import { gains, ShareModel, scales } from "./share-model.ts";

/** How a channel is coded in one frame. */
interface Choice {
  /** Whether the offsets known to both ends are used. */
  readonly aware: boolean;
  readonly gain: number;
  readonly scale: number;
}

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

/** About 64 times the bits that a column takes, given up beyond `limit`. */
function costOf({ codes, offsets, top }: Column, { aware, gain, scale }: Choice, limit: number): number {
  const model = new ShareModel(top, gain, scale);
  const { shift, topGroup } = model;
  let cost = 0;
  for (let r = 0; r < codes.length && cost < limit; r++) {
    const code = codes[r] as number;
    const offset = aware && offsets !== undefined ? (offsets[r] as number) : 0;
    if (r > 0) {
      model.aim(offset);
      const group = code >> shift;
      const start = group < model.first ? 0 : model.below(group > model.last ? model.last + 1 : group);
      const end = group > model.last ? totalShare : model.below(group < model.first ? model.first : group + 1);
      cost += 1024 - logarithm(end - start) + 64 * shift;
      if (group < model.first) cost += logarithm(model.first);
      else if (group > model.last) cost += logarithm(topGroup - model.last);
    }
    model.learn(code * 256 - offset);
  }
  return cost;
}

/** The scale at which a law has the errors' mean magnitude, roughly. */
function scaleOf({ codes, offsets }: Column, aware: boolean, gain: number): number {
  const weight = gains[gain] as number;
  let prediction = 0;
  let sum = 0;
  for (let r = 0; r < codes.length; r++) {
    const offset = aware && offsets !== undefined ? (offsets[r] as number) : 0;
    const error = (codes[r] as number) * 256 - offset - prediction;
    if (r > 0) sum += Math.abs(error);
    prediction += (error * Math.max(weight, Math.floor(128 / (r + 1)))) / 128;
  }
  // A law's mean magnitude is 1.44 times its half-width; errors hold up to a quarter of a step of rounding beside it.
  const halfWidth = Math.max(0, (sum / Math.max(1, codes.length - 1)) * 0.7 - 32);
  let scale = 0;
  for (let square = 362; scale < scales - 1 && halfWidth * halfWidth > square; square *= 2) scale++;
  return scale;
}

function choose(column: Column): Choice {
  let best: Choice = { aware: false, gain: 0, scale: 0 };
  let least = Number.POSITIVE_INFINITY;
  const consider = (choice: Choice): boolean => {
    if (choice.scale < 0 || choice.scale >= scales) return false;
    const cost = costOf(column, choice, least);
    if (cost >= least) return false;
    least = cost;
    best = choice;
    return true;
  };
  for (const aware of column.offsets === undefined ? [false] : [true, false])
    for (let gain = 0; gain < gains.length; gain++) consider({ aware, gain, scale: scaleOf(column, aware, gain) });
  for (const direction of [-1, 1]) while (consider({ ...best, scale: best.scale + direction }));
  return best;
}

function encodeColumn(encoder: RangeEncoder, column: Column, { aware, gain, scale }: Choice): void {
  const { codes, offsets, top } = column;
  if (offsets !== undefined) encoder.uniform(aware ? 1 : 0, 2);
  encoder.uniform(gain, gains.length);
  encoder.uniform(scale, scales);
  const model = new ShareModel(top, gain, scale);
  const { shift, topGroup } = model;
  for (let r = 0; r < codes.length; r++) {
    const code = codes[r] as number;
    const offset = aware && offsets !== undefined ? (offsets[r] as number) : 0;
    if (r === 0) encoder.uniform(code, top + 1);
    else {
      model.aim(offset);
      const group = code >> shift;
      if (group < model.first) {
        encoder.encode(0, model.below(model.first));
        encoder.uniform(group, model.first);
      } else if (group > model.last) {
        const start = model.below(model.last + 1);
        encoder.encode(start, totalShare - start);
        encoder.uniform(group - model.last - 1, topGroup - model.last);
      } else {
        const start = model.below(group);
        encoder.encode(start, model.below(group + 1) - start);
      }
      const lowest = group << shift;
      if (shift > 0) encoder.uniform(code - lowest, Math.min(1 << shift, top - lowest + 1));
    }
    model.learn(code * 256 - offset);
  }
}

/**
 * Codes in coding `arithmetic`: channel by channel, every code in as many bits as it is surprising, so that a quiet channel
 * takes less than a bit a reading. The law around the prediction has two parameters a channel, chosen for the fewest bits.
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
    const gain = decoder.uniform(gains.length);
    const model = new ShareModel(top, gain, decoder.uniform(scales));
    const { shift } = model;
    for (let i = c; i < codes.length; i += stride) {
      const offset = known === undefined ? 0 : (known[i] as number);
      let code: number;
      if (i === c) code = decoder.uniform(top + 1);
      else {
        const lowest = decodeGroup(decoder, model, offset) << shift;
        code = shift === 0 ? lowest : lowest + decoder.uniform(Math.min(1 << shift, top - lowest + 1));
      }
      codes[i] = code;
      model.learn(code * 256 - offset);
    }
  }
  decoder.end();
  return codes;
}
