import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Spool } from "../../src/spool/spool.ts";
import { crash, createMemoryDisk, type Image, type MemoryDisk, type Step } from "./memory-disk.ts";
import { frameOf, noteOf, openOn, rowOf, rowsIn, seeded } from "./support.ts";

type Operation =
  | { readonly kind: "append"; readonly count: number }
  | { readonly kind: "seal"; readonly most: number }
  | { readonly kind: "release"; readonly back: number; readonly width: number }
  | { readonly kind: "note" };

/** What a device knows of its spool: what it asked for, and what was answered. */
interface Ledger {
  readonly asked: Set<number>;
  readonly accepted: Set<number>;
  /** Rows of each frame, by sequence. */
  readonly frames: Map<number, readonly number[]>;
  readonly sealed: Set<number>;
  /** Sequences that a release was asked for. */
  readonly released: Set<number>;
  notes: number;
  notesAsked: number;
}

const emptyLedger = (): Ledger => ({
  asked: new Set(),
  accepted: new Set(),
  frames: new Map(),
  sealed: new Set(),
  released: new Set(),
  notes: 0,
  notesAsked: 0,
});

/** The ledger at a place of the journal, from its marks. */
function ledgerAt(journal: readonly Step[], from: Ledger): Ledger {
  const ledger: Ledger = {
    ...from,
    asked: new Set(from.asked),
    accepted: new Set(from.accepted),
    frames: new Map(from.frames),
    sealed: new Set(from.sealed),
    released: new Set(from.released),
  };
  for (const step of journal) {
    if (step.op !== "mark") continue;
    const [what, number = "0", ids = ""] = step.label.split(" ");
    const value = Number(number);
    if (what === "ask") ledger.asked.add(value);
    else if (what === "accepted") ledger.accepted.add(value);
    else if (what === "seal") ledger.frames.set(value, ids === "" ? [] : ids.split(",").map(Number));
    else if (what === "sealed") ledger.sealed.add(value);
    else if (what === "release") ledger.released.add(value);
    else if (what === "note") ledger.notesAsked = value;
    else if (what === "noted") ledger.notes = value;
  }
  return ledger;
}

/** Does to a spool what a device does, and marks in the journal what it knows when. */
async function operate(disk: MemoryDisk, spool: Spool, operations: readonly Operation[], first: Ledger): Promise<void> {
  const mark = (label: string) => disk.journal.push({ op: "mark", label });
  let id = Math.max(-1, ...first.asked) + 1;
  let notes = first.notesAsked;
  // A seal that was asked for and not answered when it crashed may count: the spool says which number is next.
  let sequence = Math.max(spool.sessions()[0]?.nextSequence ?? 0, Math.max(-1, ...first.frames.keys()) + 1);
  // What a device found when it started may have been sent: it must not be gone again.
  for (const frame of await spool.frames(undefined, 99_999)) mark(`sealed ${frame.sequence}`);
  for (const { time } of await spool.unsealed(99_999)) mark(`accepted ${time}`);
  for (const operation of operations) {
    if (operation.kind === "append") {
      await Promise.all(
        Array.from({ length: operation.count }, () => {
          const mine = id++;
          mark(`ask ${mine}`);
          return spool.append(rowOf(mine)).then(() => mark(`accepted ${mine}`));
        }),
      );
    } else if (operation.kind === "seal") {
      const ids = (await spool.unsealed(operation.most)).map(({ time }) => time);
      mark(`seal ${sequence} ${ids.join(",")}`);
      await spool.seal(frameOf(sequence, ids));
      mark(`sealed ${sequence}`);
      sequence += 1;
    } else if (operation.kind === "release") {
      const floor = Math.max(0, sequence - operation.back);
      const ranges = [[floor + 1, floor + operation.width]] as const;
      for (let i = 0; i <= floor + operation.width; i++) if (i !== floor && i < sequence) mark(`release ${i}`);
      await spool.release({ session: 1, floor, ranges });
    } else {
      notes += 1;
      mark(`note ${notes}`);
      await spool.note(noteOf(1, notes));
      mark(`noted ${notes}`);
    }
  }
}

