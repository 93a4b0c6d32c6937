import { DecodeError } from "../errors.ts";
import { decodeArithmetic, encodeArithmetic } from "./arithmetic.ts";
import { BitReader, BitWriter } from "./bits.ts";
import { type CodeLayout, checkVolume } from "./layout.ts";
import { decodeRice, encodeRice } from "./rice.ts";

/** Most decimal places: ten to that power is still a whole number that a double holds exactly. */
const maxPlaces = 15;
const placesBits = 4;
/** Bits of a channel's width, 0 for one that stands still, up to 16. */
const widthBits = 5;
const maxWidth = 16;
const powers: readonly number[] = Object.freeze(Array.from({ length: maxPlaces + 1 }, (_, e) => 10 ** e));

/** The readings of one channel in one frame: (lowest + unit·code) / 10^places. */
interface Decimals {
  readonly places: number;
  readonly lowest: number;
  readonly unit: number;
  /** Width of the codes. */
  readonly bits: number;
}

/** Fewest places with which every reading is a whole number, or undefined. */
function placesOf(values: Float64Array, channel: number, stride: number): number | undefined {
  let places = 0;
  for (let i = channel; i < values.length; i += stride) {
    const value = values[i] as number;
    for (; ; places++) {
      const power = powers[places];
      if (power === undefined) return undefined;
      const whole = Math.round(value * power);
      // Checked by the very division that decodes it.
      if (Number.isSafeInteger(whole) && whole / power === value) break;
    }
  }
  return places;
}

function greatestDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/** Whether every code of the width stands for a whole number that a double holds, and so does every step to it. */
function fits(lowest: number, unit: number, bits: number): boolean {
  const span = unit * (2 ** bits - 1);
  return Number.isSafeInteger(span) && Number.isSafeInteger(lowest + span);
}

/** Decimals of a channel, and its codes written into `codes`; undefined where there are none of 16 bits. */
function decimalsOf(values: Float64Array, channel: number, stride: number, codes: Uint16Array): Decimals | undefined {
  const places = placesOf(values, channel, stride);
  if (places === undefined) return undefined;
  const power = powers[places] as number;
  const wholeAt = (i: number): number => Math.round((values[i] as number) * power);
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let unit = 0;
  for (let i = channel; i < values.length; i += stride) {
    const whole = wholeAt(i);
    if (whole < lowest) lowest = whole;
    if (whole > highest) highest = whole;
    // Once it is 1 it stays, which spares most of the work.
    if (unit !== 1 && i > channel) unit = greatestDivisor(Math.abs(whole - wholeAt(channel)), unit);
  }
  if (!Number.isSafeInteger(highest - lowest)) return undefined;
  unit = Math.max(1, unit);
  const top = (highest - lowest) / unit;
  if (top >= 2 ** maxWidth) return undefined;
  const bits = 32 - Math.clz32(top);
  if (!fits(lowest, unit, bits)) return undefined;
  for (let i = channel; i < values.length; i += stride) codes[i] = (wholeAt(i) - lowest) / unit;
  return { places, lowest: lowest + 0, unit, bits };
}

/** The channels that move, as an alphabet each. */
function layoutOf(decimals: readonly Decimals[]): CodeLayout {
  return { channels: decimals.flatMap(({ bits }) => (bits === 0 ? [] : [{ bits, top: 2 ** bits - 1 }])) };
}

function movingCodes(codes: Uint16Array, decimals: readonly Decimals[]): Uint16Array {
  const stride = decimals.length;
  return codes.filter((_, i) => (decimals[i % stride] as Decimals).bits > 0);
}

function writeHead(decimals: readonly Decimals[], arithmetic: boolean): Uint8Array {
  const writer = new BitWriter();
  writer.put(arithmetic ? 1 : 0, 1);
  for (const { places, lowest, unit, bits } of decimals) {
    writer.put(places, placesBits);
    writer.put(bits, widthBits);
    writer.put(lowest < 0 ? 1 : 0, 1);
    writer.putNumber(Math.abs(lowest));
    if (bits === 0) continue;
    writer.put(unit > 1 ? 1 : 0, 1);
    if (unit > 1) writer.putNumber(unit);
  }
  return writer.finish();
}

