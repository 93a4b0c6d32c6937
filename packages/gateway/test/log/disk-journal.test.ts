import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createQuantizer, encodeFrame, packCodes, uniformGrid } from "@zipml/codec";
import { createVirtualClock } from "@zipml/protocol/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemFiles } from "../../src/log/files.ts";
import { scanSegment } from "../../src/log/segment.ts";
import type { Parts } from "../../src/parts.ts";
import { birth, contentOf, folders, frameOf, healthOf, openPlant, schema, storedIn } from "./plant.ts";
import { faultyDisk } from "./support.ts";

const segments = async (directory: string): Promise<string[]> =>
  (await readdir(join(directory, "log"))).sort().map((name) => join(directory, "log", name));

async function feed(parts: Parts, device: string, session: number, sequences: Iterable<number>): Promise<void> {
  for (const sequence of sequences) parts.ingest.data(device, frameOf(device, session, sequence));
  await parts.journal.idle();
}

/** The content of a gateway in memory that got these frames alone. */
async function reference(frames: readonly string[], window = 1_000_000): Promise<string> {
  const parts = await openPlant(undefined, { training: { window } });
  for (const device of ["a", "b"]) parts.ingest.birth(device, birth(2, { earlier: [{ ...birth(1) }] }), false);
  for (const frame of frames) {
    const [device = "", session, sequence] = frame.split("/");
    parts.ingest.data(device, frameOf(device, Number(session), Number(sequence)));
  }
  return contentOf(parts);
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("journal on disk", () => {
  it("cut at every byte of its last records gives every frame before the cut, and takes the rest again", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const parts = await openPlant(directory);
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, range(0, 5));
    const whole = await place.copy(directory);
    const [file = ""] = await segments(whole);
    const bytes = await readFile(file);
    const ends = scanSegment(bytes, 1).records.map(({ offset, payload }) => offset + 8 + payload.length);
    const cuts = [...ends.slice(-3).flatMap((end) => [end - 1, end, end + 1]), 10, 47, 48, 60];
    for (const cut of cuts.filter((at) => at <= bytes.length)) {
      const copy = await place.copy(whole);
      await truncate((await segments(copy))[0] ?? "", cut);
      const again = await openPlant(copy);
      const left = Math.max(0, ends.filter((end) => end <= cut).length - 2); // task and note come first
      expect(storedIn(again)).toEqual(range(0, left).map((i) => `a/1/${i}`));
      expect(await contentOf(again)).toBe(await reference(storedIn(again)));
      again.ingest.birth("a", birth(1), false);
      await feed(again, "a", 1, range(0, 5));
      await again.journal.close();
      const last = await openPlant(copy);
      expect(last.findings).toEqual({ damage: [], lost: [] }); // cut off, so told once
      expect(await contentOf(last)).toBe(await reference(range(0, 5).map((i) => `a/1/${i}`)));
      await last.journal.close();
    }
    await parts.journal.close();
  });

  it("isolates a flipped byte: the frame is named, counts as missing, and is stored when it comes again", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const parts = await openPlant(directory);
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, range(0, 6));
    await parts.journal.close();
    const [file = ""] = await segments(directory);
    const bytes = await readFile(file);
    const { offset = 0 } = scanSegment(bytes, 1).records[5] ?? {}; // task, note, then frame 3
    bytes[offset + 30] = (bytes[offset + 30] ?? 0) ^ 4;
    await writeFile(file, bytes);
    const again = await openPlant(directory);
    expect(again.findings).toMatchObject({
      damage: [{ reason: "damaged", offset }],
      lost: [{ device: "a", session: 1, ranges: [[3, 3]] }],
    });
    expect(again.journal.status()?.damage).toMatchObject({ stretches: 1, frames: 1 });
    expect(storedIn(again)).toEqual([0, 1, 2, 4, 5].map((i) => `a/1/${i}`));
    expect(await contentOf(again)).toBe(await reference(storedIn(again)));
    await feed(again, "a", 1, [3]); // no birth needed: the log knows what it means
    expect(await contentOf(again)).toBe(await reference(range(0, 6).map((i) => `a/1/${i}`)));
    await again.journal.close();
  });

  it("isolates frames that do not decode under a CRC that holds, reports each, and recovers the rest (F17)", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const parts = await openPlant(directory);
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, range(0, 3));
    const good = frameOf("a", 1, 3);
    const quantizer = createQuantizer(uniformGrid(schema, { bits: 4, samples: 1, targetBits: 8 }));
    const start = { session: 1, sequence: 3, grid: 0, coding: "packed", start: 0, interval: 0, rows: 1 } as const;
    const later = Uint8Array.from(good);
    later[1] = 9;
    const poison: readonly (readonly [reason: "content" | "no-birth", payload: Uint8Array, session?: number])[] = [
      ["content", Uint8Array.of(1, 2, 3)],
      ["content", new Uint8Array(0)],
      ["content", later],
      ["content", good.subarray(0, -1)],
      ["content", encodeFrame({ ...start, body: packCodes(Uint16Array.of(15, 3), quantizer) })], // codes end at 14
      ["content", good, 2], // kept as another session's than it says
      ["content", Uint8Array.of(1, 2, 3), 7], // of a session that nobody knows, and no frame either
      ["no-birth", frameOf("a", 7, 3), 7],
    ];
    for (const [, payload, session = 1] of poison)
      expect(parts.journal.append({ type: "frame", device: "a", session, at: 0, payload }, () => undefined)).toBe(true);
    await feed(parts, "a", 1, [4, 5]);
    await parts.journal.close();
    for (let restart = 0; restart < 2; restart++) {
      const again = await openPlant(directory); // it neither ends the gateway nor is tried for ever
      const found = again.findings.damage.map(({ reason, bytes }) => [reason, bytes]);
      expect(found).toEqual(poison.map(([reason, { length }]) => [reason, length + 15])); // type, id and time before it
      expect(again.journal.status()?.damage).toMatchObject({ stretches: poison.length });
      const stored = [0, 1, 2, ...(restart === 0 ? [] : [3]), 4, 5].map((i) => `a/1/${i}`);
      expect(storedIn(again)).toEqual(stored);
      expect(await contentOf(again)).toBe(await reference(stored));
      await feed(again, "a", 1, [3]); // the sound frame of that sequence is welcome
      await again.journal.close();
    }
  });

  it("knows what frames mean though the note in the log is spoilt", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const parts = await openPlant(directory);
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, range(0, 3));
    await parts.journal.close();
    const [file = ""] = await segments(directory);
    const bytes = await readFile(file);
    const { offset = 0 } = scanSegment(bytes, 1).records[1] ?? {};
    bytes[offset + 20] = (bytes[offset + 20] ?? 0) ^ 4;
    await writeFile(file, bytes);
    const again = await openPlant(directory);
    expect(again.findings.damage).toHaveLength(1);
    expect(storedIn(again)).toHaveLength(3);
    await again.journal.close();
  });

  it("deletes segments that the window has left behind, and still knows what was in them", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const options = { training: { window: 40 }, log: { segmentBytes: 1024 } };
    let parts = await openPlant(directory, options);
    parts.ingest.birth("a", birth(1), false);
    parts.ingest.health("a", healthOf(1, [[7, 8]]));
    for (const sequence of range(0, 90)) if (sequence !== 7 && sequence !== 8) await feed(parts, "a", 1, [sequence]);
    const before = (await segments(directory)).length;
    await parts.journal.checkpoint();
    const after = (await segments(directory)).length;
    expect(after).toBeLessThan(5);
    expect(before).toBeGreaterThanOrEqual(after);
    const content = await contentOf(parts);
    for (let restart = 0; restart < 3; restart++) {
      const copy = await place.copy(directory);
      await parts.journal.close();
      parts = await openPlant(restart === 1 ? copy : directory, options);
      expect(parts.findings).toEqual({ damage: [], lost: [] });
      expect(await contentOf(parts)).toBe(content);
      await feed(parts, "a", 1, range(0, 90));
      expect(parts.ingest.counts()).toMatchObject({ stored: 0, duplicates: 90 });
      expect(parts.registry.get("a")?.sessions.get(1)).toMatchObject({ declared: 2 });
    }
    expect(storedIn(parts)).toHaveLength(90);
    await parts.journal.close();
  });

  it("does not receipt on a full disk, stays up, and goes on when there is room", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const disk = faultyDisk(systemFiles());
    const clock = createVirtualClock(1_700_000_000_000);
    const parts = await openPlant(directory, { clock }, disk.files);
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, [0, 1]);
    for (const fault of ["room", "sync"] as const) {
      if (fault === "room") disk.room = 20;
      else disk.syncFails = true;
      const before = storedIn(parts);
      await feed(parts, "a", 1, range(before.length, before.length + 5));
      expect(storedIn(parts)).toEqual(before);
      expect(parts.journal.status()).toMatchObject({ failing: expect.stringMatching(/ENOSPC|EIO/) });
      disk.room = Number.POSITIVE_INFINITY;
      disk.syncFails = false;
      await clock.advance(1000);
      await feed(parts, "a", 1, range(before.length, before.length + 5));
      expect(storedIn(parts)).toHaveLength(before.length + 5);
      expect(parts.journal.status()).toMatchObject({ failing: undefined });
    }
    expect(parts.ingest.counts()).toMatchObject({ received: 22, stored: 12, deferred: 10, pending: 0 });
    const content = await contentOf(parts);
    await parts.journal.close();
    const again = await openPlant(directory);
    expect(await contentOf(again)).toBe(content);
    await again.journal.close();
  });

  it("stores a frame once though the log holds it twice, after an fsync that failed", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const disk = faultyDisk(systemFiles());
    const clock = createVirtualClock(1_700_000_000_000);
    const parts = await openPlant(directory, { clock }, disk.files);
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, [0]);
    disk.syncFails = true;
    disk.truncateFails = true;
    await feed(parts, "a", 1, [1, 2]);
    disk.syncFails = false;
    await clock.advance(1000);
    await feed(parts, "a", 1, [2, 1, 3]);
    const content = await contentOf(parts);
    await parts.journal.close();
    expect(await segments(directory)).toHaveLength(2);
    const again = await openPlant(directory);
    const records = (await Promise.all((await segments(directory)).map((file) => readFile(file)))).map(
      (bytes, i) => scanSegment(bytes, i + 1).records.length,
    );
    expect(records).toEqual([2 + 3, 3]); // task, note and frames 0 to 2; frames 1 and 2 again, and 3
    expect(storedIn(again)).toEqual(range(0, 4).map((i) => `a/1/${i}`));
    expect(await contentOf(again)).toBe(content);
    await again.journal.close();
  });

  it("lets one gateway into a directory, with modes that keep others out", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const parts = await openPlant(directory);
    await expect(openPlant(directory)).rejects.toMatchObject({ code: "locked", file: directory });
    parts.ingest.birth("a", birth(1), false);
    await feed(parts, "a", 1, [0]);
    const modes = async (path: string) => (await stat(path)).mode & 0o777;
    for (const name of ["", "log", "state", "lock"]) expect(await modes(join(directory, name))).toBe(0o700);
    for (const file of await segments(directory)) expect(await modes(file)).toBe(0o600);
    await parts.journal.close();
    await (await openPlant(directory)).journal.close();
  });

  it("keeps a session that gave way from being stored twice, and says when it forgets one", async () => {
    await using place = await folders();
    const directory = join(place.path, "gateway");
    const options = { limits: { sessions: 1, retired: 1 } };
    const parts = await openPlant(directory, options);
    for (const session of [1, 2]) {
      parts.ingest.birth("a", birth(session), false);
      await feed(parts, "a", session, range(0, 3));
    }
    const events = parts.hub.events();
    await feed(parts, "a", 1, [0, 1, 2]); // retired, yet known
    expect(parts.ingest.counts()).toMatchObject({ stored: 6, duplicates: 3 });
    await parts.journal.close();
    const again = await openPlant(directory, options);
    expect([...(again.registry.get("a")?.retired.keys() ?? [])]).toEqual([1]);
    expect(again.store.stored).toBe(24);
    const told = again.hub.events();
    again.ingest.birth("a", birth(3), false);
    expect((await told.next()).value).toEqual({ type: "forgotten", device: "a", session: 1 });
    await again.journal.close();
    again.hub.close();
    parts.hub.close();
    expect((await events.next()).done).toBe(true);
  });
});

