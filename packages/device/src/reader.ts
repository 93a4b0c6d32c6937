import type { FrameId, Outbox, SealedFrame } from "./outbox.ts";

/** Which frames go first when there are some from before. */
export type DeliveryOrder = "oldest-first" | "live-first";

/** Reads the frames of an outbox in the order in which they are to be sent. */
export interface FrameReader {
  /** A frame of the present session was sealed while there is a connection. */
  sealed(id: FrameId): void;
  /** The next frame that is to be sent, undefined when all were given since the last start. */
  next(): Promise<SealedFrame | undefined>;
  /** Begins again with the oldest. */
  startOver(): void;
}

/** Where reading in the order of sealing has come to. */
interface Cursor {
  after: FrameId | undefined;
}

/**
 * @param outbox Where the frames are.
 * @param order With `live-first`, frames sealed since the last start come before all that were there at it.
 */
export function createFrameReader(outbox: Outbox, order: DeliveryOrder): FrameReader {
  const backlog: Cursor = { after: undefined };
  /** The last frame before those that are live, and how far these were read. */
  let live: { readonly start: FrameId; readonly cursor: Cursor } | undefined;
  let round = 0; // counts starts, so that a look-up under way can't undo one

  const read = (cursor: Cursor): Promise<SealedFrame | undefined> => {
    const mine = round;
    return outbox.frames(cursor.after, 1).then(([frame]) => {
      if (frame === undefined || mine !== round) return frame;
      cursor.after = { session: frame.session, sequence: frame.sequence };
      return isLive(frame) && cursor === backlog ? undefined : frame;
    });
  };
  const isLive = ({ session, sequence }: FrameId): boolean =>
    live !== undefined && session === live.start.session && sequence > live.start.sequence;
  const readLive = async (cursor: Cursor): Promise<SealedFrame | undefined> => (await read(cursor)) ?? read(backlog);
  return {
    sealed: ({ session, sequence }) => {
      if (order === "oldest-first" || live !== undefined) return;
      const start = { session, sequence: sequence - 1 };
      live = { start, cursor: { after: start } };
    },
    next: () => (live === undefined ? read(backlog) : readLive(live.cursor)),
    startOver: () => {
      round += 1;
      backlog.after = undefined;
      live = undefined;
    },
  };
}