/**
 * Readings in coding `exact`: those of a channel as whole numbers of a common unit above the frame's lowest, with decimal
 * places and unit of their own in each frame, and these numbers in coding `rice` or `arithmetic`. A zero's sign is not kept.
 *
 * @param values rows × channels finite readings, at least one row.
 * @param channels Their number.
 * @param limit Undefined is returned instead of a body of this many bytes or more.
 * @param cheap Leaves out coding `arithmetic`.
 * @returns The body, a new array; or undefined, also for readings that are no decimal numbers of at most 15 places or whose
 * whole numbers take more than 16 bits.
 */
export function encodeExact(
  values: Float64Array,
  channels: number,
  limit: number = Number.POSITIVE_INFINITY,
  cheap = false,
): Uint8Array<ArrayBuffer> | undefined {
  const all = new Uint16Array(values.length);
  const decimals: Decimals[] = [];
  for (let c = 0; c < channels; c++) {
    const found = decimalsOf(values, c, channels, all);
    if (found === undefined) return undefined;
    decimals.push(found);
  }
  const layout = layoutOf(decimals);
  const codes = movingCodes(all, decimals);
  const head = writeHead(decimals, false);
  const room = limit - head.length;
  if (layout.channels.length === 0) return room > 0 ? Uint8Array.from(head) : undefined;
  const rice = encodeRice(codes, layout, room);
  const shorter = cheap ? undefined : encodeArithmetic(codes, layout, undefined, rice?.length ?? room);
  const rest = shorter ?? rice;
  if (rest === undefined) return undefined;
  return Uint8Array.from([...(shorter === undefined ? head : writeHead(decimals, true)), ...rest]);
}

function readChannel(reader: BitReader, channel: number): Decimals {
  const places = reader.take(placesBits);
  const bits = reader.take(widthBits);
  if (bits > maxWidth) throw new DecodeError("range", `channel ${channel}: codes of ${bits} bits`, 0);
  const negative = reader.take(1) === 1;
  const magnitude = reader.takeNumber();
  if (negative && magnitude === 0) throw new DecodeError("form", `channel ${channel}: a zero with a sign`, 0);
  const lowest = negative ? -magnitude : magnitude;
  if (bits === 0) return { places, lowest, unit: 1, bits };
  const unit = reader.take(1) === 1 ? reader.takeNumber() : 1;
  if (unit === 0 || !fits(lowest, unit, bits))
    throw new DecodeError("range", `channel ${channel}: numbers from ${lowest} in units of ${unit}`, 0);
  return { places, lowest, unit, bits };
}

/** Fewest bits of a channel's head. */
const leastBits = placesBits + widthBits + 1 + 6;

/**
 * The reverse of {@link encodeExact}.
 *
 * @param body What a frame of coding `exact` holds.
 * @param rows Number of rows, at least 1.
 * @param channels Number of channels.
 * @returns rows × channels readings; a new array, allocated after their number was checked.
 * @throws {@link DecodeError} as `decodeRice` and `decodeArithmetic` do; `range` for numbers beyond ±(2⁵³ − 1).
 */
export function decodeExact(body: Uint8Array, rows: number, channels: number): Float64Array {
  checkVolume(rows, channels);
  if (body.length * 8 < 1 + channels * leastBits)
    throw new DecodeError("length", `a body of ${body.length} bytes where ${channels} channels start`, 0);
  const reader = new BitReader(body);
  const arithmetic = reader.take(1) === 1;
  const decimals = Array.from({ length: channels }, (_, c) => readChannel(reader, c));
  const rest = reader.rest();
  const layout = layoutOf(decimals);
  const codes = decodeRest(rest, rows, layout, arithmetic, body.length - rest.length);
  const values = new Float64Array(rows * channels);
  for (let i = 0, next = 0; i < values.length; i++) {
    const { places, lowest, unit, bits } = decimals[i % channels] as Decimals;
    values[i] = (lowest + (bits === 0 ? 0 : unit * (codes[next++] as number))) / (powers[places] as number);
  }
  return values;
}

function decodeRest(
  rest: Uint8Array,
  rows: number,
  layout: CodeLayout,
  arithmetic: boolean,
  before: number,
): Uint16Array {
  if (layout.channels.length === 0 && arithmetic) throw new DecodeError("form", "a coding where nothing moves", 0);
  try {
    return arithmetic ? decodeArithmetic(rest, rows, layout) : decodeRice(rest, rows, layout);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new DecodeError(error.code, error.message.replace(/ \(at byte \d+\)$/, ""), before + error.offset);
  }
}
