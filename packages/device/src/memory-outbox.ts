import { DeviceError } from "./errors.ts";
import { type AcceptedRow, covers, type FrameId, type Outbox, type SealedFrame } from "./outbox.ts";

/** Bytes counted for a row or frame beside its values or body. */
const overhead = 64;

const rowBytes = (row: AcceptedRow): number => row.values.byteLength + overhead;
const frameBytes = (frame: SealedFrame): number => frame.bytes.byteLength + overhead;

/**
 * An outbox in memory: what it holds is lost with the process. When it is full it refuses new rows and keeps the old.
 *
 * @param options `capacity`: bytes that rows and frames may take. Default 16 MiB.
 */
export function createMemoryOutbox({ capacity = 16 * 1024 * 1024 }: { readonly capacity?: number } = {}): Outbox {
  const rows: AcceptedRow[] = [];
  let frames: SealedFrame[] = [];
  let bytes = 0;

  const placeAfter = (id: FrameId): number => {
    const next = frames.findIndex(({ session, sequence }) => session === id.session && sequence > id.sequence);
    return next >= 0 ? next : frames.findLastIndex(({ session }) => session === id.session) + 1;
  };
  const close = async (): Promise<void> => {};
  return {
    append: async (row) => {
      const size = rowBytes(row);
      if (bytes + size > capacity)
        throw new DeviceError("outbox-full", `the outbox holds ${bytes} of ${capacity} bytes: the row is refused`);
      bytes += size;
      rows.push(row);
    },
    unsealed: async (limit) => rows.slice(0, limit),
    seal: async (frame) => {
      for (const row of rows.splice(0, frame.rows)) bytes -= rowBytes(row);
      bytes += frameBytes(frame);
      frames.push(frame);
    },
    frames: async (after, limit) => {
      const from = after === undefined ? 0 : placeAfter(after);
      return frames.slice(from, from + limit);
    },
    release: async (receipted) => {
      const kept = frames.filter((frame) => {
        const covered = covers(receipted, frame);
        if (covered) bytes -= frameBytes(frame);
        return !covered;
      });
      const released = frames.length - kept.length;
      frames = kept;
      return released;
    },
    usage: () => ({ rows: rows.length, frames: frames.length, bytes, capacity }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
