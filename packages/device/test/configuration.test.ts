import { uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createConfiguration } from "../src/configuration.ts";
import { createGridBook } from "../src/grid-book.ts";
import { createIntake } from "../src/intake.ts";
import { resolved, row, schema } from "./support.ts";

function setUp() {
  const options = resolved();
  const book = createGridBook(schema, options.grid);
  const ports = {
    sealed: () => undefined,
    stored: () => undefined,
    accepted: () => undefined,
    kept: () => undefined,
    mayReplace: () => false,
    failed: () => undefined,
  };
  const intake = createIntake(options, book, options.clock.now(), ports);
  return { configuration: createConfiguration(intake, book), intake, book };
}
const grid = (epoch: number, bits = 6) => uniformGrid(schema, { epoch, bits });

describe("configuration", () => {
  it("applies grid and batch and says from which sequence on", async () => {
    const { configuration, intake } = setUp();
    expect(configuration.version).toBeUndefined();
    await intake.push(row, 0);
    const first = await configuration.apply({ version: 3, grid: grid(1) }, false);
    expect(first).toEqual({ status: "applied", version: 3, grid: 1, from: 1, changed: true });
    const again = await configuration.apply({ version: 3, grid: grid(1) }, false);
    expect(again).toMatchObject({ status: "applied", changed: false });
    const second = await configuration.apply({ version: 4, batch: { rows: 9 } }, false);
    expect(second).toMatchObject({ status: "applied", grid: 1, changed: false });
    expect(intake.batch).toEqual({ rows: 9, milliseconds: 10_000, bytes: 4096 });
    expect(configuration.version).toBe(4);
  });

  it("changes nothing by what it refuses", async () => {
    const { configuration, intake, book } = setUp();
    const both = { version: 1, grid: grid(1), batch: { bytes: 1_000_000 } };
    expect(await configuration.apply(both, false)).toMatchObject({
      status: "refused",
      reason: expect.stringMatching(/bytes/),
    });
    expect(await configuration.apply({ version: 2, grid: grid(0) }, false)).toMatchObject({ status: "refused" });
    expect(book.quantizer.grid.epoch).toBe(0);
    expect(intake.batch.bytes).toBe(4096);
    expect(configuration.version).toBeUndefined();
  });

  it("follows its own before its group's", async () => {
    const { configuration } = setUp();
    expect(await configuration.apply({ version: 1, grid: grid(1) }, false)).toMatchObject({ status: "applied" });
    expect(await configuration.apply({ version: 2, grid: grid(2) }, true)).toMatchObject({ status: "applied" });
    expect(await configuration.apply({ version: 3, grid: grid(3) }, false)).toBeUndefined();
    expect(configuration.version).toBe(2);
  });

  it("ends at the last that came, however long an earlier one takes", async () => {
    const { configuration, intake } = setUp();
    for (let i = 0; i < 50; i++) await intake.push(row, i);
    const outcomes = await Promise.all([
      configuration.apply({ version: 1, grid: grid(1) }, false),
      configuration.apply({ version: 2, batch: { rows: 7 } }, false),
    ]);
    expect(outcomes).toMatchObject([
      { version: 1, changed: true },
      { version: 2, grid: 1, changed: false },
    ]);
    expect(configuration.version).toBe(2);
  });

  it("keeps what it said of a version that comes again, and lets no older one in", async () => {
    const { configuration, intake } = setUp();
    await intake.push(row, 0);
    const first = await configuration.apply({ version: 10, grid: grid(1), batch: { rows: 5 } }, false);
    for (let i = 1; i <= 7; i++) await intake.push(row, i);
    await intake.seal();
    await intake.push(row, 8);
    // A broker sends what it retains on every connection: `from` stays, and no frame is cut short for it.
    const sequence = intake.counts().sequence;
    const again = await configuration.apply({ version: 10, grid: grid(1), batch: { rows: 5 } }, false);
    expect(again).toEqual({ ...first, changed: false });
    expect(intake.counts().sequence).toBe(sequence);
    expect(await configuration.apply({ version: 9, batch: { rows: 77 } }, false)).toBeUndefined();
    expect(intake.batch.rows).toBe(5);
    expect(configuration.version).toBe(10);
  });

  it("names a grid for a full outbox without putting it in force", async () => {
    const { configuration, intake, book } = setUp();
    await intake.push(row, 0);
    const outcome = await configuration.apply({ version: 3, thin: grid(9, 2) }, false);
    expect(outcome).toEqual({ status: "applied", version: 3, grid: 0, thin: 9, from: 0, changed: true });
    expect(intake.counts().sequence).toBe(0); // no frame is cut short for it
    expect(book.grids.map(({ epoch }) => epoch)).toEqual([9, 0]);
    expect(await configuration.apply({ version: 4, batch: { rows: 9 } }, false)).toMatchObject({
      thin: 9,
      changed: false,
    });
    const same = await configuration.apply({ version: 5, thin: grid(8, 4) }, false);
    expect(same).toMatchObject({ status: "refused", reason: expect.stringMatching(/can't thin/) });
  });

  it("follows its group in what its own leave open", async () => {
    const { configuration, intake, book } = setUp();
    await configuration.apply({ version: 1, thin: grid(9, 2) }, true);
    const both = { version: 2, grid: grid(2), thin: grid(8, 3) };
    expect(await configuration.apply(both, false)).toMatchObject({ version: 2, grid: 2, thin: 9 });
    await configuration.apply({ version: 3, batch: { rows: 3 } }, true);
    expect(await configuration.apply({ version: 4, thin: grid(8, 3), batch: { rows: 4 } }, false)).toBeUndefined();
    expect([book.thin, intake.batch.rows]).toEqual([9, 3]);
  });
});
