import { createSequenceSet, type SequenceSet, savedSequences } from "./ingest/sequence-set.ts";
import type { SavedFrames } from "./log/saved-state.ts";
import type { FramePlace } from "./sample-store.ts";

/** The name of a frame: two frames of one name are one. */
type FrameName = Pick<FramePlace, "device" | "session" | "sequence">;

/**
 * The frames that a living model has been trained on, by name, so that none is trained on twice, in whatever order they
 * come and over restarts. A value: it does not change.
 */
export interface TrainedFrames {
  has(frame: FrameName): boolean;
  /**
   * These and the given ones too, less the sessions of which none is among the given: what the window has left behind does
   * not come back.
   *
   * @param held All frames held.
   */
  with(held: readonly FrameName[]): TrainedFrames;
  /** As a checkpoint keeps them. */
  saved(): readonly SavedFrames[];
}

const keyOf = ({ device, session }: Pick<FrameName, "device" | "session">): string => `${device}/${session}`;

/** @param saved Default none. */
export function trainedFrames(saved: readonly SavedFrames[] = []): TrainedFrames {
  const sets = new Map<
    string,
    { readonly device: string; readonly session: number; readonly sequences: SequenceSet }
  >();
  for (const { device, session, sequences } of saved) {
    const set = createSequenceSet(Number.POSITIVE_INFINITY, sequences);
    sets.set(keyOf({ device, session }), { device, session, sequences: set });
  }
  const list = (keys: Iterable<string>): SavedFrames[] =>
    Array.from(keys).flatMap((key) => {
      const known = sets.get(key);
      return known === undefined ? [] : [{ ...known, sequences: savedSequences(known.sequences) }];
    });
  return {
    has: (frame) => sets.get(keyOf(frame))?.sequences.has(frame.sequence) === true,
    with: (held) => {
      const bySession = new Map<string, FrameName[]>();
      for (const frame of held) {
        const frames = bySession.get(keyOf(frame));
        if (frames === undefined) bySession.set(keyOf(frame), [frame]);
        else frames.push(frame);
      }
      const next = [...bySession].map(([key, frames]): SavedFrames => {
        const { device, session } = frames[0] as FrameName;
        const sequences = createSequenceSet(Number.POSITIVE_INFINITY, sets.get(key)?.sequences);
        for (const { sequence } of frames) sequences.add(sequence);
        return { device, session, sequences: savedSequences(sequences) };
      });
      return trainedFrames(next);
    },
    saved: () => list(sets.keys()),
  };
}
