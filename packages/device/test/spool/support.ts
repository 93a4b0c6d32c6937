import { uniformGrid } from "@zipml/codec";
import type { Clock } from "@zipml/protocol";
import type { AcceptedRow, SealedFrame } from "../../src/outbox.ts";
import type { Processes } from "../../src/spool/lock.ts";
import { openSpool, type Spool } from "../../src/spool/spool.ts";
import type { SpoolOptions } from "../../src/spool/spool-options.ts";
import { schema } from "../support.ts";
import type { MemoryDisk } from "./memory-disk.ts";

/** Every opening is another process, and the earlier ones are dead. */
export const lone = (pid: number): Processes => ({
  self: async () => ({ pid, started: "" }),
  isRunning: async (other) => other.pid === pid,
});

/** A clock on which no time passes and nobody waits. */
const hurried: Clock = { now: () => 0, sleep: async () => undefined };

let pids = 1;

/** Opens a spool on a disk in memory as a process of its own. */
export function openOn(disk: MemoryDisk, options: Partial<SpoolOptions> = {}): Promise<Spool> {
  pids += 1;
  return openSpool({
    directory: "/spool",
    files: disk.files,
    processes: lone(pids),
    clock: hurried,
    capacity: 65_536,
    segmentBytes: 1024,
    ...options,
  });
}

/** A row that is told by its time. */
export const rowOf = (id: number, session = 1): AcceptedRow => ({
  session,
  time: id,
  values: Float64Array.of(id, -id, id / 3),
});

/** A frame whose bytes list the rows that it replaces. */
export const frameOf = (sequence: number, ids: readonly number[], session = 1): SealedFrame => ({
  session,
  sequence,
  rows: ids.length,
  bytes: new Uint8Array(Float64Array.of(...ids).buffer),
});

/** The rows that a frame of {@link frameOf} lists. */
export const rowsIn = ({ bytes }: SealedFrame): number[] => [...new Float64Array(bytes.slice().buffer)];

export const noteOf = (session: number, grids = 1) => ({
  session,
  startedAt: 1_000 + session,
  schema,
  grids: Array.from({ length: grids }, (_, epoch) => uniformGrid(schema, { epoch })),
});

/** Seals the oldest rows, at most so many, the way the agent does. */
export async function sealOldest(spool: Spool, sequence: number, most = 999, session = 1): Promise<readonly number[]> {
  const ids = (await spool.unsealed(most)).map(({ time }) => time);
  await spool.seal(frameOf(sequence, ids, session));
  return ids;
}

/** Times of all rows that are kept unsealed. */
export const waiting = async (spool: Spool): Promise<number[]> =>
  (await spool.unsealed(Number.POSITIVE_INFINITY)).map(({ time }) => time);

/** `session/sequence` of all frames. */
export const framesOf = async (spool: Spool): Promise<string[]> =>
  (await spool.frames(undefined, Number.POSITIVE_INFINITY)).map(({ session, sequence }) => `${session}/${sequence}`);

/** A small generator for tests: mulberry32, uniform on [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
