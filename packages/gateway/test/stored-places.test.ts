import { createQuantizer, defineSchema, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createSampleStore } from "../src/sample-store.ts";

const schema = defineSchema([
  { name: "x", unit: "", range: [0, 65_535], role: "feature" },
  { name: "y", unit: "", range: [0, 65_535], role: "target" },
]);

describe("the place of a row of the store's source", () => {
  it.each([
    ["one grid", 1, 1_000_000],
    ["several grids, of which some have more blocks", 3, 1_000_000],
    ["a window that cuts into a frame", 2, 5003],
  ])("is where its codes came from: %s", async (_, grids, window) => {
    const quantizers = Array.from({ length: grids }, (_, epoch) =>
      createQuantizer(uniformGrid(schema, { epoch, bits: 16, samples: 1, targetBits: 16 })),
    );
    const store = createSampleStore(window);
    let number = 0;
    const placed = new Map<number, string>();
    for (let f = 0; f < 90; f++) {
      const [device, session, sequence] = [`d${f % 4}`, 1 + (f % 2), f];
      const rows = 50 + ((f * 37) % 150);
      const codes = new Uint16Array(2 * rows);
      for (let row = 0; row < rows; row++) {
        codes[2 * row] = number;
        placed.set(number++, `${device}/${session}/${sequence}/${row}`);
      }
      const quantizer = quantizers[f % 7 === 0 ? 0 : f % grids];
      if (quantizer !== undefined) store.add({ device, session, sequence, time: f, rows, quantizer, codes });
    }
    const source = store.source(2);
    const seen = new Set<string>();
    let at = 0;
    for await (const block of source.blocks())
      for (let row = 0; row < block.rows; row++, at++) {
        const place = source.placeOf?.(at);
        const text = `${place?.device}/${place?.session}/${place?.sequence}/${place?.row}`;
        if (block.kind === "codes") expect(text).toBe(placed.get(block.codes[2 * row] ?? -1));
        seen.add(text);
      }
    expect([at, seen.size]).toEqual([source.rows, source.rows]);
  });
});
