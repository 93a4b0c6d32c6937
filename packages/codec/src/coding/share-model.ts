import { Prediction } from "./prediction.ts";
import { totalShare } from "./range-coder.ts";

/**
 * Shares of the codes around a prediction: a law between the two-sided exponential and the logistic, as wide as the errors
 * were of late, integrated over each code's step, in whole numbers so that encoder and decoder agree on every platform. Positions are in 1/256 of a step.
 */

/** Codes, or groups of them, that have a share of their own on each side of the one predicted. */
const reach = 64;
/** What is left for the law once every code of the window and both sides beyond it have one share each. */
const lawShare = totalShare - (2 * reach + 2);

/** After 16 halvings no share is left. */
const tailLength = 16 * 256;

/** 65,536·2^(−i/256), rounded to the nearest whole number. */
function makeOdds(): readonly number[] {
  // Roots are rounded correctly on every platform, powers are not; no product comes near enough to a half to matter.
  const roots: number[] = [];
  for (let root = Math.sqrt(0.5), bit = 7; bit >= 0; bit--, root = Math.sqrt(root)) roots[bit] = root;
  return Array.from({ length: 256 }, (_, i) =>
    Math.round(roots.reduce((product, root, bit) => ((i >> bit) & 1 ? product * root : product), totalShare)),
  );
}
/** Odds that an error lies beyond a distance, in 1/256 of a halving, up to one halving; in parts of 65,536. */
export const odds: readonly number[] = Object.freeze(makeOdds());

/** Shares beyond a distance, in 1/256 of a halving of the odds. */
function makeTails(): Uint16Array {
  return Uint16Array.from({ length: tailLength }, (_, i) => {
    const against = Math.floor((odds[i & 255] as number) / 2 ** (i >> 8));
    return Math.floor((2 * lawShare * against) / (3 * totalShare + against));
  });
}
const tails: Readonly<Uint16Array> = makeTails();

/** By pace: the mean magnitude of the errors follows them by 2^−(this). */
export const paces: readonly number[] = Object.freeze([2, 4, 5, 7]);
/** Starts: the errors' mean magnitude is 2^(start − 4) steps at first. */
export const starts = 16;

const step = 256;
/** The odds fall to a half within 4/7 of the width: 7·2^19, for distances in 1/256 and the rate's 1/2,048. */
const halving = 7 * 2 ** 19;
/** Magnitudes are kept in 1/64 of a position's unit, up to 2^15 steps: their squares stay exact below. */
const mostMagnitude = 2 ** 29;
/** The mean error that rounding alone leaves is a quarter of a step; here in 1/1,024 of a step, squared. */
const rounding = 256 * 256;
/** Least width where the offsets are used, in 1/1,024 of a step. */
const leastWidth = 64;
/** What is added to the width elsewhere: errors are then whole steps or none, and rare ones must not be impossible. */
const addedWidth = 128;

/** What a channel's law depends on in one frame. */
export interface LawChoice {
  /** Whether the offsets known to both ends are used. */
  readonly aware: boolean;
  /** Number of the smoothing, 0 to 7. */
  readonly smoothing: number;
  /** 0 to 3. */
  readonly pace: number;
  /** 0 to 15. */
  readonly start: number;
}

/** Prediction and shares of one channel, value after value. */
export class ShareModel {
  readonly #prediction: Prediction;
  readonly #pace: number;
  readonly #aware: boolean;
  readonly #top: number;
  /** Mean magnitude of the errors of late. */
  #magnitude: number;
  #rate = 0;
  /** Where the step of code 0 begins, from the prediction. */
  #origin = 0;
  /** Codes of a group: 2^shift. Wide laws give shares to groups, codes within are equally likely. */
  shift = 0;
  /** Last group of the alphabet. */
  topGroup = 0;
  /** First and last group with a share of its own. */
  first = 0;
  last = 0;

  /**
   * @param top Largest code.
   * @param choice What the frame says of the channel.
   */
  constructor(top: number, { aware, smoothing, pace, start }: LawChoice) {
    this.#aware = aware;
    this.#prediction = new Prediction(top, smoothing);
    this.#pace = paces[pace] as number;
    this.#top = top;
    this.#magnitude = 2 ** (start + 10);
  }

  /** Takes a decoded position, 256·code − offset, into prediction and width. */
  learn(position: number): void {
    const error = this.#prediction.learn(position);
    if (error === undefined) return;
    // One glitch must not cost the rows after it more than itself.
    const distance = Math.min(error < 0 ? -error : error, (this.#magnitude >> 3) + step);
    const magnitude = this.#magnitude + ((64 * distance - this.#magnitude) >> this.#pace);
    this.#magnitude = magnitude < mostMagnitude ? magnitude : mostMagnitude;
  }

  /** Of the law, in 1/1,024 of a step, less than 2^26. */
  #width(): number {
    const mean = this.#magnitude >> 4;
    if (!this.#aware) return mean + addedWidth;
    return Math.max(leastWidth, Math.floor(Math.sqrt(Math.max(0, mean * mean - rounding))));
  }

  /**
   * Puts the law and its window around the prediction.
   *
   * @param offset What was added to the next value before rounding, in 1/256 of a step; 0 where nothing was.
   * @returns The group predicted.
   */
  aim(offset: number): number {
    const width = this.#width();
    const shift = Math.max(0, 18 - Math.clz32(width));
    this.shift = shift;
    this.#rate = Math.floor((halving * (1 << shift)) / width);
    const { next } = this.#prediction;
    this.#origin = -128 - offset - next;
    const topGroup = this.#top >> shift;
    this.topGroup = topGroup;
    const group = Math.max(0, Math.min((next + offset + 128) >> (8 + shift), topGroup));
    this.first = Math.max(0, group - reach);
    this.last = Math.min(topGroup, group + reach - 1);
    return group;
  }

  /**
   * Shares below a group of the window, or below the one after it; what lies under the first and above the last is left to
   * the groups outside.
   */
  below(group: number): number {
    if (group === 0) return 0;
    if (group > this.topGroup) return totalShare;
    const edge = (group * (256 << this.shift) + this.#origin) >> this.shift;
    const halvings = ((edge < 0 ? -edge : edge) * this.#rate) >> 11;
    const tail = halvings < tailLength ? (tails[halvings] as number) : 0;
    return (edge < 0 ? tail : lawShare - tail) + 1 + group - this.first;
  }
}
