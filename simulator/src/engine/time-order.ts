/** Most bits of a key that one pass sorts by; a key has two such digits. */
const mostBits = 11;
const mostDigits = 1 << mostBits;
/** Places that events may be put back for each of them, before a sort whose cost does not depend on how they crowd is due. */
const patience = 8;

/**
 * Puts events in the order of their times; events of one time stay in the order of their numbers. It is made once and used
 * again and again.
 *
 * Times are sorted by radix in two passes, as keys that share the span out evenly, and then put right where keys were equal: of
 * n events there are at least n² keys, up to 22 bits, so hardly any are. Where times crowd, so that many keys are equal,
 * radix passes over all of their digits follow.
 */
export class TimeOrder {
  #order = new Int32Array(0);
  #spare = new Int32Array(0);
  #keys = new Int32Array(0);
  readonly #low = new Int32Array(mostDigits);
  readonly #high = new Int32Array(mostDigits);
  /** Bits of a digit: few for few events, whose sorting counts no more digits than it must. */
  #bits = mostBits;

  /**
   * @param times Of events by number, whole µs.
   * @param from First event.
   * @param to End of the events.
   * @param start No time is before it.
   * @param end All times are before it.
   * @returns Numbers of the events in order, in the first `to` − `from` places: a view of what the next call overwrites.
   */
  of(times: Float64Array, from: number, to: number, start: number, end: number): Int32Array {
    const count = to - from;
    this.#reserve(count, times.length);
    this.#bits = Math.min(mostBits, 32 - Math.clz32(count));
    this.#spread(times, from, count, start, 2 ** (2 * this.#bits) / (end - start));
    this.#scatter(this.#low, 0, count);
    this.#scatter(this.#high, this.#bits, count);
    const order = this.#order;
    for (let i = 0; i < count; i++) order[i] = (order[i] as number) + from;
    if (!this.#repair(times, count)) this.#sortByDigits(times, from, count, start, end);
    return this.#order;
  }

  #reserve(count: number, room: number): void {
    if (this.#order.length >= count) return;
    this.#order = new Int32Array(room);
    this.#spare = new Int32Array(room);
    this.#keys = new Int32Array(room);
  }

  /** Gives events their keys, and counts these by digit. */
  #spread(times: Float64Array, from: number, count: number, start: number, scale: number): void {
    const bits = this.#bits;
    const digits = 1 << bits;
    const low = this.#low.fill(0, 0, digits);
    const high = this.#high.fill(0, 0, digits);
    const own = this.#keys;
    const order = this.#order;
    for (let i = 0; i < count; i++) {
      const key = (((times[from + i] as number) - start) * scale) | 0;
      const first = key & (digits - 1);
      const second = (key >>> bits) & (digits - 1);
      own[i] = key;
      order[i] = i;
      low[first] = (low[first] as number) + 1;
      high[second] = (high[second] as number) + 1;
    }
  }

  /** Sorts by one digit of the keys, and keeps the order where it is equal. */
  #scatter(counts: Int32Array, shift: number, count: number): void {
    const before = this.#order;
    const after = this.#spare;
    const own = this.#keys;
    const digits = 1 << this.#bits;
    startsOf(counts, digits);
    for (let i = 0; i < count; i++) {
      const event = before[i] as number;
      const digit = ((own[event] as number) >>> shift) & (digits - 1);
      const place = counts[digit] as number;
      after[place] = event;
      counts[digit] = place + 1;
    }
    this.#order = after;
    this.#spare = before;
  }

  /** Puts back events that come before those in front of them. @returns False where that would take too long. */
  #repair(times: Float64Array, count: number): boolean {
    const order = this.#order;
    let left = patience * count;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const event = order[i] as number;
      const time = times[event] as number;
      if (time >= last) {
        last = time;
        continue;
      }
      let at = i;
      for (; at > 0 && (times[order[at - 1] as number] as number) > time; at--) order[at] = order[at - 1] as number;
      order[at] = event;
      left -= i - at;
      if (left < 0) return false;
    }
    return true;
  }

  /** Sorts by all digits of the times themselves, from the last. */
  #sortByDigits(times: Float64Array, from: number, count: number, start: number, end: number): void {
    const own = this.#keys;
    const digits = 1 << this.#bits;
    for (let i = 0; i < count; i++) this.#order[i] = i;
    for (let scale = 1; scale < end - start; scale *= digits) {
      const counts = this.#low.fill(0, 0, digits);
      for (let i = 0; i < count; i++) {
        const digit = Math.floor(((times[from + i] as number) - start) / scale) % digits;
        own[i] = digit;
        counts[digit] = (counts[digit] as number) + 1;
      }
      this.#scatter(counts, 0, count);
    }
    for (let i = 0; i < count; i++) this.#order[i] = (this.#order[i] as number) + from;
  }
}

/** Turns counts by digit into the first place of each. */
function startsOf(counts: Int32Array, digits: number): void {
  let sum = 0;
  for (let digit = 0; digit < digits; digit++) {
    const own = counts[digit] as number;
    counts[digit] = sum;
    sum += own;
  }
}