type Step =
  | { readonly kind: "frames"; readonly device: string; readonly session: number; readonly sequences: number[] }
  | { readonly kind: "kill" | "close" | "checkpoint" | "full" | "room" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("frames" as const),
      device: fc.constantFrom("a", "b"),
      session: fc.constantFrom(1, 2),
      sequences: fc.array(fc.nat(12), { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("kill", "close", "checkpoint", "full", "room") }) },
);

describe("journal against its model", () => {
  it("holds what was told durable, once each, over any order of frames, failures, kills and restarts", async () => {
    await using place = await folders();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        run += 1;
        let directory = join(place.path, `run-${run}`);
        const clock = createVirtualClock(1_700_000_000_000);
        const options = { clock, training: { window: 60 }, log: { segmentBytes: 1024 } };
        const disk = faultyDisk(systemFiles());
        const open = async (): Promise<Parts> => {
          const parts = await openPlant(directory, options, disk.files);
          for (const device of ["a", "b"]) parts.ingest.birth(device, birth(2, { earlier: [{ ...birth(1) }] }), false);
          return parts;
        };
        let parts = await open();
        const model = new Set<string>();
        for (const next of steps) {
          if (next.kind === "frames") {
            const { device, session, sequences } = next;
            const full = disk.room === 0;
            await feed(parts, device, session, sequences);
            if (!full) for (const sequence of sequences) model.add(`${device}/${session}/${sequence}`);
          } else if (next.kind === "checkpoint") await parts.journal.checkpoint();
          else if (next.kind === "full") disk.room = 0;
          else if (next.kind === "room") {
            disk.room = Number.POSITIVE_INFINITY;
            await clock.advance(1000);
          } else {
            const copy = await place.copy(directory);
            await parts.journal.close();
            if (next.kind === "kill") directory = copy;
            await clock.advance(1000);
            parts = await open();
            expect(parts.findings).toEqual({ damage: [], lost: [] });
          }
          const stored = [...model].sort();
          expect(storedIn(parts)).toEqual(stored);
          expect(await contentOf(parts)).toBe(await reference(stored, 60));
        }
        await parts.journal.close();
      }),
      { seed: 11, numRuns: 25 },
    );
  }, 120_000);
});
