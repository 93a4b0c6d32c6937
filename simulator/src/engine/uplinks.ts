/** Uplinks of a window of time, by number: columns that grow as they are filled, and are used again and again. */
export class Uplinks {
  /** How many there are. */
  size = 0;
  /** When each begins, µs. */
  times: Float64Array;
  /** Time from the frame's sealing to the uplink's end, µs; of no use for parts of a birth. */
  delays: Float64Array;
  /** Whose it is, counted from the cell's first device. */
  devices: Int32Array;
  /** Of its frame; below 0 for parts of a birth. */
  sequences: Int32Array;
  /** Spreading factor and bytes: the place in the tables that have both. */
  sizes: Uint16Array;
  channels: Uint8Array;
  /** 1 where it is lost at random, even if the gateway hears it. */
  lost: Uint8Array;

  /** @param capacity Room to begin with, at least 1. */
  constructor(capacity: number) {
    this.times = new Float64Array(capacity);
    this.delays = new Float64Array(capacity);
    this.devices = new Int32Array(capacity);
    this.sequences = new Int32Array(capacity);
    this.sizes = new Uint16Array(capacity);
    this.channels = new Uint8Array(capacity);
    this.lost = new Uint8Array(capacity);
  }

  /** Uplinks that there is room for. */
  get capacity(): number {
    return this.times.length;
  }

  /** Takes a place for one more. @returns Its number. */
  add(): number {
    if (this.size === this.times.length) this.#grow();
    return this.size++;
  }

  /** Puts an uplink in another one's place. */
  move(from: number, to: number): void {
    this.times[to] = this.times[from] as number;
    this.delays[to] = this.delays[from] as number;
    this.devices[to] = this.devices[from] as number;
    this.sequences[to] = this.sequences[from] as number;
    this.sizes[to] = this.sizes[from] as number;
    this.channels[to] = this.channels[from] as number;
    this.lost[to] = this.lost[from] as number;
  }

  #grow(): void {
    const widen = <Column extends Float64Array | Int32Array | Uint16Array | Uint8Array>(from: Column, into: Column) => {
      into.set(from);
      return into;
    };
    const capacity = 2 * this.capacity;
    this.times = widen(this.times, new Float64Array(capacity));
    this.delays = widen(this.delays, new Float64Array(capacity));
    this.devices = widen(this.devices, new Int32Array(capacity));
    this.sequences = widen(this.sequences, new Int32Array(capacity));
    this.sizes = widen(this.sizes, new Uint16Array(capacity));
    this.channels = widen(this.channels, new Uint8Array(capacity));
    this.lost = widen(this.lost, new Uint8Array(capacity));
  }
}
