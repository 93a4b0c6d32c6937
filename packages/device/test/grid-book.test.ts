import { uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createGridBook } from "../src/grid-book.ts";
import { schema } from "./support.ts";

const grid = (epoch: number, bits = 4) => uniformGrid(schema, { epoch, bits });

describe("grid book", () => {
  it("keeps every grid of the session, the one in force last", () => {
    const book = createGridBook(schema, grid(0));
    expect(book.adopt(grid(0))).toBe(false);
    expect(book.adopt(grid(3, 8))).toBe(true);
    expect(book.adopt(grid(3, 8))).toBe(false);
    expect(book.quantizer.rowBits).toBe(24);
    expect(book.grids).toEqual([grid(0), grid(3, 8)]);
  });

  it("never gives an epoch two meanings, and never goes back", () => {
    const book = createGridBook(schema, grid(0));
    expect(() => book.adopt(grid(0, 5))).toThrow(expect.objectContaining({ code: "grid" }));
    book.adopt(grid(1));
    expect(() => book.adopt(grid(0))).toThrow(/replaced by 1/);
    const short = { ...grid(2), channels: grid(2).channels.slice(1) };
    expect(() => book.adopt(short)).toThrow(/2 channels for a schema of 3/);
    expect(book.quantizer.grid.epoch).toBe(1);
  });

  it("names the newest 64 in birth", () => {
    const book = createGridBook(schema, grid(0));
    for (let epoch = 1; epoch <= 70; epoch++) book.adopt(grid(epoch));
    expect(book.grids.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 64 }, (_, i) => 7 + i));
  });
});
