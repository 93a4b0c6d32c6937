import { join } from "node:path";
import type { Recovery } from "../ingest/recovery.ts";
import { createSequenceSet } from "../ingest/sequence-set.ts";
import { byTime } from "../sample-store.ts";
import { decodeEntry, type LogEntry } from "./entry.ts";
import { diskError } from "./errors.ts";
import type { LogFiles } from "./files.ts";
import type { Added } from "./frame-log.ts";
import type { SavedState } from "./saved-state.ts";
import { type Damage, scanSegment, segmentName, segmentNumber } from "./segment.ts";
import { createAccount, credit, type FrameTime, type SegmentAccount } from "./segment-account.ts";

/** Sequences that a checkpoint knew as stored and that the log lacks now. */
export interface LostFrames {
  readonly device: string;
  readonly session: number;
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/** What a log was found to hold. */
export interface Replayed {
  readonly accounts: Map<number, SegmentAccount>;
  readonly damage: readonly Damage[];
  readonly lost: readonly LostFrames[];
  /** Highest number of a segment that there is or was. */
  readonly highest: number;
}

/** Whether a frame comes after another in time. */
export const isLater = (a: FrameTime, b: FrameTime): boolean => byTime(a, b) > 0;

/** Where a log is read from, and who is told. */
export interface ReplayPorts {
  readonly files: LogFiles;
  readonly folder: string;
  readonly saved: SavedState;
  readonly recovery: Recovery;
  /** A note, task or other entry was read. */
  read(entry: LogEntry): void;
}

function tell({ saved, recovery }: ReplayPorts): void {
  if (saved.task !== undefined) recovery.task(saved.task.task, saved.task.choice);
  for (const { device, session, saved: at } of saved.sessions)
    recovery.session(device, session, at.startedAt, at.base, at.declared);
  for (const { device, session, saved: note } of saved.notes) recovery.note({ device, session, ...note });
}

/** @returns What it has added, or what is wrong with it. */
function apply(recovery: Recovery, entry: LogEntry): Added | "nothing" | "content" | "no-birth" {
  switch (entry.type) {
    case "task":
      recovery.task(entry.task, entry.choice);
      return "nothing";
    case "note":
      recovery.note(entry);
      return "nothing";
    case "declared":
      return recovery.declared(entry) ?? "nothing";
    case "frame":
      return recovery.frame(entry);
  }
}

async function cutOff({ files, folder }: ReplayPorts, name: string, end: number): Promise<void> {
  const path = join(folder, name);
  try {
    if (end === 0) await files.unlink(path);
    else await files.truncate(path, end);
  } catch (cause) {
    throw diskError("can't cut off the torn end of", path, cause);
  }
}

async function replaySegment(ports: ReplayPorts, number: number, damage: Damage[]): Promise<SegmentAccount> {
  const file = segmentName(number);
  const path = join(ports.folder, file);
  const bytes = await ports.files.readFile(path).catch((cause: unknown) => {
    throw diskError("can't read", path, cause);
  });
  const scanned = scanSegment(bytes, number);
  damage.push(...scanned.damage);
  const account = createAccount(number);
  for (const { offset, payload } of scanned.records) {
    const entry = decodeEntry(payload);
    const added = entry === undefined ? "content" : apply(ports.recovery, entry);
    if (entry === undefined || added === "content" || added === "no-birth") {
      damage.push({ file, offset, bytes: payload.length, reason: added === "no-birth" ? added : "content" });
      continue;
    }
    ports.read(entry);
    if (added !== "nothing") credit(account, added, isLater);
  }
  if (scanned.damage.some(({ reason }) => reason === "torn")) await cutOff(ports, file, scanned.end);
  account.bytes = scanned.damage.some(({ reason }) => reason === "damaged") ? bytes.length : scanned.end;
  return account;
}

function lostOf({ saved, recovery }: ReplayPorts): LostFrames[] {
  return saved.sessions.flatMap(({ device, session, saved: { stored } }) => {
    const found = createSequenceSet(Number.POSITIVE_INFINITY, recovery.stored(device, session));
    const ranges = [[0, stored.floor - 1] as const, ...stored.ranges].flatMap(([from, to]) => found.lacking(from, to));
    return ranges.length === 0 ? [] : [{ device, session, ranges }];
  });
}

/**
 * Reads what was saved and then the log from its oldest segment on. What is torn off at the end of a segment is cut
 * off; what is spoilt in the middle is told, and the rest taken. Sequences count as stored only where their record was
 * read, or lay in a segment that was deleted.
 *
 * @param ports Where from, and who is told.
 */
export async function replayLog(ports: ReplayPorts): Promise<Replayed> {
  const { files, folder, saved } = ports;
  tell(ports);
  const deleted = new Set(saved.deleted);
  const names = await files.readdir(folder).catch((cause: unknown) => {
    throw diskError("can't read", folder, cause);
  });
  const numbers = names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
  const accounts = new Map<number, SegmentAccount>();
  const damage: Damage[] = [];
  for (const number of numbers) {
    // The checkpoint includes it: the gateway ended before the file was gone.
    if (deleted.has(number)) await files.unlink(join(folder, segmentName(number)));
    else {
      const account = await replaySegment(ports, number, damage);
      if (account.bytes > 0) accounts.set(number, account);
    }
  }
  const lost = lostOf(ports);
  ports.recovery.done();
  const past = [...numbers, ...saved.deleted, saved.checkpoint?.position?.segment ?? 0];
  return { accounts, damage, lost, highest: past.reduce((a, b) => Math.max(a, b), 0) };
}
