import { LinkError } from "../errors.ts";
import { eu868Constants } from "./eu868.ts";

const hourUs = eu868Constants.dutyCycleWindowUs.value;
const firstPlaces = 8;

/**
 * The duty cycle budget of one device in one part of the band: in no hour, wherever it starts, is it on air for longer than
 * its share. Off-time rules let a little more through (37 s in an hour at SF12 under 1 %), so a list of what was sent is kept.
 *
 * Enough is checked with the windows that end where a transmission does: any other hour holds no more than one of these.
 */
export class DutyCycleBudget {
  /** Time on air that an hour may hold, µs. */
  readonly budgetUs: number;
  #starts = new Float64Array(firstPlaces);
  #airtimes = new Float64Array(firstPlaces);
  #first = 0;
  #count = 0;
  /** Time on air of all that is kept: whole numbers, so that sums are exact in any order. */
  #total = 0;

  /**
   * @param dutyCycle Share of time, above 0, at most 1.
   * @throws LinkError code `option`
   */
  constructor(dutyCycle: number) {
    if (!(dutyCycle > 0 && dutyCycle <= 1))
      throw new LinkError("option", `a duty cycle must be above 0 and at most 1, not ${dutyCycle}`, {
        limit: "dutyCycle",
        actual: dutyCycle,
        allowed: 1,
      });
    this.budgetUs = Math.round(dutyCycle * hourUs);
  }

  /**
   * The earliest time at which a transmission keeps within the budget.
   *
   * @param nowUs Not before this; whole µs, and not before the last transmission.
   * @param airtimeUs How long it takes; whole µs.
   * @returns `nowUs`, or the later time that must be waited for.
   * @throws LinkError code `payload` for an airtime above the whole budget
   */
  earliestUs(nowUs: number, airtimeUs: number): number {
    if (airtimeUs > this.budgetUs)
      throw new LinkError("payload", `${airtimeUs} us on air: the duty cycle allows ${this.budgetUs} us an hour`, {
        limit: "duty cycle budget, us an hour",
        actual: airtimeUs,
        allowed: this.budgetUs,
      });
    const windowStart = nowUs + airtimeUs - hourUs;
    let excess = airtimeUs - this.budgetUs + this.#usedAfter(windowStart);
    if (excess <= 0) return nowUs;
    // The window must start so late that this much of the oldest time on air has left it.
    for (let i = 0; i < this.#count; i++) {
      const left = this.#after(i, windowStart);
      if (excess <= left) return this.#end(i) - left + excess + hourUs - airtimeUs;
      excess -= left;
    }
    return nowUs;
  }

  /**
   * Notes a transmission. What has left every window that may still be asked about is forgotten.
   *
   * @param startUs When it starts; not before the end of the one noted last.
   * @param airtimeUs How long it takes.
   * @throws LinkError code `option` if it starts before the last has ended
   */
  note(startUs: number, airtimeUs: number): void {
    const lastEnd = this.#count === 0 ? Number.NEGATIVE_INFINITY : this.#end(this.#count - 1);
    if (startUs < lastEnd)
      throw new LinkError("option", `a transmission starts at ${startUs} us, before the last ends, ${lastEnd} us`, {
        limit: "startUs",
        actual: startUs,
      });
    while (this.#count > 0 && this.#end(0) <= startUs - hourUs) {
      this.#total -= this.#airtimes[this.#first] ?? 0;
      this.#first = (this.#first + 1) % this.#starts.length;
      this.#count -= 1;
    }
    if (this.#count === this.#starts.length) this.#grow();
    const place = this.#place(this.#count);
    this.#starts[place] = startUs;
    this.#airtimes[place] = airtimeUs;
    this.#count += 1;
    this.#total += airtimeUs;
  }

  /**
   * Time on air in the hour that ends then, µs.
   *
   * @param endUs End of the hour, not before the end of the last transmission.
   */
  usedUs(endUs: number): number {
    return this.#usedAfter(endUs - hourUs);
  }

  /** Time on air after a time: all of it but for the few oldest that lie before, wholly or in part. */
  #usedAfter(timeUs: number): number {
    let sum = this.#total;
    for (let i = 0; i < this.#count && (this.#starts[this.#place(i)] ?? 0) < timeUs; i++)
      sum -= (this.#airtimes[this.#place(i)] ?? 0) - this.#after(i, timeUs);
    return sum;
  }

  #place(i: number): number {
    return (this.#first + i) % this.#starts.length;
  }

  #end(i: number): number {
    const place = this.#place(i);
    return (this.#starts[place] ?? 0) + (this.#airtimes[place] ?? 0);
  }

  /** How much of transmission i lies after a time. */
  #after(i: number, timeUs: number): number {
    return Math.min(this.#airtimes[this.#place(i)] ?? 0, Math.max(0, this.#end(i) - timeUs));
  }

  #grow(): void {
    const starts = new Float64Array(2 * this.#count);
    const airtimes = new Float64Array(2 * this.#count);
    for (let i = 0; i < this.#count; i++) {
      const place = this.#place(i);
      starts[i] = this.#starts[place] ?? 0;
      airtimes[i] = this.#airtimes[place] ?? 0;
    }
    this.#starts = starts;
    this.#airtimes = airtimes;
    this.#first = 0;
  }
}

/**
 * How many transmissions of one length an hour holds: the budget over the time on air, rounded down.
 *
 * @param airtimeUs Time on air of one, µs.
 * @param dutyCycle Share of time, 0 … 1.
 */
export function mostAnHour(airtimeUs: number, dutyCycle: number): number {
  return Math.floor(Math.round(dutyCycle * hourUs) / airtimeUs);
}

/**
 * Silence after a transmission under the off-time rule, µs: airtime / duty cycle − airtime. What stacks do; it lets up to one
 * transmission more than the budget into some hours ({@link DutyCycleBudget} does not).
 *
 * @param airtimeUs Time on air, µs.
 * @param dutyCycle Share of time, 0 … 1.
 */
export function offTimeUs(airtimeUs: number, dutyCycle: number): number {
  return Math.round(airtimeUs / dutyCycle - airtimeUs);
}
