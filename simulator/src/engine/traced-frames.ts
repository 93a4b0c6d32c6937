/** What became of a frame of a device that is followed. */
export interface TracedFrame {
  /** Number in the fleet. */
  readonly device: number;
  readonly sequence: number;
  /** See `outcomeNames`. */
  readonly outcome: number;
  /** Transmissions. */
  readonly attempts: number;
  /** When it was there, whole µs; of use for one that was received alone. */
  readonly arrival: number;
}

/**
 * Frames in the order of device and sequence.
 *
 * @param frames In any order.
 * @returns A new array.
 */
export function inOrder(frames: readonly TracedFrame[]): TracedFrame[] {
  return [...frames].sort((a, b) => a.device - b.device || a.sequence - b.sequence);
}
