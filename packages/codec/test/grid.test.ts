import { describe, expect, it } from "vitest";
import { GridError } from "../src/errors.ts";
import { defineGrid, type Grid, uniformGrid } from "../src/grid.ts";
import { createQuantizer } from "../src/quantizer.ts";
import { defineSchema } from "../src/schema.ts";

const schema = defineSchema([
  { name: "temperature", unit: "°C", range: [-20, 50], role: "feature" },
  { name: "humidity", unit: "%", range: [0, 100], role: "target" },
]);
const sound = uniformGrid(schema);

/** The sound grid with parts that the types would not let through. */
const twisted = (parts: object): Grid => ({ ...sound, ...parts });
const twistedChannel = (parts: object): Grid =>
  twisted({ channels: [{ ...sound.channels[0], ...parts }, sound.channels[1]] });

describe("uniformGrid", () => {
  it("gives features 4 bits and 2 draws, a target 8 bits and 1 draw, over the schema's ranges", () => {
    expect(sound).toEqual({
      epoch: 0,
      scheme: "count",
      coding: "packed",
      channels: [
        { bits: 4, samples: 2, levels: { kind: "uniform", low: -20, high: 50 } },
        { bits: 8, samples: 1, levels: { kind: "uniform", low: 0, high: 100 } },
      ],
    });
    expect(uniformGrid(schema, { epoch: 9, bits: 6, samples: 3, targetBits: 12 }).channels.map((c) => c.bits)).toEqual([
      6, 12,
    ]);
  });
});

describe("defineGrid", () => {
  it("copies and freezes", () => {
    const grid = defineGrid(schema, sound);
    expect(grid).toEqual(sound);
    expect(grid).not.toBe(sound);
    expect(Object.isFrozen(grid.channels[0]?.levels)).toBe(true);
  });

  it.each([
    ["an epoch below 0", twisted({ epoch: -1 }), undefined],
    ["an epoch above 65,535", twisted({ epoch: 65_536 }), undefined],
    ["an epoch that is no whole number", twisted({ epoch: 1.5 }), undefined],
    ["an unknown scheme", twisted({ scheme: "dither" }), undefined],
    ["an unknown coding", twisted({ coding: "rice" }), undefined],
    ["too few channels", twisted({ channels: sound.channels.slice(1) }), undefined],
    ["no interval", twistedChannel({ bits: 1, samples: 2 }), "temperature"],
    ["too many bits", twistedChannel({ bits: 17 }), "temperature"],
    ["too many draws", twistedChannel({ bits: 16, samples: 16 }), "temperature"],
    ["unknown levels", twistedChannel({ levels: { kind: "optimal", low: 0, high: 1 } }), "temperature"],
    ["levels upside down", twistedChannel({ levels: { kind: "uniform", low: 1, high: 0 } }), "temperature"],
    [
      "levels that are not finite",
      twistedChannel({ levels: { kind: "uniform", low: 0, high: Number.NaN } }),
      "temperature",
    ],
    ["levels too far apart", twistedChannel({ levels: { kind: "uniform", low: -1e300, high: 1e300 } }), "temperature"],
    ["levels too close", twistedChannel({ levels: { kind: "uniform", low: 0, high: 5e-324 } }), "temperature"],
  ])("refuses %s", (_, grid, channel) => {
    expect(() => defineGrid(schema, grid)).toThrow(GridError);
    expect(() => defineGrid(schema, grid)).toThrow(expect.objectContaining({ code: "grid", channel }));
  });
});

describe("createQuantizer", () => {
  it("refuses a scheme that it does not know", () => {
    expect(() => createQuantizer(twisted({ scheme: "dither" }))).toThrow(GridError);
  });
});
