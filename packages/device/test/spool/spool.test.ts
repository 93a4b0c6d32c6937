import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock } from "@zipml/protocol/memory";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSpool } from "../../src/spool/spool.ts";
import { createMemoryDisk } from "./memory-disk.ts";
import { frameOf, framesOf, noteOf, openOn, rowOf, rowsIn, sealOldest, waiting } from "./support.ts";

const everything = { session: 1, floor: 1_000_000, ranges: [] };

describe("spool as an outbox", () => {
  it("turns the oldest rows into a frame and counts both", async () => {
    const spool = await openOn(createMemoryDisk());
    for (const id of [1, 2, 3]) await spool.append(rowOf(id));
    expect(spool.usage()).toMatchObject({ rows: 3, frames: 0, bytes: 3 * 53, capacity: 65_536 });
    expect(await sealOldest(spool, 0, 2)).toEqual([1, 2]);
    expect(await waiting(spool)).toEqual([3]);
    expect(spool.usage()).toMatchObject({ rows: 1, frames: 1, bytes: 53 + 49 + 16 });
    const [frame] = await spool.frames(undefined, 9);
    expect(frame).toEqual(frameOf(0, [1, 2]));
    expect(frame?.bytes.constructor).toBe(Uint8Array);
    expect(await spool.release({ session: 1, floor: 1, ranges: [] })).toBe(1);
    expect(await spool.release({ session: 1, floor: 1, ranges: [] })).toBe(0);
    expect(spool.usage()).toMatchObject({ rows: 1, frames: 0, bytes: 53 });
    await spool.close();
    await spool[Symbol.asyncDispose]();
  });

  it("orders calls that overlap as they were made", async () => {
    const spool = await openOn(createMemoryDisk());
    const calls = [
      spool.append(rowOf(1)),
      spool.append(rowOf(2)),
      spool.seal(frameOf(0, [1, 2])),
      spool.append(rowOf(3)),
      spool.unsealed(9).then((rows) => expect(rows.map(({ time }) => time)).toEqual([3])),
      spool.frames(undefined, 9).then((frames) => expect(frames.map(rowsIn)).toEqual([[1, 2]])),
      spool.release({ session: 1, floor: 1, ranges: [] }).then((count) => expect(count).toBe(1)),
    ];
    await Promise.all(calls);
    await spool.close();
  });

  it("lists frames after a place, also where that frame or its whole session has gone", async () => {
    const spool = await openOn(createMemoryDisk());
    for (const [session, sequence] of [
      [1, 0],
      [1, 1],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const)
      await spool.seal(frameOf(sequence, [], session));
    const after = async (session: number, sequence: number, limit = 9) =>
      (await spool.frames({ session, sequence }, limit)).map((frame) => `${frame.session}/${frame.sequence}`);
    expect(await framesOf(spool)).toEqual(["1/0", "1/1", "1/2", "2/0", "2/1"]);
    expect(await after(1, -1, 1)).toEqual(["1/0"]);
    expect(await after(1, 0, 2)).toEqual(["1/1", "1/2"]);
    expect(await after(1, 2)).toEqual(["2/0", "2/1"]);
    expect(await after(2, 1)).toEqual([]);
    await spool.release({ session: 1, floor: 0, ranges: [[1, 2]] });
    expect(await after(1, 1)).toEqual(["2/0", "2/1"]);
    await spool.release({ session: 1, floor: 3, ranges: [] });
    expect(await after(1, 2)).toEqual(["2/0", "2/1"]);
    await spool.close();
  });

  it("refuses a sequence that was used, and calls after close", async () => {
    const spool = await openOn(createMemoryDisk());
    await spool.seal(frameOf(4, []));
    await expect(spool.seal(frameOf(4, []))).rejects.toMatchObject({ code: "options" });
    await expect(spool.append(rowOf(1, 2 ** 32))).rejects.toMatchObject({ code: "options" });
    await spool.close();
    for (const call of [
      () => spool.append(rowOf(1)),
      () => spool.unsealed(1),
      () => spool.frames(undefined, 1),
      () => spool.release(everything),
      () => spool.note(noteOf(1)),
    ])
      await expect(call()).rejects.toMatchObject({ code: "closed" });
  });

  it("refuses options out of range", async () => {
    const disk = createMemoryDisk();
    for (const options of [
      { capacity: 1 },
      { segmentBytes: 0.5 },
      { sync: { rows: 0, milliseconds: 1 } },
      { directory: "" },
    ])
      await expect(openOn(disk, options)).rejects.toMatchObject({ code: "options" });
    await expect(openOn(disk, { policy: "thick" as "refuse" })).rejects.toMatchObject({ code: "options" });
  });
});

describe("spool over restarts", () => {
  it("keeps rows, frames, notes and numbers", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk);
    expect(spool.nextSession).toBe(0);
    await spool.note(noteOf(3));
    await spool.note(noteOf(3, 2));
    for (let id = 0; id < 5; id++) await spool.append(rowOf(id, 3));
    await sealOldest(spool, 0, 2, 3);
    await sealOldest(spool, 1, 1, 3);
    await spool.release({ session: 3, floor: 2, ranges: [] });
    await spool.close();
    spool = await openOn(disk);
    expect(await waiting(spool)).toEqual([3, 4]);
    expect(await framesOf(spool)).toEqual([]);
    expect(spool.sessions()).toEqual([{ ...noteOf(3, 2), nextSequence: 2 }]);
    expect(spool.nextSession).toBe(4);
    await spool.note(noteOf(4));
    expect(spool.sessions().map(({ session }) => session)).toEqual([3, 4]);
    await sealOldest(spool, 2, 9, 3);
    await spool.release({ session: 3, floor: 3, ranges: [] });
    expect(spool.sessions().map(({ session }) => session)).toEqual([4]);
    expect(spool.damage()).toEqual([]);
    await spool.close();
  });

  it("gives disk space back as frames are released, whatever one stuck frame does", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk, { capacity: 1024 * 1024 });
    await spool.note(noteOf(1));
    for (let sequence = 0; sequence < 400; sequence++) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => spool.append(rowOf(sequence * 20 + i))));
      await sealOldest(spool, sequence);
      if (sequence > 5) await spool.release({ session: 1, floor: 3, ranges: [[4, sequence - 2]] });
    }
    expect(await framesOf(spool)).toEqual(["1/3", "1/398", "1/399"]);
    expect(spool.usage().diskBytes).toBeLessThan(8 * 1024);
    expect([...disk.image().keys()].length).toBeLessThan(10);
    await spool.close();
    spool = await openOn(disk);
    expect(await framesOf(spool)).toEqual(["1/3", "1/398", "1/399"]);
    expect((await spool.frames(undefined, 1)).map(rowsIn)).toEqual([Array.from({ length: 20 }, (_, i) => 60 + i)]);
    expect(spool.sessions()).toEqual([{ ...noteOf(1), nextSequence: 400 }]);
    await spool.close();
  });
});

