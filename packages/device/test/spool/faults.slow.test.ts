import { crc32c } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crash, createMemoryDisk, type Image, type MemoryDisk } from "./memory-disk.ts";
import { frameOf, framesOf, noteOf, openOn, rowOf, rowsIn, sealOldest, seeded, waiting } from "./support.ts";

/** A disk that fails so. */
const failing = (disk: MemoryDisk, operation: string, code: string, name = ".seg") => {
  disk.fault = (what, file) => (what === operation && file.includes(name) ? code : undefined);
};
const heal = (disk: MemoryDisk) => {
  disk.fault = () => undefined;
  disk.room = Number.POSITIVE_INFINITY;
};

describe("spool on a failing disk", () => {
  it("refuses rows while the disk is full, byte by byte, and goes on when there is room", async () => {
    for (let room = 0; room < 60; room++) {
      const disk = createMemoryDisk();
      let spool = await openOn(disk);
      await spool.append(rowOf(1));
      disk.room = room;
      const results = await Promise.allSettled([spool.append(rowOf(2)), spool.append(rowOf(3))]);
      for (const result of results)
        expect(result).toMatchObject({ status: "rejected", reason: { code: "disk", name: "SpoolError" } });
      expect(await waiting(spool)).toEqual([1]);
      expect(crash(disk.journal).get("0000000001.seg")?.length).toBe(16 + 53);
      await expect(sealOldest(spool, 0)).rejects.toMatchObject({ code: "disk" });
      heal(disk);
      await spool.append(rowOf(4));
      expect(await sealOldest(spool, 0)).toEqual([1, 4]);
      await spool.append(rowOf(5));
      await spool.close();
      spool = await openOn(disk);
      expect(await waiting(spool)).toEqual([5]);
      expect((await spool.frames(undefined, 9)).map(rowsIn)).toEqual([[1, 4]]);
      expect(spool.damage()).toEqual([]);
      await spool.close();
    }
  });

  it("rejects what a failed sync covered, and does not bring it back, whatever of it reached the disk", async () => {
    for (const canTruncate of [true, false])
      for (let trial = 0; trial < 20; trial++) {
        const random = seeded(trial);
        const disk = createMemoryDisk();
        let spool = await openOn(disk);
        await spool.append(rowOf(0));
        await spool.append(rowOf(1));
        disk.fault = (what, name) =>
          name.endsWith(".seg") && (what === "sync" || (what === "truncate" && !canTruncate)) ? "EIO" : undefined;
        const refused = Promise.all([spool.append(rowOf(2)), spool.append(rowOf(3))]);
        await expect(refused).rejects.toMatchObject({ code: "disk" });
        await expect(spool.seal(frameOf(0, [0]))).rejects.toMatchObject({ code: "disk" });
        await expect(spool.append(rowOf(4))).rejects.toMatchObject({ code: "disk" });
        heal(disk);
        await spool.append(rowOf(5));
        const isSealed = trial % 2 === 0;
        if (isSealed) await spool.seal(frameOf(0, [0]));
        else await spool.note(noteOf(1));
        const left = isSealed ? [1, 5] : [0, 1, 5];
        expect(await waiting(spool)).toEqual(left);
        const image = crash(disk.journal, trial < 10 ? random : undefined);
        await spool.close();
        const after = createMemoryDisk(image);
        spool = await openOn(after);
        expect(await waiting(spool)).toEqual(left);
        expect((await spool.frames(undefined, 9)).map(rowsIn)).toEqual(isSealed ? [[0]] : []);
        await spool.close();
      }
  });

  it("remembers that a frame was refused for as long as its bytes are there", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk);
    for (let id = 0; id < 10; id++) await spool.append(rowOf(id));
    await sealOldest(spool, 0, 1);
    disk.fault = (what, name) =>
      name.endsWith(".seg") && (what === "sync" || what === "truncate") ? "EIO" : undefined;
    await expect(sealOldest(spool, 1, 8)).rejects.toMatchObject({ code: "disk" });
    heal(disk);
    expect(await sealOldest(spool, 1, 2)).toEqual([1, 2]);
    await spool.release({ session: 1, floor: 0, ranges: [[1, 1]] });
    for (let grids = 1; grids < 12; grids++) await spool.note(noteOf(1, grids)); // the segment that tells is full
    spool = await openOn(createMemoryDisk(disk.image()));
    expect(await waiting(spool)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(await framesOf(spool)).toEqual(["1/0"]);
    await spool.close();
  });

  it("keeps what it accepted and nothing it refused, whichever calls fail at random", async () => {
    const outcome = { rejected: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 30 }), async (seed, percent) => {
        const random = seeded(seed);
        const disk = createMemoryDisk();
        let spool = await openOn(disk);
        await spool.note(noteOf(1));
        const kept: number[] = [];
        let sequence = 0;
        let released = 0;
        disk.fault = (what) => (what !== "truncate" && random() * 100 < percent ? "EIO" : undefined);
        for (let id = 0; id < 150; id++) {
          const [result] = await Promise.allSettled([spool.append(rowOf(id))]);
          if (result?.status === "fulfilled") kept.push(id);
          outcome[result?.status === "fulfilled" ? "accepted" : "rejected"] += 1;
          if (id % 10 !== 9) continue;
          const ids = (await spool.unsealed(8)).map(({ time }) => time);
          await spool.seal(frameOf(sequence, ids)).then(
            () => {
              sequence += 1;
            },
            () => undefined,
          );
          if (sequence - 2 > released) {
            released = sequence - 2;
            await spool.release({ session: 1, floor: released, ranges: [] });
          }
        }
        heal(disk);
        const frames = await spool.frames(undefined, 999);
        const first = Math.min(...frames.flatMap(rowsIn), ...(await waiting(spool)));
        const expected = kept.filter((id) => id >= first);
        expect([...frames.flatMap(rowsIn), ...(await waiting(spool))]).toEqual(expected);
        await spool.close();
        spool = await openOn(createMemoryDisk(disk.image()));
        const again = (await spool.frames({ session: 1, sequence: released - 1 }, 999)).flatMap(rowsIn);
        expect([...again, ...(await waiting(spool))]).toEqual(expected);
        await spool.close();
      }),
      { seed: 5, numRuns: 200 },
    );
    expect(outcome.rejected).toBeGreaterThan(1000);
    expect(outcome.accepted).toBeGreaterThan(10_000);
  }, 240_000);

  it("does not open on a read-only disk, and rejects rows when it becomes one", async () => {
    const disk = createMemoryDisk();
    const spool = await openOn(disk);
    await spool.append(rowOf(1));
    failing(disk, "write", "EROFS");
    await expect(spool.append(rowOf(2))).rejects.toMatchObject({ code: "disk", file: "0000000001.seg" });
    expect(await waiting(spool)).toEqual([1]);
    heal(disk);
    await spool.close();
    failing(disk, "create", "EROFS", "lock");
    await expect(openOn(disk)).rejects.toMatchObject({ code: "disk" });
  });

  it("tells a read that fails, and reads again when it works", async () => {
    const disk = createMemoryDisk();
    const spool = await openOn(disk);
    await spool.seal(frameOf(0, []));
    failing(disk, "read", "EIO");
    await expect(spool.frames(undefined, 1)).rejects.toMatchObject({ code: "disk" });
    heal(disk);
    expect(await framesOf(spool)).toEqual(["1/0"]);
    await spool.close();
  });
});

