import { createSequenceSet, type SequenceSet } from "../ingest/sequence-set.ts";
import type { Added } from "./frame-log.ts";

/** Place of a frame in time: what the window goes by. */
export type FrameTime = Pick<Added, "device" | "session" | "sequence" | "time">;

/** What one segment has added of one session. */
export interface SessionShare {
  readonly device: string;
  readonly session: number;
  readonly sequences: SequenceSet;
  declared: number;
}

/** What one segment has added to what is stored: what outlives it when it is deleted. */
export interface SegmentAccount {
  readonly number: number;
  /** Bytes on disk. */
  bytes: number;
  rows: number;
  /** Its newest frame. */
  newest: FrameTime | undefined;
  readonly shares: Map<string, SessionShare>;
  /** Whether its shares are in the sessions' bases already. */
  merged: boolean;
}

/** @param number The segment's number. */
export function createAccount(number: number): SegmentAccount {
  return { number, bytes: 0, rows: 0, newest: undefined, shares: new Map(), merged: false };
}

/** Key of a session. Ids have no `!`. */
export const sessionKey = (device: string, session: number): string => `${device}!${session}`;

/**
 * Adds what a record of the segment has added.
 *
 * @param later Whether one frame comes after another in time.
 */
export function credit(account: SegmentAccount, added: Added, later: (a: FrameTime, b: FrameTime) => boolean): void {
  const { device, session, ranges, rows, declared } = added;
  account.rows += rows;
  if (account.newest === undefined || later(added, account.newest)) account.newest = added;
  if (ranges.length === 0) return;
  const key = sessionKey(device, session);
  let share = account.shares.get(key);
  if (share === undefined) {
    share = { device, session, sequences: createSequenceSet(Number.POSITIVE_INFINITY), declared: 0 };
    account.shares.set(key, share);
  }
  for (const [from, to] of ranges) share.sequences.cover(from, to);
  share.declared += declared;
}
