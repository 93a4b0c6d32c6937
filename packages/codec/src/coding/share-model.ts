import { totalShare } from "./range-coder.ts";

/**
 * Shares of the codes around a prediction: a two-sided geometric law, integrated over each code's step, in whole numbers
 * so that encoder and decoder agree on every platform. Positions and predictions are in 1/256 of a step.
 */

/** Codes, or groups of them, that have a share of their own on each side of the one predicted. */
const reach = 64;
/** What is left for the law once every code of the window and both sides beyond it have one share each. */
const lawShare = totalShare - (2 * reach + 2);
const half = lawShare / 2;

/** half · 2^(−i/256), rounded to the nearest whole number. */
function makeTails(): Uint16Array {
  // Roots are rounded correctly on every platform, powers are not; no product comes near enough to a half to matter.
  const roots: number[] = [];
  for (let root = Math.sqrt(0.5), bit = 7; bit >= 0; bit--, root = Math.sqrt(root)) roots[bit] = root;
  return Uint16Array.from({ length: 256 }, (_, i) =>
    Math.round(roots.reduce((product, root, bit) => ((i >> bit) & 1 ? product * root : product), half)),
  );
}
/** Shares beyond a distance, in 1/256 of a halving, up to one halving. */
export const tails: Readonly<Uint16Array> = makeTails();

/** 2^(14 − i/2): 1/256 halvings a 1/256 step, times 1,024, at scale i. */
const rates = [16384, 11585, 8192, 5793, 4096, 2896, 2048, 1448, 1024, 724, 512, 362, 256, 181, 128, 91] as const;

/** Scales: the law halves every 2^((scale − 8)/2) steps. */
export const scales = 32;
/** Weights in 1/128 of a new position in the prediction, by the gain's number. */
export const gains: readonly number[] = Object.freeze([128, 96, 64, 44, 30, 18, 8, 2]);

/** Prediction and shares of one channel, value after value. */
export class ShareModel {
  readonly #gain: number;
  readonly #shift: number;
  readonly #rate: number;
  readonly #topGroup: number;
  #prediction = 0;
  #seen = 0;
  /** Where the step of code 0 begins, from the prediction. */
  #origin = 0;
  /** First and last group with a share of its own. */
  first = 0;
  last = 0;

  /**
   * @param top Largest code.
   * @param gain Number of the gain, 0 to 7.
   * @param scale 0 to 31. Wide laws give shares to groups of 2^shift codes, equally likely within.
   */
  constructor(top: number, gain: number, scale: number) {
    this.#gain = gains[gain] as number;
    this.#shift = scale < 16 ? 0 : (scale - 14) >> 1;
    this.#rate = rates[scale - 2 * this.#shift] as number;
    this.#topGroup = top >> this.#shift;
  }

  /** Codes of a group: 2^shift. */
  get shift(): number {
    return this.#shift;
  }

  get topGroup(): number {
    return this.#topGroup;
  }

  /** Takes a decoded position, 256·code − offset, into the prediction. */
  learn(position: number): void {
    this.#seen += 1;
    // At first the mean of what was seen, as long as that weighs more.
    const gain = Math.max(this.#gain, Math.floor(128 / this.#seen));
    this.#prediction = gain === 128 ? position : this.#prediction + (((position - this.#prediction) * gain) >> 7);
  }

  /**
   * Puts the window around the prediction.
   *
   * @param offset What was added to the next value before rounding, in 1/256 of a step; 0 where nothing was.
   * @returns The group predicted.
   */
  aim(offset: number): number {
    this.#origin = -128 - offset - this.#prediction;
    const expected = (this.#prediction + offset + 128) >> (8 + this.#shift);
    const group = Math.max(0, Math.min(expected, this.#topGroup));
    this.first = Math.max(0, group - reach);
    this.last = Math.min(this.#topGroup, group + reach - 1);
    return group;
  }

  /**
   * Shares below a group of the window, or below the one after it; what lies under the first and above the last is left to
   * the groups outside.
   */
  below(group: number): number {
    if (group === 0) return 0;
    if (group > this.#topGroup) return totalShare;
    const edge = (group * (256 << this.#shift) + this.#origin) >> this.#shift;
    const halvings = ((edge < 0 ? -edge : edge) * this.#rate) >> 10;
    const tail = halvings < 4096 ? (tails[halvings & 255] as number) >> (halvings >> 8) : 0;
    return (edge < 0 ? tail : lawShare - tail) + 1 + group - this.first;
  }
}
