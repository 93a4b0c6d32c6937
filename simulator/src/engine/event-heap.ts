/**
 * A binary heap of events on typed arrays: each is a time and a device, and of equal times the lower device comes first.
 * It is made once and used for cell after cell.
 */
export class EventHeap {
  readonly #times: Float64Array;
  readonly #devices: Int32Array;
  #size = 0;

  /** @param capacity Most events that it holds. */
  constructor(capacity: number) {
    this.#times = new Float64Array(capacity);
    this.#devices = new Int32Array(capacity);
  }

  /** Number of events. */
  get size(): number {
    return this.#size;
  }

  /** Time of the first event; of no use when there is none. */
  get time(): number {
    return this.#times[0] as number;
  }

  /** Device of the first event; of no use when there is none. */
  get device(): number {
    return this.#devices[0] as number;
  }

  /** Takes all events out. */
  clear(): void {
    this.#size = 0;
  }

  /** Adds an event. @throws RangeError when it is full. */
  push(time: number, device: number): void {
    if (this.#size === this.#times.length) throw new RangeError(`more than ${this.#size} events`);
    let at = this.#size++;
    const times = this.#times;
    const devices = this.#devices;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = times[above] as number;
      if (other < time || (other === time && (devices[above] as number) <= device)) break;
      times[at] = other;
      devices[at] = devices[above] as number;
      at = above;
    }
    times[at] = time;
    devices[at] = device;
  }

  /** Takes the first event out. */
  pop(): void {
    const last = --this.#size;
    if (last > 0) this.#sink(this.#times[last] as number, this.#devices[last] as number, last);
  }

  /** Puts the first event's device at another time, not before the present one. */
  replace(time: number): void {
    this.#sink(time, this.#devices[0] as number, this.#size);
  }

  #sink(time: number, device: number, size: number): void {
    const times = this.#times;
    const devices = this.#devices;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      let least = times[child] as number;
      if (child + 1 < size) {
        const right = times[child + 1] as number;
        if (right < least || (right === least && (devices[child + 1] as number) < (devices[child] as number))) {
          child += 1;
          least = right;
        }
      }
      if (time < least || (time === least && device < (devices[child] as number))) break;
      times[at] = least;
      devices[at] = devices[child] as number;
      at = child;
    }
    times[at] = time;
    devices[at] = device;
  }
}
