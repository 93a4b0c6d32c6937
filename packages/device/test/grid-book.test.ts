import { uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createGridBook } from "../src/grid-book.ts";
import { schema } from "./support.ts";

const grid = (epoch: number, bits = 4) => uniformGrid(schema, { epoch, bits });

describe("grid book", () => {
  it("keeps every grid of the session, the one in force last", () => {
    const book = createGridBook(schema, grid(0));
    expect(book.adopt({ grid: grid(0) })).toBe(false);
    expect(book.adopt({ grid: grid(3, 8) })).toBe(true);
    expect(book.adopt({ grid: grid(3, 8) })).toBe(false);
    expect(book.quantizer.rowBits).toBe(24);
    expect(book.grids).toEqual([grid(0), grid(3, 8)]);
  });

  it("never gives an epoch two meanings, and never goes back", () => {
    const book = createGridBook(schema, grid(0));
    expect(() => book.adopt({ grid: grid(0, 5) })).toThrow(expect.objectContaining({ code: "grid" }));
    book.adopt({ grid: grid(1) });
    expect(() => book.adopt({ grid: grid(0) })).toThrow(/replaced by 1/);
    const short = { ...grid(2), channels: grid(2).channels.slice(1) };
    expect(() => book.adopt({ grid: short })).toThrow(/2 channels for a schema of 3/);
    expect(book.quantizer.grid.epoch).toBe(1);
  });

  it("names the newest 64 in birth", () => {
    const book = createGridBook(schema, grid(0));
    for (let epoch = 1; epoch <= 70; epoch++) book.adopt({ grid: grid(epoch) });
    expect(book.grids.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 64 }, (_, i) => 7 + i));
  });

  it("keeps a coarser grid for a full outbox beside the one in force, which stays last", () => {
    const book = createGridBook(schema, grid(0));
    expect([book.thin, book.thinQuantizer]).toEqual([undefined, undefined]);
    expect(book.check({ thin: grid(9, 2) })).toEqual({ grids: [grid(9, 2), grid(0)], thin: 9 });
    expect(book.grids).toEqual([grid(0)]); // only looked at
    expect(book.adopt({ thin: grid(9, 2) })).toBe(true);
    expect(book.adopt({ thin: grid(9, 2) })).toBe(false);
    expect([book.thin, book.thinQuantizer?.rowBits]).toEqual([9, 12]);
    book.adopt({ grid: grid(1, 6) });
    expect(book.grids.map(({ epoch }) => epoch)).toEqual([0, 9, 1]);
    for (let epoch = 10; epoch <= 90; epoch++) book.adopt({ grid: grid(epoch) });
    expect(book.grids).toHaveLength(64);
    expect(book.grids.slice(-3).map(({ epoch }) => epoch)).toEqual([89, 9, 90]);
  });

  it("names up to 64 grids, none of them left out before", () => {
    const book = createGridBook(schema, grid(0));
    for (let epoch = 1; epoch < 64; epoch++) {
      book.adopt({ grid: grid(epoch) });
      expect(book.grids).toHaveLength(epoch + 1);
    }
  });

  it("refuses a thin grid that is no coarser, and does not thin where the grid in force became narrower", () => {
    const book = createGridBook(schema, grid(0));
    expect(() => book.adopt({ thin: grid(5) })).toThrow(/can't thin: a row has 16 bits under it and 16/);
    expect(() => book.adopt({ thin: grid(0, 2) })).toThrow(/epoch 0 stands for another grid/);
    expect(() => book.adopt({ grid: grid(1, 2), thin: grid(5, 3) })).toThrow(/can't thin/);
    expect(book.grids).toEqual([grid(0)]); // of a change that is refused nothing holds
    book.adopt({ thin: grid(5, 3) });
    book.adopt({ grid: grid(6, 2) });
    expect([book.thin, book.thinQuantizer]).toEqual([5, undefined]);
    book.adopt({ grid: grid(5, 3) }); // named before, in force only now
    expect([book.quantizer.grid.epoch, book.grids.at(-1)?.epoch, book.thinQuantizer]).toEqual([5, 5, undefined]);
  });

  it("begins with the thin grid of an earlier session where it goes with the first", () => {
    expect(createGridBook(schema, grid(0), grid(7, 2)).grids.map(({ epoch }) => epoch)).toEqual([7, 0]);
    for (const bad of [grid(0, 2), grid(7, 4)]) expect(createGridBook(schema, grid(0), bad).thin).toBeUndefined();
  });
});
