import { decodeCounts, type Histogram, histogramOf } from "@zipml/codec/levels";

/** Counts of one channel's late readings, as a device shipped them. */
export interface LevelWindow {
  /** Session of the device that they were made in. */
  readonly session: number;
  /** Number of the window, rising within the session. */
  readonly window: number;
  /** The channel's range. */
  readonly low: number;
  readonly high: number;
  readonly bins: number;
  /** Readings outside the range. */
  readonly below: number;
  readonly above: number;
  /** The codec's `encodeCounts`. */
  readonly counts: Uint8Array;
}

/** Windows of several devices in one. */
export interface MergedWindows {
  readonly histogram: Histogram;
  /** Readings outside its range, of which no more is known. */
  readonly clipped: number;
}

/** The latest window of each device and channel. */
export interface Windows {
  /**
   * Keeps a window in the place of the one before it; one that was kept before, or an older one, changes nothing.
   *
   * @returns Whether it was new.
   * @throws The codec's `DecodeError` where its bytes are no counts.
   */
  put(device: string, channel: string, window: LevelWindow): boolean;
  /**
   * The counts of devices, added up. Windows over another range, or of other bins than most, are left out.
   *
   * @returns Undefined where there are none. A copy.
   */
  merged(channel: string, devices: Iterable<string>, low: number, high: number): MergedWindows | undefined;
  /** How many there are, and the bytes that they take, as estimated. */
  readonly size: number;
  readonly bytes: number;
}

/** Taken beside the counts and the name, with what the maps take: an estimate on the high side. */
const overhead = 512;
/** Part of the bound that one device may take. */
const shareOfOne = 64;
/** But so much in any case: a window of the largest size, and a few of the usual. */
const leastOfOne = 65_536;

interface DeviceWindows {
  /** By channel; the longest known first. */
  readonly byChannel: Map<string, LevelWindow>;
  bytes: number;
}

const bytesOf = (channel: string, { counts }: LevelWindow): number => overhead + 2 * channel.length + counts.length;

/** The number that comes most often; the first of equally frequent ones. */
function mostUsed(numbers: readonly number[]): number {
  const times = new Map<number, number>();
  for (const number of numbers) times.set(number, (times.get(number) ?? 0) + 1);
  const [first] = [...times].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? 0;
}

class LatestWindows implements Windows {
  readonly #most: number;
  /** The device that was longest silent first. */
  readonly #devices = new Map<string, DeviceWindows>();
  #bytes = 0;
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  put(device: string, channel: string, window: LevelWindow): boolean {
    const own = this.#devices.get(device) ?? { byChannel: new Map<string, LevelWindow>(), bytes: 0 };
    const before = own.byChannel.get(channel);
    if (before?.session === window.session && before.window >= window.window) return false;
    decodeCounts(window.counts, window.bins); // what can't be read is refused now
    if (before !== undefined) this.#remove(own, channel, before);
    own.byChannel.set(channel, window);
    const bytes = bytesOf(channel, window);
    own.bytes += bytes;
    this.#bytes += bytes;
    this.#size += 1;
    this.#devices.delete(device);
    this.#devices.set(device, own);
    this.#bound(own);
    return true;
  }

  merged(channel: string, devices: Iterable<string>, low: number, high: number): MergedWindows | undefined {
    const windows = [...devices].flatMap((device) => this.#devices.get(device)?.byChannel.get(channel) ?? []);
    const fitting = windows.filter((window) => window.low === low && window.high === high);
    if (fitting.length === 0) return undefined;
    const bins = mostUsed(fitting.map((window) => window.bins));
    const sums = new Float64Array(bins);
    let clipped = 0;
    for (const window of fitting) {
      if (window.bins !== bins) continue;
      const counts = decodeCounts(window.counts, bins);
      for (let i = 0; i < bins; i++) sums[i] = (sums[i] ?? 0) + (counts[i] ?? 0);
      clipped += window.below + window.above;
    }
    return { histogram: histogramOf(low, high, sums), clipped };
  }

  #remove(own: DeviceWindows, channel: string, window: LevelWindow): void {
    const bytes = bytesOf(channel, window);
    own.byChannel.delete(channel);
    own.bytes -= bytes;
    this.#bytes -= bytes;
    this.#size -= 1;
  }

  #removeOldest(own: DeviceWindows): void {
    for (const [channel, window] of own.byChannel) {
      this.#remove(own, channel, window);
      return;
    }
  }

  /** One device with many channels does not push out what others told. */
  #bound(own: DeviceWindows): void {
    const mostOfOne = Math.max(leastOfOne, this.#most / shareOfOne);
    while (own.bytes > mostOfOne) this.#removeOldest(own);
    for (const [device, oldest] of this.#devices) {
      while (this.#bytes > this.#most && oldest.byChannel.size > 0) this.#removeOldest(oldest);
      if (oldest.byChannel.size === 0) this.#devices.delete(device);
      if (this.#bytes <= this.#most) return;
    }
  }
}

/**
 * @param most Most bytes that they take together, as estimated; the longest silent devices' go first.
 */
export function createWindows(most: number): Windows {
  return new LatestWindows(most);
}