/** A spool of two sessions with rows, frames, gone frames and a cursor, over several segments. */
async function sample(): Promise<{
  readonly image: Image;
  readonly rows: readonly number[];
  readonly frames: Map<string, number[]>;
}> {
  const disk = createMemoryDisk();
  const spool = await openOn(disk);
  let id = 0;
  for (const session of [1, 2]) {
    await spool.note(noteOf(session));
    for (let sequence = 0; sequence < 8; sequence++) {
      for (let i = 0; i < 4; i++) await spool.append(rowOf(id++, session));
      await sealOldest(spool, sequence, 4, session);
      if (sequence === 5) await spool.release({ session, floor: 2, ranges: [[3, 3]] });
    }
  }
  for (let i = 0; i < 3; i++) await spool.append(rowOf(id++, 2));
  const all = await spool.frames(undefined, 99);
  const frames = new Map(all.map((frame) => [`${frame.session}/${frame.sequence}`, rowsIn(frame)]));
  const rows = await waiting(spool);
  await spool.close();
  return { image: disk.image(), rows, frames };
}

const flipped = (image: Image, name: string, offset: number, bits: number): Image => {
  const bytes = image.get(name)?.slice() ?? new Uint8Array();
  bytes[offset] = (bytes[offset] ?? 0) ^ bits;
  return new Map([...image, [name, bytes]]);
};

