import type { FramePlan } from "../scenario/frame-plan.ts";

/** Bytes of frames by sequence: by the codec's sizes, which grow in a few steps, or as agents have measured them. */
export interface FrameSizes {
  /** Bytes of the largest. */
  readonly largest: number;
  /** Bytes of a device's frame. */
  bytesOf(device: number, sequence: number): number;
  /**
   * How many frames of each size there are among the first of a device, on average over devices.
   *
   * @param frames How many; may be a fraction.
   */
  amongFirst(frames: number): readonly (readonly [bytes: number, count: number])[];
}

class SizeSteps implements FrameSizes {
  readonly largest: number;
  /** Sequences from which frames have the bytes beside them, ascending. */
  readonly #from: Float64Array;
  readonly #bytes: Int32Array;

  constructor(from: readonly number[], bytes: readonly number[]) {
    this.#from = Float64Array.from(from);
    this.#bytes = Int32Array.from(bytes);
    this.largest = bytes.at(-1) ?? 0;
  }

  bytesOf(_device: number, sequence: number): number {
    let step = this.#from.length - 1;
    while (step > 0 && (this.#from[step] as number) > sequence) step -= 1;
    return this.#bytes[step] as number;
  }

  amongFirst(frames: number): readonly (readonly [bytes: number, count: number])[] {
    return Array.from(this.#bytes, (bytes, step): readonly [number, number] => {
      const next = this.#from[step + 1] ?? Number.POSITIVE_INFINITY;
      return [bytes, Math.max(0, Math.min(frames, next) - (this.#from[step] as number))];
    }).filter(([, count]) => count > 0);
  }
}

/** First sequence in (low, high] whose frame is larger than that of `low`; frames never shrink from one to the next. */
function nextStep(plan: FramePlan, low: number, high: number): number {
  const bytes = plan.bytesOf(low);
  let below = low;
  let above = high;
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (plan.bytesOf(middle) > bytes) above = middle;
    else below = middle;
  }
  return above;
}

/**
 * The codec's sizes of a plan's frames, coding `packed`.
 *
 * @param plan The plan.
 * @param frames Frames that any device may send, at least 1.
 */
export function plannedSizes(plan: FramePlan, frames: number): FrameSizes {
  const from = [0];
  const bytes = [plan.bytesOf(0)];
  const last = frames - 1;
  for (let at = 0; plan.bytesOf(last) > plan.bytesOf(at); ) {
    at = nextStep(plan, at, last);
    from.push(at);
    bytes.push(plan.bytesOf(at));
  }
  return new SizeSteps(from, bytes);
}

/** Sizes of frames that an agent has measured. */
export interface MeasuredSizes {
  /** Number of the agent in the fleet. */
  readonly device: number;
  /** Bytes by sequence; not empty. The last stands for all after it. */
  readonly bytes: Uint32Array;
}

/**
 * Sizes that agents have measured: an agent has its own, the other devices take them in turn.
 *
 * @param measured One an agent, at least one.
 */
export function measuredSizes(measured: readonly MeasuredSizes[]): FrameSizes {
  const own = new Map(measured.map(({ device, bytes }) => [device, bytes]));
  const largest = measured.reduce((most, { bytes }) => bytes.reduce((a, b) => Math.max(a, b), most), 0);
  return {
    largest,
    bytesOf: (device, sequence) => {
      const sizes = own.get(device) ?? (measured[device % measured.length] as MeasuredSizes).bytes;
      return sizes[Math.min(sequence, sizes.length - 1)] as number;
    },
    amongFirst: (frames) => {
      const counts = new Map<number, number>();
      for (const { bytes: sizes } of measured)
        for (const [at, bytes] of sizes.entries()) {
          const isLast = at === sizes.length - 1;
          const count = Math.max(0, isLast ? frames - at : Math.min(1, frames - at));
          counts.set(bytes, (counts.get(bytes) ?? 0) + count / measured.length);
        }
      return [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
    },
  };
}
