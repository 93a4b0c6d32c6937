import { decodeFrame, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createGridBook } from "../src/grid-book.ts";
import { createIntake } from "../src/intake.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import type { DeviceOptions } from "../src/options.ts";
import type { FrameId, FullPolicy, Outbox } from "../src/outbox.ts";
import { resolved, row, schema, sealed } from "./support.ts";

const thin = uniformGrid(schema, { epoch: 9, bits: 2, targetBits: 2 });

function setUp(capacity: number, given: Partial<DeviceOptions> & { readonly policy?: FullPolicy } = {}) {
  const { policy = "thin", ...options } = given;
  const outbox = options.outbox ?? createMemoryOutbox({ capacity, policy });
  const all = resolved({ batch: { rows: 16 }, ...options, outbox });
  const book = createGridBook(schema, all.grid, thin);
  const published = new Set<number>();
  const failures: unknown[] = [];
  const intake = createIntake(all, book, all.clock.now(), {
    sealed: () => {},
    stored: () => {},
    accepted: () => {},
    kept: () => undefined,
    mayReplace: ({ sequence }: FrameId) => !published.has(sequence),
    failed: (error) => failures.push(error),
  });
  const frames = async () =>
    (await outbox.frames(undefined, 999)).map(({ bytes }) => {
      const { grid, sequence, rows } = decodeFrame(bytes);
      return { grid, sequence, rows };
    });
  /** Pushes until a row is refused; resolves with how many were taken. */
  const fill = async (): Promise<number> => {
    for (let i = 0; i < 10_000; i++) {
      const error: unknown = await intake.push(row, i).then(
        () => undefined,
        (refusal: unknown) => refusal,
      );
      if (error === undefined) continue;
      expect(error).toMatchObject({ code: "outbox-full" });
      return i;
    }
    throw new Error("the outbox took everything");
  };
  return { intake, outbox, clock: all.clock, frames, fill, published, failures, book };
}

describe("intake with a thin grid", () => {
  it("seals under it from three quarters of the capacity on, and under the grid in force below a half", async () => {
    const { intake, outbox, clock, frames, fill } = setUp(6000);
    const taken = await fill();
    const sealedFrames = await frames();
    const first = sealedFrames.findIndex(({ grid }) => grid === 9);
    expect(sealedFrames.slice(0, first).every(({ grid }) => grid === 0)).toBe(true);
    expect(sealedFrames.slice(first).every(({ grid }) => grid === 9)).toBe(true);
    expect(intake.counts().thinned).toEqual({
      rows: sealedFrames.slice(first).reduce((sum, { rows }) => sum + rows, 0),
      again: 0,
      active: true,
    });
    expect(intake.counts().accepted).toBe(taken);
    await outbox.release({ session: 9, floor: sealedFrames.length - 4, ranges: [] });
    expect(intake.counts().thinned.active).toBe(false);
    for (let i = 0; i < 32; i++) await intake.push(row, 10_000 + i);
    await clock.settle();
    expect((await frames()).at(-1)?.grid).toBe(0);
  });

  it("seals what waits when a row does not fit, but not fewer rows than a frame is worth", async () => {
    const { fill, frames, outbox } = setUp(2000, { batch: { rows: 4096, bytes: 45_000 } });
    const taken = await fill();
    expect(taken).toBeGreaterThan(Math.floor(2000 / 88));
    expect((await frames()).every(({ rows }) => rows >= 8)).toBe(true);
    expect(outbox.usage().rows).toBeLessThan(8);
  });

  it("refuses like refuse without a thin grid in force, and under another policy", async () => {
    for (const { intake, book, fill, frames } of [setUp(3000, { policy: "refuse" }), setUp(3000)]) {
      if (intake.counts().thinned.active) throw new Error("too early");
      book.adopt({ grid: uniformGrid(schema, { epoch: 3, bits: 2, targetBits: 1 }) }); // narrower than the thin one
      await fill();
      expect((await frames()).every(({ grid }) => grid === 3)).toBe(true);
      expect(intake.counts().thinned).toMatchObject({ rows: 0, active: false });
    }
  });

  it("thins sealed frames from their exact rows where these are kept, and never one that was published", async () => {
    const plain = await setUp(6000).fill();
    const { fill, intake, published, frames } = setUp(6000, { keepExact: 100_000 });
    for (const sequence of [0, 1, 2]) published.add(sequence);
    expect(await fill()).toBeGreaterThan(plain);
    const { again, rows } = intake.counts().thinned;
    expect(again).toBeGreaterThan(5);
    const all = await frames();
    expect(all.slice(0, 3).map(({ grid }) => grid)).toEqual([0, 0, 0]);
    expect(all.slice(3).every(({ grid }) => grid === 9)).toBe(true);
    expect(all.slice(3).reduce((sum, frame) => sum + frame.rows, 0)).toBe(rows);
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i));
  });

  it("keeps no more exact rows than it may, and thins no others", async () => {
    const one = 16 * (24 + 64);
    const { fill, intake } = setUp(6000, { keepExact: 2 * one });
    await fill();
    expect(intake.counts().thinned.again).toBeLessThanOrEqual(2);
  });

  it("leaves a frame alone whose place can't be taken, and says why where it is not for want of room", async () => {
    const inner = createMemoryOutbox({ capacity: 6000, policy: "thin" });
    const outbox: Outbox = { ...inner, replace: async () => Promise.reject(new Error("disk")) };
    const { fill, intake } = setUp(0, { outbox, keepExact: 100_000 });
    await expect(fill()).rejects.toThrow();
    expect(intake.counts()).toMatchObject({ thinned: { again: 0 }, refused: { outbox: 1 } });
  });

  it("seals rows of an earlier session under the thin grid that it was told of", async () => {
    const outbox = createMemoryOutbox({ capacity: 4000, policy: "thin" });
    const grids = [uniformGrid(schema, { epoch: 4, bits: 2, targetBits: 2 }), uniformGrid(schema, { epoch: 3 })];
    await outbox.note({ session: 5, startedAt: 7, schema, grids, thin: 4 });
    for (let time = 0; time < 20; time++)
      await outbox.append({ session: 5, time, values: Float64Array.of(0.5, 0.5, 5) });
    await outbox.seal(sealed(5, 0, 2, 2000)); // nearly full
    const { intake, frames } = setUp(0, { outbox });
    await intake.recover();
    expect((await outbox.frames({ session: 5, sequence: 0 }, 9)).map(({ bytes }) => decodeFrame(bytes).grid)).toEqual([
      4, 4,
    ]);
    expect(intake.counts().thinned.rows).toBe(18);
    await expect(frames()).rejects.toThrow(); // the first is no frame
  });
});