describe("spool that is full", () => {
  it("refuses rows, seals those it has, and takes rows again when there is room", async () => {
    const spool = await openOn(createMemoryDisk());
    let taken = 0;
    const fill = async () => {
      for (;;) await spool.append(rowOf(taken++));
    };
    await expect(fill()).rejects.toMatchObject({ code: "outbox-full" });
    taken -= 1;
    expect(spool.usage().bytes).toBeGreaterThan(65_536 * 0.85);
    expect(spool.usage().diskBytes).toBeLessThanOrEqual(65_536);
    await spool.seal(frameOf(0, []));
    expect(await sealOldest(spool, 1, 100)).toHaveLength(100);
    await spool.append(rowOf(taken++));
    expect(spool.usage()).toMatchObject({ rows: taken - 100, frames: 2 });
    expect(spool.dropped()).toEqual({ rows: 0, frames: 0, frameRows: 0, missing: [] });
    await spool.close();
  });

  it("drops the oldest frames, tells which, and keeps that over a restart", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk, { policy: "drop-oldest" });
    await spool.note(noteOf(1));
    for (let sequence = 0; sequence < 2000; sequence++) {
      await spool.append(rowOf(sequence));
      await sealOldest(spool, sequence);
      expect(spool.usage().diskBytes).toBeLessThanOrEqual(65_536);
    }
    const check = async () => {
      const { frames, frameRows, rows, missing } = spool.dropped();
      expect(frames).toBeGreaterThan(100);
      expect(frameRows).toBe(frames);
      expect(rows).toBe(0);
      expect(missing).toEqual([{ session: 1, ranges: [[0, frames - 1]] }]);
      expect((await spool.frames(undefined, 9999)).map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 2000 - frames }, (_, i) => frames + i),
      );
      return frames;
    };
    const frames = await check();
    expect(frames).toBeLessThan(1200);
    await spool.close();
    spool = await openOn(disk, { policy: "drop-oldest" });
    expect(await check()).toBe(frames);
    await spool.release({ session: 1, floor: frames, ranges: [] });
    expect(spool.dropped()).toMatchObject({ frames, missing: [] });
    await spool.close();
  });

  it("drops the oldest rows where there is no frame, but none that were read to be sealed", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk, { policy: "drop-oldest" });
    for (let id = 0; id < 10; id++) await spool.append(rowOf(id));
    await spool.unsealed(4);
    for (let id = 10; id < 3000; id++) await spool.append(rowOf(id));
    const { rows } = spool.dropped();
    expect(rows).toBeGreaterThan(1000);
    await spool.seal(frameOf(0, [0, 1, 2, 3]));
    const left = Array.from({ length: 3000 - 4 - rows }, (_, i) => 4 + rows + i);
    expect(await waiting(spool)).toEqual(left);
    await spool.close();
    spool = await openOn(disk);
    expect(await waiting(spool)).toEqual(left);
    expect(spool.dropped().rows).toBe(rows);
    expect(spool.lost()).toEqual({ rows: 0, frames: 0 });
    await spool.close();
  });

  it("drops the newest row and counts it", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk, { policy: "drop-newest" });
    for (let id = 0; id < 2000; id++) await spool.append(rowOf(id));
    const { rows } = spool.dropped();
    expect(rows).toBeGreaterThan(500);
    expect(await waiting(spool)).toEqual(Array.from({ length: 2000 - rows }, (_, i) => i));
    await spool.close();
    spool = await openOn(disk);
    expect(spool.dropped().rows).toBe(rows);
    await spool.close();
  });
});

