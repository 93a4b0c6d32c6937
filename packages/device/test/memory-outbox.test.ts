import { uniformGrid } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { covers } from "../src/outbox.ts";
import { schema, sealed } from "./support.ts";

const accepted = (time: number) => ({ session: 1, time, values: Float64Array.of(1, 2) });
const ids = (frames: readonly { session: number; sequence: number }[]) =>
  frames.map(({ session, sequence }) => `${session}/${sequence}`);

describe("memory outbox", () => {
  it("turns the oldest rows into a frame and counts both", async () => {
    const outbox = createMemoryOutbox({ capacity: 1000 });
    for (const time of [1, 2, 3]) await outbox.append(accepted(time));
    expect(outbox.usage()).toEqual({ rows: 3, frames: 0, bytes: 3 * 80, capacity: 1000 });
    expect((await outbox.unsealed(2)).map(({ time }) => time)).toEqual([1, 2]);
    await outbox.seal(sealed(1, 0, 2));
    expect((await outbox.unsealed(9)).map(({ time }) => time)).toEqual([3]);
    expect(outbox.usage()).toEqual({ rows: 1, frames: 1, bytes: 80 + 74, capacity: 1000 });
    expect(await outbox.release({ session: 1, floor: 1, ranges: [] })).toBe(1);
    expect(await outbox.release({ session: 1, floor: 1, ranges: [] })).toBe(0);
    expect(outbox.usage()).toMatchObject({ rows: 1, frames: 0, bytes: 80 });
    await outbox.close();
    await outbox[Symbol.asyncDispose]();
  });

  it("refuses a row that does not fit, takes nothing of it, and takes rows again when there is room", async () => {
    const outbox = createMemoryOutbox({ capacity: 200 });
    await outbox.append(accepted(1));
    await outbox.append(accepted(2));
    await expect(outbox.append(accepted(3))).rejects.toMatchObject({ code: "outbox-full" });
    expect(outbox.usage()).toMatchObject({ rows: 2, bytes: 160 });
    await outbox.seal(sealed(1, 0, 2));
    await outbox.append(accepted(3));
  });

  it("lists frames after a place, also where that frame or its whole session has gone", async () => {
    const outbox = createMemoryOutbox();
    for (const [session, sequence] of [
      [1, 0],
      [1, 1],
      [1, 2],
      [2, 0],
      [2, 1],
    ] as const)
      await outbox.seal(sealed(session, sequence, 0));
    const after = async (session: number, sequence: number, limit = 9) =>
      ids(await outbox.frames({ session, sequence }, limit));
    expect(ids(await outbox.frames(undefined, 2))).toEqual(["1/0", "1/1"]);
    expect(await after(1, -1, 1)).toEqual(["1/0"]);
    expect(await after(1, 0, 2)).toEqual(["1/1", "1/2"]);
    expect(await after(1, 2)).toEqual(["2/0", "2/1"]);
    expect(await after(2, 1)).toEqual([]);
    await outbox.release({ session: 1, floor: 0, ranges: [[1, 2]] });
    expect(await after(1, 1)).toEqual(["2/0", "2/1"]);
    await outbox.release({ session: 1, floor: 3, ranges: [] });
    expect(await after(1, 2)).toEqual(["2/0", "2/1"]);
  });

  it("releases exactly what a receipt covers", async () => {
    const range = fc.tuple(fc.nat(20), fc.nat(3)).map(([from, more]) => [from, from + more] as const);
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.array(range, { maxLength: 4 }), async (floor, ranges) => {
        const outbox = createMemoryOutbox();
        for (const session of [1, 2]) for (let i = 0; i < 20; i++) await outbox.seal(sealed(session, i, 0));
        const receipt = { session: 2, floor, ranges };
        const covered = (i: number) => i < floor || ranges.some(([from, to]) => from <= i && i <= to);
        const gone = Array.from({ length: 20 }, (_, i) => i).filter(covered);
        expect(await outbox.release(receipt)).toBe(gone.length);
        const left = await outbox.frames(undefined, 99);
        expect(left.filter(({ session }) => session === 1)).toHaveLength(20);
        expect(left.some((frame) => covers(receipt, frame))).toBe(false);
        expect(outbox.usage()).toMatchObject({ frames: 40 - gone.length, bytes: (40 - gone.length) * 74 });
      }),
      { seed: 4 },
    );
  });

  it("puts a frame in the place of one that it keeps, and in no other", async () => {
    const outbox = createMemoryOutbox();
    for (const sequence of [0, 1, 2]) await outbox.seal(sealed(1, sequence, 4, 50));
    expect(await outbox.replace(sealed(1, 1, 4, 20))).toBe(true);
    expect((await outbox.frames(undefined, 9)).map(({ sequence, bytes }) => [sequence, bytes.length])).toEqual([
      [0, 50],
      [1, 20],
      [2, 50],
    ]);
    expect(outbox.usage()).toMatchObject({ frames: 3, bytes: 3 * 64 + 120 });
    await outbox.release({ session: 1, floor: 2, ranges: [] });
    expect(await outbox.replace(sealed(1, 1, 4, 10))).toBe(false);
    expect(outbox.usage()).toMatchObject({ frames: 1, bytes: 64 + 50 });
  });

  it("drops the oldest frames and then the oldest rows that are not being sealed, and declares the frames", async () => {
    const outbox = createMemoryOutbox({ capacity: 320, policy: "drop-oldest" });
    for (const sequence of [0, 1]) await outbox.seal(sealed(1, sequence, 4, 16)); // 80 bytes each, as a row
    for (const time of [1, 2]) await outbox.append(accepted(time));
    expect(outbox.dropped()).toEqual({ rows: 0, frames: 0, frameRows: 0, missing: [] });
    await outbox.append(accepted(3));
    await outbox.append(accepted(4));
    const missing = [{ session: 1, ranges: [[0, 1]] }];
    expect(outbox.dropped()).toEqual({ rows: 0, frames: 2, frameRows: 8, missing });
    expect((await outbox.unsealed(2)).map(({ time }) => time)).toEqual([1, 2]);
    await outbox.append(accepted(5));
    expect(outbox.dropped()).toMatchObject({ rows: 1, frames: 2 });
    await outbox.seal(sealed(1, 2, 2, 16));
    expect((await outbox.unsealed(9)).map(({ time }) => time)).toEqual([4, 5]);
    expect(outbox.usage()).toMatchObject({ rows: 2, frames: 1, bytes: 240 });
    await outbox.release({ session: 1, floor: 1, ranges: [] });
    expect(outbox.dropped().missing).toEqual([{ session: 1, ranges: [[1, 1]] }]);
    await outbox.release({ session: 1, floor: 2, ranges: [] });
    expect(outbox.dropped().missing).toEqual([]);
    await expect(createMemoryOutbox({ capacity: 10, policy: "drop-oldest" }).append(accepted(1))).rejects.toMatchObject(
      { code: "outbox-full" },
    );
  });

  it("drops the row itself, and counts it", async () => {
    const outbox = createMemoryOutbox({ capacity: 100, policy: "drop-newest" });
    for (const time of [1, 2, 3]) await outbox.append(accepted(time));
    expect((await outbox.unsealed(9)).map(({ time }) => time)).toEqual([1]);
    expect(outbox.dropped()).toEqual({ rows: 2, frames: 0, frameRows: 0, missing: [] });
  });

  it("refuses a capacity or policy that is none", () => {
    const policy = "drop-some" as "refuse";
    expect(() => createMemoryOutbox({ capacity: Number.NaN })).toThrow(/capacity/);
    expect(() => createMemoryOutbox({ policy })).toThrow(/drop-some/);
  });

  it("tells the sessions of which it keeps something, and the newest", async () => {
    const outbox = createMemoryOutbox();
    expect(outbox.sessions()).toEqual([]);
    const note = (session: number) => ({ session, startedAt: session, schema, grids: [uniformGrid(schema)] });
    for (const session of [3, 1, 2]) await outbox.note(note(session));
    expect(outbox.sessions().map(({ session }) => session)).toEqual([3]);
    await outbox.append(accepted(1)); // session 1
    await outbox.seal(sealed(2, 6, 0));
    const told = outbox.sessions().map(({ session, nextSequence }) => [session, nextSequence]);
    expect(told).toEqual([
      [1, 0],
      [2, 7],
      [3, 0],
    ]);
    expect(outbox.sessions()[1]).toEqual({ ...note(2), nextSequence: 7 });
    expect(outbox.nextSession).toBeUndefined();
  });
});
