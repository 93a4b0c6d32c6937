import { naturalLog } from "../links/elementary.ts";
import type { LossOptions } from "../scenario/scenario.ts";
import { type EventWords, eventWords, microsecond } from "../scenario/weather.ts";

const whole = 0x100000000;

/** Random loss of transmissions, device by device. */
export interface LossProcess {
  /**
   * Turns to other devices.
   *
   * @param first Number of the first in the fleet.
   * @param count How many.
   */
  begin(first: number, count: number): void;
  /**
   * Whether a transmission is lost.
   *
   * @param device Counted from the first of {@link LossProcess.begin}.
   * @param time µs; of one device never before an earlier one.
   * @param place Which of the device's transmissions it is.
   */
  isLost(device: number, time: number, place: number): boolean;
}

const lossless: LossProcess = Object.freeze({ begin: () => undefined, isLost: () => false });

/** Two states with exponential sojourns; a device's states do not depend on when it sends. */
class GilbertElliott implements LossProcess {
  readonly #means: readonly [good: number, bad: number];
  readonly #limits: readonly [good: number, bad: number];
  readonly #states: EventWords;
  readonly #words: EventWords;
  readonly #until: Float64Array;
  readonly #bad: Uint8Array;
  readonly #steps: Int32Array;
  #first = 0;

  constructor(loss: Extract<LossOptions, { kind: "gilbert-elliott" }>, seed: string, devices: number) {
    this.#means = [loss.goodSeconds * microsecond, loss.badSeconds * microsecond];
    this.#limits = [loss.goodLoss * whole, loss.badLoss * whole];
    this.#states = eventWords(seed, "loss-states");
    this.#words = eventWords(seed, "loss");
    this.#until = new Float64Array(devices);
    this.#bad = new Uint8Array(devices);
    this.#steps = new Int32Array(devices);
  }

  begin(first: number, count: number): void {
    this.#first = first;
    const [good, bad] = this.#means;
    for (let device = 0; device < count; device++) {
      // Step 0 says in which state the device begins, in proportion to their lengths; the others how long each lasts.
      this.#bad[device] = this.#states.word(first + device, 0) < (bad / (good + bad)) * whole ? 1 : 0;
      this.#steps[device] = 0;
      this.#until[device] = this.#sojourn(device);
    }
  }

  isLost(device: number, time: number, place: number): boolean {
    while ((this.#until[device] as number) <= time) {
      this.#bad[device] = 1 - (this.#bad[device] as number);
      this.#until[device] = (this.#until[device] as number) + this.#sojourn(device);
    }
    const limit = this.#limits[this.#bad[device] as 0 | 1];
    return limit > 0 && this.#words.word(this.#first + device, place) < limit;
  }

  /** An exponential sojourn has no memory: the rest of the first is as long as any. */
  #sojourn(device: number): number {
    const step = (this.#steps[device] as number) + 1;
    this.#steps[device] = step;
    const uniform = (this.#states.word(this.#first + device, step) + 0.5) / whole;
    return -naturalLog(uniform) * this.#means[this.#bad[device] as 0 | 1];
  }
}

/**
 * The loss that a scenario asks for.
 *
 * @param loss Kind and shares.
 * @param seed The scenario's seed.
 * @param devices Most devices at a time.
 */
export function createLossProcess(loss: LossOptions, seed: string, devices: number): LossProcess {
  if (loss.kind === "none") return lossless;
  if (loss.kind === "gilbert-elliott") return new GilbertElliott(loss, seed, devices);
  const words = eventWords(seed, "loss");
  const limit = loss.share * whole;
  let from = 0;
  return {
    begin: (first) => {
      from = first;
    },
    isLost: (device, _time, place) => words.word(from + device, place) < limit,
  };
}

/**
 * Share of the transmissions that a scenario loses at random, in the long run.
 *
 * @param loss Kind and shares.
 */
export function meanLoss(loss: LossOptions): number {
  if (loss.kind === "none") return 0;
  if (loss.kind === "bernoulli") return loss.share;
  const { goodSeconds, badSeconds, goodLoss, badLoss } = loss;
  return (goodSeconds * goodLoss + badSeconds * badLoss) / (goodSeconds + badSeconds);
}
