import { DecodeError } from "./errors.ts";

/** Major type of a whole number. */
export const unsigned = 0 as const;
/** Major type of a negative whole number, −1 − argument. */
export const negative = 1 as const;

/** A CBOR number. */
export interface NumberItem {
  readonly major: typeof unsigned | typeof negative;
  readonly argument: number;
}

/** A CBOR number that was read, and where. */
export interface ReadItem extends NumberItem {
  readonly offset: number;
}

/** When the rows of a frame were taken, and what else its head tells that by. Times in ms. */
export interface RegularTime {
  readonly sequence: number;
  readonly rows: number;
  /** Of the first row, from the session's start. */
  readonly start: number;
  /** From each row to the next. */
  readonly interval: number;
}

/** 2⁵² − 1: with 65,534 intervals of 2³² − 1 on top, every row time is still a whole number that a double holds. */
export const maxStart = 0xfffffffffffff;
const maxInterval = 0xffffffff;

/** What an interval may be a whole number of, in ms. */
const units: readonly [second: number, minute: number, hour: number] = [1000, 60_000, 3_600_000];

/** Whether an interval is told in {@link units}, and the start in intervals. */
function isCounted(start: number, interval: number): boolean {
  return interval > 0 && interval % units[0] === 0 && start % interval === 0;
}

/** Place of the largest unit that divides an interval of whole seconds. */
function unitOf(interval: number): 0 | 1 | 2 {
  if (interval % units[2] === 0) return 2;
  return interval % units[1] === 0 ? 1 : 0;
}

/** When the frame would start if all before it had as many rows; 0 where nothing follows from that. */
function expectedStart(sequence: number, rows: number, interval: number): number {
  return sequence * rows * interval;
}

/** The heads t0 and dt of a frame whose rows are equally far apart (docs/wire-format.md, section 3). */
export function tellTime(time: RegularTime): { readonly t0: NumberItem; readonly dt: NumberItem } {
  const { sequence, rows, start, interval } = time;
  const counted = isCounted(start, interval);
  const step = counted ? interval : 1;
  const expected = expectedStart(sequence, rows, interval);
  const isAfter = expected > 0 && start >= expected;
  const t0 = { major: isAfter ? negative : unsigned, argument: (isAfter ? start - expected : start) / step };
  if (!counted) return { t0, dt: { major: unsigned, argument: interval } };
  const unit = unitOf(interval);
  return { t0, dt: { major: negative, argument: 3 * (interval / units[unit] - 1) + unit } };
}

function readInterval({ major, argument, offset }: ReadItem): number {
  if (major === unsigned) return argument;
  const unit = (argument % 3) as 0 | 1 | 2;
  const interval = ((argument - unit) / 3 + 1) * units[unit];
  if (interval > maxInterval) throw new DecodeError("range", `dt: ${interval} ms is above ${maxInterval}`, offset);
  if (unitOf(interval) !== unit) throw new DecodeError("form", "dt: not in the largest unit that divides it", offset);
  return interval;
}

/**
 * The reverse of {@link tellTime}.
 *
 * @param t0 Argument 0 … 2⁵² − 1.
 * @param dt Argument 0 … 2³² − 1 where it is `unsigned`.
 * @throws {@link DecodeError} `range` for a time that no frame has, `form` for one that is told otherwise than it must be.
 */
export function readTime(
  t0: ReadItem,
  dt: ReadItem,
  { sequence, rows }: Pick<RegularTime, "sequence" | "rows">,
): Pick<RegularTime, "start" | "interval"> {
  const interval = readInterval(dt);
  const expected = expectedStart(sequence, rows, interval);
  // Beyond 2⁵³ these are rounded, and out of range all the same.
  const start = (t0.major === negative ? expected : 0) + t0.argument * (dt.major === negative ? interval : 1);
  if (start > maxStart) throw new DecodeError("range", `t0: ${start} ms is above ${maxStart}`, t0.offset);
  if ((t0.major === negative) !== (expected > 0 && start >= expected))
    throw new DecodeError("form", `t0: ${start} ms, counted from the wrong time`, t0.offset);
  if (dt.major === unsigned && isCounted(start, interval))
    throw new DecodeError("form", `dt: ${interval} ms where a unit serves`, dt.offset);
  return { start, interval };
}
