/** Time over which a duty cycle is counted, µs: an hour. */
export const dutyWindow = 3_600_000_000;

/**
 * Air time of devices within a sliding hour. A transmission may begin only where all that was sent in the hour up to its
 * end, itself included, stays within the budget; so no hour, wherever it begins, holds more. (The usual rule, silence of
 * ToA/dc − ToA after each transmission, lets an hour hold one transmission too many.)
 *
 * Each device has a ring of `slots` entries. Transmissions that begin within an hour/slots of each other may share one,
 * which counts in full until the last of them has left the hour: too careful, never too lax.
 */
export class DutyLedger {
  readonly #budget: number;
  readonly #slots: number;
  readonly #spacing: number;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #airtimes: Float64Array;
  readonly #sums: Float64Array;
  readonly #first: Int32Array;
  readonly #count: Int32Array;

  /**
   * @param devices Number of devices.
   * @param budget Air time allowed in any hour, µs.
   * @param slots Entries a device, at least 2.
   * @param exact Whether every transmission of an hour has an entry of its own.
   */
  constructor(devices: number, budget: number, slots: number, exact: boolean) {
    this.#budget = budget;
    this.#slots = slots;
    // One entry may still be live at either end of the hour: hence two fewer.
    this.#spacing = exact ? 0 : Math.ceil(dutyWindow / Math.max(1, slots - 2));
    this.#starts = new Float64Array(devices * slots);
    this.#ends = new Float64Array(devices * slots);
    this.#airtimes = new Float64Array(devices * slots);
    this.#sums = new Float64Array(devices);
    this.#first = new Int32Array(devices);
    this.#count = new Int32Array(devices);
  }

  /** Forgets the first devices' transmissions. */
  clear(devices: number): void {
    this.#sums.fill(0, 0, devices);
    this.#first.fill(0, 0, devices);
    this.#count.fill(0, 0, devices);
  }

  /**
   * The earliest time at which a device may begin to send.
   *
   * @param time Not before this; times of one device never run back.
   * @param airtime At most the budget, or it may never.
   */
  earliest(device: number, time: number, airtime: number): number {
    const slots = this.#slots;
    const base = device * slots;
    let start = time;
    let first = this.#first[device] as number;
    let count = this.#count[device] as number;
    let sum = this.#sums[device] as number;
    while (count > 0) {
      const leaves = (this.#ends[base + first] as number) + dutyWindow - airtime;
      if (leaves > start) {
        if (sum + airtime <= this.#budget) break;
        start = leaves;
      }
      sum -= this.#airtimes[base + first] as number;
      first = first + 1 === slots ? 0 : first + 1;
      count -= 1;
    }
    this.#first[device] = first;
    this.#count[device] = count;
    this.#sums[device] = sum;
    return start;
  }

  /** Notes a transmission that begins when {@link DutyLedger.earliest} has allowed it. */
  add(device: number, time: number, airtime: number): void {
    const slots = this.#slots;
    const base = device * slots;
    const count = this.#count[device] as number;
    const last = base + (((this.#first[device] as number) + count + slots - 1) % slots);
    this.#sums[device] = (this.#sums[device] as number) + airtime;
    if (count > 0 && time < (this.#starts[last] as number) + this.#spacing) {
      this.#ends[last] = time + airtime;
      this.#airtimes[last] = (this.#airtimes[last] as number) + airtime;
      return;
    }
    if (count === slots) throw new RangeError(`device ${device} has more than ${slots} transmissions within an hour`);
    const next = base + (((this.#first[device] as number) + count) % slots);
    this.#starts[next] = time;
    this.#ends[next] = time + airtime;
    this.#airtimes[next] = airtime;
    this.#count[device] = count + 1;
  }
}
