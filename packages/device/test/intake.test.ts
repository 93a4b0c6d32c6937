import { createQuantizer, decodeFrame, rowTimes, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createGridBook } from "../src/grid-book.ts";
import { createIntake } from "../src/intake.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import type { DeviceOptions } from "../src/options.ts";
import type { Outbox, SealedFrame } from "../src/outbox.ts";
import { resolved, row, schema } from "./support.ts";

function setUp(given: Partial<DeviceOptions> = {}) {
  const options = resolved({ batch: { rows: 4 }, ...given });
  const book = createGridBook(schema, options.grid);
  const frames: SealedFrame[] = [];
  const failures: unknown[] = [];
  const ports = {
    sealed: (frame: SealedFrame) => frames.push(frame),
    stored: () => {},
    accepted: () => {},
    kept: () => undefined,
    mayReplace: () => false,
    failed: (error: unknown) => failures.push(error),
  };
  const intake = createIntake(options, book, options.clock.now(), ports);
  const times = () => frames.map(({ bytes }) => [...rowTimes(decodeFrame(bytes))]);
  return { intake, book, frames, failures, times, clock: options.clock, outbox: options.outbox };
}

describe("intake", () => {
  it("seals by rows, by time and when asked", async () => {
    const { intake, frames, clock } = setUp();
    for (let i = 0; i < 9; i++) await intake.push(row, i);
    await clock.settle();
    expect(frames.map(({ rows }) => rows)).toEqual([4, 4]);
    await clock.advance(9_999);
    expect(frames).toHaveLength(2);
    await clock.advance(1);
    expect(frames.map(({ sequence, rows }) => [sequence, rows])).toEqual([
      [0, 4],
      [1, 4],
      [2, 1],
    ]);
    await intake.push(row, 9);
    await intake.seal();
    expect(frames.at(-1)).toMatchObject({ sequence: 3, rows: 1 });
    await intake.seal();
    expect(frames).toHaveLength(4);
    expect(clock.sleepers()).toBe(0);
  });

  it("seals by bytes: 16 bits a row", async () => {
    const { intake, frames, clock } = setUp({ batch: { bytes: 6 } });
    for (let i = 0; i < 7; i++) await intake.push(row, i);
    await clock.settle();
    expect(frames.map(({ rows }) => rows)).toEqual([3, 3]);
  });

  it("gives a row the clock's time, or the nearest multiple of the interval", async () => {
    const free = setUp();
    const snapped = setUp({ interval: 100 });
    for (const wait of [0, 98.4, 103, 155]) {
      for (const { intake, clock } of [free, snapped]) {
        await clock.advance(wait);
        await intake.push(row, undefined);
      }
    }
    for (const { intake } of [free, snapped]) await intake.seal();
    expect(free.times()).toEqual([[0, 98, 201, 356]]);
    expect(snapped.times()).toEqual([[0, 100, 200, 400]]);
  });

  it("refuses times that go back, are not whole or can't be said, and counts them", async () => {
    const { intake, times, clock } = setUp();
    await intake.push(row, 50);
    await clock.advance(10);
    await intake.push(row, undefined); // the clock is behind the last row: never back
    for (const time of [49, 50.5, -1, Number.NaN, 2 ** 52])
      await expect(intake.push(row, time)).rejects.toMatchObject({ code: "time" });
    await intake.push(row, 2 ** 52 - 1);
    expect(intake.counts()).toMatchObject({ accepted: 3, refused: { time: 5 } });
    await intake.seal();
    expect(times()).toEqual([[50, 50], [2 ** 52 - 1]]);
  });

  it("forgets the time of a row that the outbox refused", async () => {
    const { intake, outbox } = setUp({ batch: { rows: 4096 }, outbox: createMemoryOutbox({ capacity: 1000 }) });
    let time = 0;
    while (outbox.usage().bytes < 900) await intake.push(row, time++).catch(() => undefined);
    await expect(intake.push(row, 50_000_000)).rejects.toMatchObject({ code: "outbox-full" });
    await expect(intake.push(row, time + 1)).rejects.toMatchObject({ code: "outbox-full" }); // and not "time"
  });

  it("takes rows again after a silence of months", async () => {
    const { intake, times, clock } = setUp();
    await intake.push(row, undefined);
    await clock.advance(100 * 86_400_000);
    await intake.push(row, undefined);
    await intake.push(row, undefined);
    await intake.seal();
    expect(times()).toEqual([[0], [8_640_000_000, 8_640_000_000]]);
  });

  it("puts a grid in force at the sequence it says, with the rows before under the old one", async () => {
    const { intake, frames, book } = setUp();
    for (let i = 0; i < 6; i++) await intake.push(row, i);
    const adopted = intake.adopt({ grid: uniformGrid(schema, { epoch: 5, bits: 8 }) });
    await intake.push(row, 6);
    expect(await adopted).toBe(2);
    await intake.push(row, 7);
    await intake.seal();
    expect(frames.map(({ bytes }) => decodeFrame(bytes).grid)).toEqual([0, 0, 5]);
    expect(frames.reduce((sum, { rows }) => sum + rows, 0)).toBe(8);
    expect(book.quantizer.grid.epoch).toBe(5);
    expect(book.grids.map(({ epoch }) => epoch)).toEqual([0, 5]);
    const twice = uniformGrid(schema, { epoch: 0, bits: 6 });
    await expect(intake.adopt({ grid: twice })).rejects.toMatchObject({ code: "grid" });
    expect(createQuantizer(twice).rowBits).not.toBe(book.quantizer.rowBits);
  });

  it("applies new bounds to rows that wait already", async () => {
    const { intake, frames, clock } = setUp({ batch: { rows: 100, milliseconds: 80_000_000 } });
    for (let i = 0; i < 10; i++) await intake.push(row, i);
    intake.rebatch({ ...intake.batch, rows: 4, milliseconds: 1000 });
    await clock.settle();
    expect(frames.map(({ rows }) => rows)).toEqual([4, 4]);
    await clock.advance(1000);
    expect(frames.map(({ rows }) => rows)).toEqual([4, 4, 2]);
  });

  it("counts refusals by code and takes nothing after stop", async () => {
    const { intake, clock } = setUp({ outbox: createMemoryOutbox({ capacity: 200 }) });
    await intake.push({ ...row, x: 7 }, 0);
    await intake.push(row, 0);
    await expect(intake.push(row, 0)).rejects.toMatchObject({ code: "outbox-full" });
    await expect(intake.push({ x: 1, z: 1 }, 0)).rejects.toMatchObject({ code: "missing" });
    await expect(intake.push({ ...row, z: Number.POSITIVE_INFINITY }, 0)).rejects.toMatchObject({ code: "non-finite" });
    intake.stop();
    await expect(intake.push(row, 0)).rejects.toMatchObject({ code: "closed" });
    await intake.seal();
    expect(intake.counts()).toEqual({
      accepted: 2,
      refused: { "outbox-full": 1, missing: 1, "non-finite": 1, closed: 1 },
      clipped: { x: 1, z: 0, y: 0 },
      held: { x: 0, z: 0, y: 0 },
      sequence: 1,
      thinned: { rows: 0, again: 0, active: false },
    });
    expect(clock.sleepers()).toBe(0);
  });

  it("keeps rows that could not be sealed, and says so", async () => {
    const inner = createMemoryOutbox();
    let broken = true;
    const outbox = {
      ...inner,
      seal: async (frame: SealedFrame) => (broken ? Promise.reject(new Error("disk")) : inner.seal(frame)),
    };
    const { intake, frames, failures, clock } = setUp({ outbox });
    for (let i = 0; i < 4; i++) await intake.push(row, i);
    await clock.settle();
    expect(failures).toMatchObject([{ message: "disk" }]);
    broken = false;
    await intake.seal();
    expect(frames.map(({ sequence, rows }) => [sequence, rows])).toEqual([[0, 4]]);
  });

  it("takes no row before the session is noted, and tries the note again with the next row", async () => {
    const inner = createMemoryOutbox();
    let broken = true;
    const outbox: Outbox = {
      ...inner,
      note: async (note) => (broken ? Promise.reject(new Error("disk")) : inner.note(note)),
    };
    const { intake } = setUp({ outbox });
    await expect(intake.push(row, 0)).rejects.toThrow("disk");
    expect(outbox.usage().rows).toBe(0);
    broken = false;
    await intake.push(row, 1);
    expect(inner.sessions()).toMatchObject([{ session: 9, startedAt: 1_000_000, grids: [{ epoch: 0 }] }]);
    expect(intake.counts()).toMatchObject({ accepted: 1, refused: { outbox: 1 } });
    broken = true;
    const next = uniformGrid(schema, { epoch: 1 });
    await expect(intake.adopt({ grid: next })).rejects.toMatchObject({ code: "outbox" });
    broken = false;
    await intake.adopt({ grid: next });
    expect(inner.sessions()).toMatchObject([{ grids: [{ epoch: 0 }, { epoch: 1 }] }]);
  });

  it("seals rows of earlier sessions under these, before its own", async () => {
    const outbox = createMemoryOutbox();
    const old = (session: number, time: number) => ({ session, time, values: Float64Array.of(0.5, 0.5, 99) });
    await outbox.note({ session: 5, startedAt: 7, schema, grids: [uniformGrid(schema, { epoch: 3, bits: 8 })] });
    await outbox.seal({ session: 5, sequence: 11, rows: 0, bytes: new Uint8Array(1) });
    for (let time = 0; time < 6; time++) await outbox.append(old(5, time));
    await outbox.append(old(6, 0)); // of a session without a note
    const { intake, frames, failures } = setUp({ outbox });
    await intake.push(row, 0);
    await intake.recover();
    expect(failures).toMatchObject([{ code: "outbox" }]);
    expect(frames.map(({ bytes }) => decodeFrame(bytes))).toMatchObject([
      { session: 5, sequence: 12, grid: 3, rows: 4, start: 0 },
      { session: 5, sequence: 13, grid: 3, rows: 2, start: 4 },
      { session: 9, sequence: 0, grid: 0, rows: 1, start: 0 },
    ]);
    expect(outbox.usage().rows).toBe(1);
    await intake.seal();
    expect(frames.at(-1)).toMatchObject({ session: 9, sequence: 1, rows: 1 });
    expect(intake.counts()).toMatchObject({ clipped: { x: 0, z: 0, y: 7 } });
  });
});
