import { uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createConfiguration } from "../src/configuration.ts";
import { createGridBook } from "../src/grid-book.ts";
import { createIntake } from "../src/intake.ts";
import { resolved, row, schema } from "./support.ts";

function setUp() {
  const options = resolved();
  const book = createGridBook(schema, options.grid);
  const ports = { sealed: () => undefined, stored: () => undefined, failed: () => undefined };
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
});