describe("replacing a frame", () => {
  it("keeps the new one over a restart, gives the room of the old one back, and leaves rows settled", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk, { policy: "thin" });
    await spool.note({ ...noteOf(1, 2), thin: 0 });
    const wide = (sequence: number, bytes: number) => ({
      session: 1,
      sequence,
      rows: 2,
      bytes: new Uint8Array(bytes).fill(sequence),
    });
    for (let sequence = 0; sequence < 60; sequence++) {
      for (const id of [0, 1]) await spool.append(rowOf(2 * sequence + id));
      await spool.seal(wide(sequence, 700));
    }
    await spool.append(rowOf(500));
    const before = spool.usage();
    for (let sequence = 0; sequence < 50; sequence++) expect(await spool.replace(wide(sequence, 100))).toBe(true);
    expect(spool.usage()).toMatchObject({ rows: 1, frames: 60, bytes: before.bytes - 50 * 600 });
    await spool.release({ session: 1, floor: 5, ranges: [] });
    expect(await spool.replace(wide(4, 50))).toBe(false);
    const check = async () => {
      const frames = await spool.frames(undefined, 99);
      expect(frames.map(({ sequence, bytes }) => [sequence, bytes.length, bytes[0]])).toEqual(
        Array.from({ length: 55 }, (_, i) => [i + 5, i < 45 ? 100 : 700, i + 5]),
      );
      expect(await waiting(spool)).toEqual([500]);
    };
    await check();
    await spool.close();
    spool = await openOn(disk, { policy: "thin" });
    await check();
    expect(spool.sessions()).toEqual([{ ...noteOf(1, 2), thin: 0, nextSequence: 60 }]);
    expect([spool.damage(), spool.lost(), spool.policy]).toEqual([[], { rows: 0, frames: 0 }, "thin"]);
    expect(spool.usage().diskBytes).toBeLessThan(before.diskBytes);
    for (let id = 501; spool.usage().diskBytes < 40_000; id++) await spool.append(rowOf(id)); // the note comes by the cursor
    await spool.close();
    spool = await openOn(disk, { policy: "thin" });
    expect(spool.sessions()[0]).toMatchObject({ thin: 0 });
    await spool.close();
  });
});

describe("group commit", () => {
  it("lets rows that come during a sync share the next", async () => {
    const disk = createMemoryDisk();
    const spool = await openOn(disk, { segmentBytes: 1_000_000, capacity: 32_000_000 });
    const before = disk.journal.length;
    await Promise.all(Array.from({ length: 1000 }, (_, id) => spool.append(rowOf(id))));
    expect(disk.journal.slice(before).filter(({ op }) => op === "sync").length).toBeLessThanOrEqual(2);
    await spool.close();
  });

  it("waits for a number of rows or a time, and never keeps a seal waiting", async () => {
    const clock = createVirtualClock();
    const disk = createMemoryDisk();
    const spool = await openOn(disk, { clock, sync: { rows: 3, milliseconds: 50 } });
    let settled = 0;
    const append = (id: number) => spool.append(rowOf(id)).then(() => settled++);
    const first = append(1);
    const second = append(2);
    await clock.advance(49);
    expect(settled).toBe(0);
    await clock.advance(1);
    await Promise.all([first, second]);
    await Promise.all([append(3), append(4), append(5)]);
    const late = append(6);
    expect((await spool.unsealed(9)).length).toBe(6);
    await late;
    expect(clock.sleepers()).toBe(0);
    const last = append(7);
    await spool.close();
    await last;
    expect(clock.sleepers()).toBe(0);
  });
});

describe("spool on a real disk", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "spool-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("keeps files and folder to their owner, and no lock behind it", async () => {
    const path = join(folder, "spool");
    const spool = await openSpool({ directory: path });
    await spool.append(rowOf(1));
    await sealOldest(spool, 0);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(path)) expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
    await spool.close();
    expect(await readdir(path)).not.toContain("lock");
  });
});
