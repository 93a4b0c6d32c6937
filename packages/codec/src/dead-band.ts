import { GridError } from "./errors.ts";
import type { ChannelGrid } from "./grid.ts";

/** When a channel's reading is told anew, in the channel's unit. */
export interface DeadBand {
  /** How far what was told last may lie from a reading that is told so again; 0 tells every reading as it is. */
  readonly threshold: number;
  /** What is told anew is the nearest multiple of it, at most twice the threshold. Default: the reading as it is. */
  readonly resolution?: number;
}

/** Dead bands by channel, or thresholds alone; a channel that is not named is told as it is read. */
export type DeadBands = Readonly<Record<string, number | DeadBand>>;

/** What a {@link DeadBandError} found wrong. */
export type DeadBandErrorCode = "channel" | "threshold" | "resolution";

/** A dead band that can't be: thrown when it is made, before any reading. */
export class DeadBandError extends RangeError {
  readonly code: DeadBandErrorCode;
  /** Name of the channel. */
  readonly channel: string;

  /**
   * @param code What of it is at fault.
   * @param message What was wrong and what is allowed.
   * @param channel Name of the channel.
   */
  constructor(code: DeadBandErrorCode, message: string, channel: string) {
    super(`dead band of channel ${JSON.stringify(channel)}: ${message}`);
    this.name = "DeadBandError";
    this.code = code;
    this.channel = channel;
  }
}

/** Holds what is told of a channel until its readings have moved: report by exception, send on change. */
export interface DeadBandFilter {
  /**
   * What is told of the next row: of each channel the value told before as long as that is within the threshold of the
   * reading, else the reading, rounded to the resolution where there is one. The first row is always told anew.
   *
   * @param values One finite reading a channel, in the schema's order; not kept.
   * @returns As many values, each within the threshold of its reading but for the rounding of doubles; a new array.
   */
  tell(values: Float64Array): Float64Array;
}

/** Most decimal places that are looked for: ten to that power is a whole number that a double holds exactly. */
const mostPlaces = 15;

/** Gives n times a step, as the double nearest to the decimal number where the step is one: 3 times 0.1 is 0.3. */
function multiplesOf(step: number): (n: number) => number {
  for (let places = 0; places <= mostPlaces; places++) {
    const power = 10 ** places;
    const unit = Math.round(step * power);
    if (!Number.isSafeInteger(unit) || unit / power !== step) continue;
    return (n) => (Number.isSafeInteger(n * unit) ? (n * unit) / power : n * step) + 0; // no zero has a sign
  }
  return (n) => n * step + 0;
}

/** The multiple of a step that is nearest to a value; the value itself where doubles lie further apart than steps. */
function rounderTo(step: number): (value: number) => number {
  const multiple = multiplesOf(step);
  return (value) => {
    const n = Math.round(value / step);
    return Number.isSafeInteger(n) ? multiple(n) : value;
  };
}

class ChannelBand {
  readonly #threshold: number;
  readonly #rounded: ((value: number) => number) | undefined;
  #told = Number.NaN; // further than any threshold from everything

  constructor({ threshold, resolution }: DeadBand) {
    this.#threshold = threshold;
    this.#rounded = resolution === undefined ? undefined : rounderTo(resolution);
  }

  tell(value: number): number {
    if (!(Math.abs(value - this.#told) <= this.#threshold)) this.#told = this.#rounded?.(value) ?? value;
    return this.#told;
  }
}

function bandOf(name: string, given: number | DeadBand): DeadBand {
  const band = typeof given === "number" ? { threshold: given } : given;
  const { threshold, resolution } = band;
  if (!(threshold >= 0 && Number.isFinite(threshold)))
    throw new DeadBandError("threshold", `a threshold is a finite number from 0, not ${threshold}`, name);
  if (resolution !== undefined && !(resolution > 0 && resolution <= 2 * threshold))
    throw new DeadBandError(
      "resolution",
      `a resolution is above 0 and at most twice the threshold, here ${2 * threshold}, not ${resolution}`,
      name,
    );
  return band;
}

/**
 * A dead band in front of an encoder. What it makes of readings is **biased**, by at most the threshold, and depends on
 * the readings before: no estimator corrects for it, whatever the scheme.
 *
 * @example
 * ```ts
 * const filter = createDeadBand(schema, { temperature: 0.1, pressure: { threshold: 0.5, resolution: 0.25 } });
 * const told = filter.tell(orderRow(schema, { temperature: 21.4, pressure: 1013.2 }));
 * ```
 *
 * @param schema Gives the channels and their order.
 * @param bands By name of a channel.
 * @throws {@link DeadBandError} for a channel that the schema lacks, for a threshold that is negative or not finite, and
 * for a resolution that is not above 0 or more than twice the threshold.
 */
export function createDeadBand(
  schema: { readonly channels: readonly { readonly name: string }[] },
  bands: DeadBands,
): DeadBandFilter {
  const names = schema.channels.map(({ name }) => name);
  const unknown = Object.keys(bands).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new DeadBandError("channel", `there is no such channel; there is ${names.join(", ")}`, unknown);
  const filters = names.map((name) => {
    const given = Object.hasOwn(bands, name) ? bands[name] : undefined;
    return given === undefined ? undefined : new ChannelBand(bandOf(name, given));
  });
  return { tell: (values) => values.map((value, c) => filters[c]?.tell(value) ?? value) };
}

/**
 * Levels on the multiples of a dead band's resolution, with one draw: under scheme `count` a value on a level has but one
 * code, so that what is told arrives as it is, and in coding `arithmetic` a channel that stands still takes next to nothing.
 * Where another estimator than `naive` is to learn from the channel, take coding `exact` on any grid instead.
 *
 * @param range Of the channel: as in its schema.
 * @param resolution Above 0, of the range at least 1/65,535.
 * @returns Width, one draw and uniform levels; the highest may lie above the range.
 * @throws `GridError` with code `grid` for a resolution that is not above 0, and for a range that has more multiples than
 * there are codes of 16 bits.
 */
export function deadBandGrid([low, high]: readonly [low: number, high: number], resolution: number): ChannelGrid {
  if (!(resolution > 0 && Number.isFinite(resolution)))
    throw new GridError("grid", `a resolution is a finite number above 0, not ${resolution}`);
  const first = Math.round(low / resolution);
  const intervals = Math.max(1, Math.round(high / resolution) - first);
  const bits = Math.ceil(Math.log2(intervals + 1));
  if (!(bits <= 16))
    throw new GridError(
      "grid",
      `from ${low} to ${high} there are ${intervals + 1} multiples of ${resolution}, not 2 to 65536`,
    );
  const multiple = multiplesOf(resolution);
  const levels = { kind: "uniform", low: multiple(first), high: multiple(first + 2 ** bits - 1) } as const;
  return { bits, samples: 1, levels };
}
