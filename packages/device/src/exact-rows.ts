import { type AcceptedRow, covers, type FrameId, type Receipted } from "./outbox.ts";

/** Rows of frames that were sealed, as they were accepted. */
export interface ExactRows {
  /** Keeps the rows of a frame; those of the oldest give way. */
  add(id: FrameId, rows: readonly AcceptedRow[]): void;
  /** The frames of which rows are kept, oldest first. */
  ids(): readonly FrameId[];
  /** The rows of a frame, which stay; undefined where they are no longer kept. */
  rows(id: FrameId): readonly AcceptedRow[] | undefined;
  /** The rows of a frame, taken out. */
  take(id: FrameId): readonly AcceptedRow[] | undefined;
  /** A receipt came: what it covers is needed no longer. */
  release(receipted: Receipted): void;
  clear(): void;
  /** Bytes that the rows take. */
  readonly bytes: number;
}

/** Bytes counted for a row beside its values. */
const overhead = 64;

interface Kept {
  readonly id: FrameId;
  readonly rows: readonly AcceptedRow[];
  readonly bytes: number;
}

/**
 * None yet; in memory, so that a restart forgets them.
 *
 * @param capacity Bytes that they may take; with 0 none are kept.
 */
export function createExactRows(capacity: number): ExactRows {
  const kept = new Map<string, Kept>();
  const keyOf = ({ session, sequence }: FrameId): string => `${session}/${sequence}`;
  let bytes = 0;
  const remove = (key: string): readonly AcceptedRow[] | undefined => {
    const frame = kept.get(key);
    if (frame === undefined) return undefined;
    kept.delete(key);
    bytes -= frame.bytes;
    return frame.rows;
  };
  return {
    get bytes() {
      return bytes;
    },
    add: ({ session, sequence }, rows) => {
      const size = rows.reduce((sum, { values }) => sum + values.byteLength + overhead, 0);
      if (size > capacity) return;
      const id = { session, sequence };
      kept.set(keyOf(id), { id, rows, bytes: size });
      bytes += size;
      for (const key of kept.keys()) {
        if (bytes <= capacity) return;
        remove(key);
      }
    },
    ids: () => [...kept.values()].map(({ id }) => id),
    rows: (id) => kept.get(keyOf(id))?.rows,
    take: (id) => remove(keyOf(id)),
    release: (receipted) => {
      for (const [key, { id }] of kept) if (covers(receipted, id)) remove(key);
    },
    clear: () => {
      kept.clear();
      bytes = 0;
    },
  };
}