/** Holds a reopened spool against what the device knew when it crashed. */
async function verify(spool: Spool, ledger: Ledger): Promise<void> {
  const unsealed = (await spool.unsealed(99_999)).map(({ time }) => time);
  const frames = await spool.frames(undefined, 99_999);
  const inFrames = frames.flatMap(rowsIn);
  for (const frame of frames) expect(rowsIn(frame)).toEqual(ledger.frames.get(frame.sequence));
  const all = [...inFrames, ...unsealed];
  expect(all).toEqual([...new Set(all)].sort((a, b) => a - b)); // nothing twice, order kept
  for (const id of all) expect(ledger.asked.has(id)).toBe(true);
  const kept = new Set(all);
  const away = new Set([...ledger.released].flatMap((sequence) => ledger.frames.get(sequence) ?? []));
  for (const id of ledger.accepted) if (!kept.has(id)) expect(away.has(id)).toBe(true);
  const sequences = new Set(frames.map(({ sequence }) => sequence));
  for (const sequence of ledger.sealed) {
    if (!sequences.has(sequence)) expect(ledger.released.has(sequence)).toBe(true);
    for (const id of ledger.frames.get(sequence) ?? []) expect(unsealed).not.toContain(id);
  }
  for (const row of await spool.unsealed(99_999)) expect(row).toEqual(rowOf(row.time));
  const [session] = spool.sessions();
  expect(session?.grids.length ?? 0).toBeGreaterThanOrEqual(ledger.notes);
  expect(session?.grids.length ?? 0).toBeLessThanOrEqual(ledger.notesAsked);
  if (session !== undefined) expect(session.nextSequence).toBeGreaterThan(Math.max(-1, ...ledger.sealed));
  expect(spool.usage()).toMatchObject({ rows: unsealed.length, frames: frames.length });
  expect(spool.dropped()).toEqual({ rows: 0, frames: 0, frameRows: 0, missing: [] });
}

const operations = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("append" as const), count: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("seal" as const), most: fc.integer({ min: 0, max: 12 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("release" as const),
        back: fc.integer({ min: 0, max: 5 }),
        width: fc.integer({ min: 0, max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "note" as const }) },
  ),
  { maxLength: 25 },
);

/** Crashes at a place: the last step is a write that got as far as `cut` bytes, or whole. */
function journalUpTo(journal: readonly Step[], steps: number, cut: number): readonly Step[] {
  const last = journal[steps - 1];
  if (last?.op !== "write") return journal.slice(0, steps);
  return [...journal.slice(0, steps - 1), { ...last, bytes: last.bytes.subarray(0, cut) }];
}

const verifyImage = async (image: Image | readonly Step[], ledger: Ledger, torn: boolean): Promise<MemoryDisk> => {
  const disk = createMemoryDisk(image);
  const spool = await openOn(disk);
  await verify(spool, ledger);
  if (torn) for (const { reason } of spool.damage()) expect(["torn", "header"]).toContain(reason);
  if (torn) expect(spool.lost()).toEqual({ rows: 0, frames: 0 });
  await spool.close();
  return disk;
};

describe("spool after a crash", () => {
  it("holds what it accepted, wherever among the written bytes the process was killed", async () => {
    const script: Operation[] = [{ kind: "note" }];
    for (let i = 0; i < 6; i++)
      script.push({ kind: "append", count: 4 }, { kind: "seal", most: 3 }, { kind: "release", back: 2, width: 0 });
    const disk = createMemoryDisk();
    const spool = await openOn(disk);
    await operate(disk, spool, script, emptyLedger());
    let places = 0;
    for (let steps = 1; steps <= disk.journal.length; steps++) {
      const step = disk.journal[steps - 1];
      const bytes = step?.op === "write" ? step.bytes.length : 0;
      for (let cut = 0; cut <= bytes; cut++) {
        const journal = journalUpTo(disk.journal, steps, cut);
        await verifyImage(crash(journal), ledgerAt(disk.journal.slice(0, steps), emptyLedger()), true);
        places += 1;
      }
    }
    expect(places).toBeGreaterThan(2000);
    await spool.close();
  }, 240_000);

  it("holds what it accepted through kills and power losses at random places, time after time", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(operations, fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        async (lives, seed) => {
          const random = seeded(seed);
          let left: Image | readonly Step[] = new Map();
          let ledger = emptyLedger();
          for (const [script, place, byte, isPowerLoss] of lives) {
            const disk = createMemoryDisk(left);
            const spool = await openOn(disk);
            const opened = disk.journal.length;
            await verify(spool, ledger);
            await operate(disk, spool, script, ledger);
            const steps = opened + (place % (disk.journal.length - opened + 1));
            const last = disk.journal[steps - 1];
            const cut = last?.op === "write" ? byte % (last.bytes.length + 1) : 0;
            const journal = journalUpTo(disk.journal, steps, cut);
            ledger = ledgerAt(disk.journal.slice(0, steps), ledger);
            const keep = () => [0, 1, random()][Math.floor(random() * 3)] ?? 0;
            left = isPowerLoss ? crash(journal, keep) : journal;
            await spool.close();
          }
          await verifyImage(left, ledger, false);
        },
      ),
      { seed: 31, numRuns: 1000 },
    );
  }, 240_000);

  it("would be caught if it answered before the sync", async () => {
    const disk = createMemoryDisk();
    const eager: MemoryDisk["files"] = {
      ...disk.files,
      open: async (path, flags) => ({ ...(await disk.files.open(path, flags)), sync: async () => undefined }),
    };
    const spool = await openOn({ ...disk, files: eager });
    await operate(disk, spool, [{ kind: "append", count: 3 }], emptyLedger());
    const image = crash(disk.journal, () => 0);
    await expect(verifyImage(image, ledgerAt(disk.journal, emptyLedger()), false)).rejects.toThrow();
    await spool.close();
  });
});