describe("spool with a damaged file", () => {
  it("isolates a flipped byte wherever it lies: told, at most one record lost, none wrong", async () => {
    const { image, rows, frames } = await sample();
    expect(image.has("cursor")).toBe(true);
    let places = 0;
    let losses = 0;
    for (const [name, bytes] of image)
      for (let offset = 0; offset < bytes.length; offset++) {
        const spool = await openOn(createMemoryDisk(flipped(image, name, offset, 1 << (offset % 8))));
        const told = spool.damage().filter(({ file }) => file === name);
        expect(told).toHaveLength(1);
        expect(told[0]?.offset).toBeLessThanOrEqual(offset);
        expect((told[0]?.offset ?? 0) + (told[0]?.bytes ?? 0)).toBeGreaterThan(offset);
        const found = await spool.frames(undefined, 99);
        const back = new Map(found.map((frame) => [`${frame.session}/${frame.sequence}`, rowsIn(frame)]));
        let lost = 0;
        for (const [id, ids] of frames)
          if (back.has(id)) expect(back.get(id)).toEqual(ids);
          else lost += 1;
        const left = await spool.unsealed(99);
        for (const row of left) expect(row).toEqual(rowOf(row.time, row.session));
        const times = left.map(({ time }) => time);
        lost += rows.filter((id) => !times.includes(id)).length;
        expect(lost).toBeLessThanOrEqual(1);
        losses += lost;
        const everywhere = [...found.flatMap(rowsIn), ...times];
        expect(new Set(everywhere).size).toBe(everywhere.length); // nothing twice
        // beyond what was kept only frames that were released may come back, and rows of the frame that was lost last
        for (const id of back.keys()) if (!frames.has(id)) expect(id).toMatch(/^[12]\/[0123]$/);
        expect(spool.nextSession).toBeGreaterThanOrEqual(2);
        await spool.append(rowOf(1000, 3));
        await spool.seal(frameOf(0, [1000], 3));
        await spool.close();
        places += 1;
      }
    expect(places).toBeGreaterThan(3000);
    expect(losses).toBeGreaterThan(500);
  }, 240_000);

  it("says which frame is missing and counts what was lost", async () => {
    const { image } = await sample();
    const missing = new Set<string>();
    for (const [name, bytes] of image)
      for (let offset = 20; offset < bytes.length; offset += 7) {
        const disk = createMemoryDisk(flipped(image, name, offset, 0xff));
        let spool = await openOn(disk);
        const told = JSON.stringify(spool.dropped().missing);
        if (told !== "[]") {
          missing.add(told);
          expect(spool.lost()).toMatchObject({ frames: 1 });
          await spool.close();
          spool = await openOn(disk);
          expect(JSON.stringify(spool.dropped().missing)).toBe(told); // told until a receipt passes it
        }
        await spool.close();
      }
    expect(missing).toContain('[{"session":1,"ranges":[[4,4]]}]');
    expect(missing).toContain('[{"session":2,"ranges":[[5,5]]}]');
  });

  it("does not seal rows again whose frame was destroyed after it may have been sent", async () => {
    const disk = createMemoryDisk();
    let spool = await openOn(disk, { capacity: 1_000_000, segmentBytes: 30_000 });
    for (let sequence = 0; sequence < 3; sequence++) {
      await spool.append(rowOf(sequence));
      await sealOldest(spool, sequence);
    }
    await spool.append(rowOf(3));
    await spool.close();
    for (let sequence = 0; sequence < 3; sequence++) {
      const after = createMemoryDisk(flipped(disk.image(), "0000000002.seg", 16 + sequence * 57 + 30, 1));
      spool = await openOn(after);
      expect(await waiting(spool)).toEqual([3]);
      expect(await spool.frames(undefined, 9)).toHaveLength(2);
      expect(spool.lost()).toEqual({ rows: 0, frames: 1 });
      expect(spool.dropped().missing).toEqual([{ session: 1, ranges: [[sequence, sequence]] }]);
      await expect(spool.seal(frameOf(2, [3]))).rejects.toMatchObject({ code: "options" }); // it may have been sent
      await spool.seal(frameOf(3, [3]));
      await spool.close();
    }
  });

  it("cuts a torn tail off once", async () => {
    const { image, rows, frames } = await sample();
    for (const [name, bytes] of image) {
      if (!name.endsWith(".seg")) continue;
      const torn = new Uint8Array(bytes.length + 30);
      torn.set(bytes);
      torn.set([40, 0, 0, 0, 1, 2, 3, 4, 1], bytes.length);
      const disk = createMemoryDisk(new Map([...image, [name, torn]]));
      let spool = await openOn(disk);
      expect(spool.damage()).toEqual([{ file: name, offset: bytes.length, bytes: 30, reason: "torn" }]);
      expect(spool.lost()).toEqual({ rows: 0, frames: 0 });
      expect(await waiting(spool)).toEqual(rows);
      expect(await framesOf(spool)).toEqual([...frames.keys()]);
      await spool.close();
      spool = await openOn(disk);
      expect(spool.damage()).toEqual([]);
      await spool.close();
    }
  });

  it("tells a frame that rots while it is open, and gives the others", async () => {
    const disk = createMemoryDisk();
    const spool = await openOn(disk);
    for (let sequence = 0; sequence < 3; sequence++) await spool.seal(frameOf(sequence, []));
    const [name = ""] = [...disk.image().keys()].filter((file) => file.endsWith(".seg"));
    const file = await disk.files.open(`/spool/${name}`, "r+");
    await file.write(new Uint8Array([0xff]), 0, 1, 16 + 49 + 37 + 30);
    expect(await framesOf(spool)).toEqual(["1/0", "1/2"]);
    expect(spool.damage()).toEqual([{ file: name, offset: 16 + 49 + 37, bytes: 49, reason: "damaged" }]);
    expect(spool.lost()).toEqual({ rows: 0, frames: 1 });
    expect(spool.dropped().missing).toEqual([{ session: 1, ranges: [[1, 1]] }]);
    await spool.close();
  });

  it("touches nothing of a version that it does not know", async () => {
    const { image } = await sample();
    for (const name of image.keys()) {
      const bytes = image.get(name)?.slice() ?? new Uint8Array();
      const view = new DataView(bytes.buffer);
      view.setUint16(4, 2, true);
      view.setUint32(12, crc32c(bytes.subarray(0, 12)), true);
      const newer = new Map([...image, [name, bytes]]);
      const disk = createMemoryDisk(newer);
      await expect(openOn(disk)).rejects.toMatchObject({ code: "version" });
      expect(disk.image()).toEqual(newer);
    }
  });

  it("survives any bytes at all", async () => {
    const { image } = await sample();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 40 }), async (seed, changes) => {
        const random = seeded(seed);
        let damaged = image;
        for (let i = 0; i < changes; i++) {
          const name = [...image.keys()][Math.floor(random() * image.size)] ?? "";
          const length = damaged.get(name)?.length ?? 0;
          if (random() < 0.1)
            damaged = new Map([...damaged, [name, damaged.get(name)?.slice(0, random() * length) ?? new Uint8Array()]]);
          else if (length > 0)
            damaged = flipped(damaged, name, Math.floor(random() * length), 1 + Math.floor(random() * 255));
        }
        const spool = await openOn(createMemoryDisk(damaged));
        for (const row of await spool.unsealed(99)) expect(row).toEqual(rowOf(row.time, row.session));
        for (const frame of await spool.frames(undefined, 99))
          expect(frame).toEqual(frameOf(frame.sequence, rowsIn(frame), frame.session));
        await spool.close();
      }),
      { seed: 8, numRuns: 300 },
    );
  }, 240_000);
});
