import { describe, expect, it } from "vitest";
import { codings } from "../src/coding/coding.ts";
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

const points = (...at: readonly number[]) => ({ bits: 4, samples: 1, levels: { kind: "points", points: at } });
const dithered = uniformGrid(schema, { scheme: "dither", seed: "plant-7" });

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
    for (const coding of codings) expect(uniformGrid(schema, { coding })).toEqual({ ...uniformGrid(schema), coding });
    expect(uniformGrid(schema, { epoch: 9, bits: 6, samples: 3, targetBits: 12 }).channels.map((c) => c.bits)).toEqual([
      6, 12,
    ]);
  });
});

describe("uniformGrid of scheme dither", () => {
  it("carries its seed and one symbol a reading", () => {
    expect(dithered).toMatchObject({ scheme: "dither", seed: "plant-7" });
    expect(dithered.channels.map(({ bits, samples }) => [bits, samples])).toEqual([
      [4, 1],
      [8, 1],
    ]);
    expect(uniformGrid(schema, { scheme: "dither" }).seed).toBe("0");
    expect(Object.hasOwn(sound, "seed")).toBe(false);
  });

  it("refuses two draws, and a seed under count", () => {
    expect(() => uniformGrid(schema, { scheme: "dither", samples: 2 })).toThrow(GridError);
    expect(() => uniformGrid(schema, { seed: "a" })).toThrow(GridError);
  });
});

describe("defineGrid", () => {
  it("takes levels one by one, as many as the codes can carry or fewer, copied and frozen", () => {
    const at = [0, 0.5, 4];
    for (const bits of [2, 4, 16]) {
      const grid = defineGrid(schema, twistedChannel({ ...points(...at), bits }));
      expect(grid.channels[0]?.levels).toEqual({ kind: "points", points: at });
      expect(grid.channels[0]?.levels).not.toHaveProperty("low");
      const { levels } = grid.channels[0] ?? {};
      expect(levels?.kind === "points" && Object.isFrozen(levels.points) && levels.points !== at).toBe(true);
    }
  });

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
    ["an unknown scheme", twisted({ scheme: "astrology" }), undefined],
    ["an unknown coding", twisted({ coding: "morse" }), undefined],
    ["a seed where none is used", twisted({ seed: "plant" }), undefined],
    ["dither without a seed", { ...dithered, seed: undefined } as never, undefined],
    ["dither with a seed that has a slash", { ...dithered, seed: "a/b" }, undefined],
    ["dither with two draws", { ...dithered, channels: sound.channels }, "temperature"],
    [
      "dither on unequal levels",
      { ...dithered, channels: [points(0, 1, 3), sound.channels[1]] } as Grid,
      "temperature",
    ],
    ["a single point", twistedChannel(points(0)), "temperature"],
    ["more points than the codes carry", twistedChannel({ ...points(0, 1, 2), bits: 1 }), "temperature"],
    ["points that do not rise", twistedChannel(points(0, 1, 1)), "temperature"],
    ["points that are not finite", twistedChannel(points(0, Number.NaN, 1)), "temperature"],
    ["points at infinity", twistedChannel(points(0, Number.POSITIVE_INFINITY)), "temperature"],
    ["points too close", twistedChannel(points(0, 5e-324)), "temperature"],
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
    expect(() => createQuantizer(twisted({ scheme: "astrology" }))).toThrow(GridError);
    expect(() => createQuantizer({ ...dithered, channels: sound.channels })).toThrow(GridError);
    expect(() => createQuantizer(twistedChannel(points(1, 0)))).toThrow(GridError);
    expect(() => createQuantizer(sound, [0, 2])).toThrow(expect.objectContaining({ code: "grid", channel: 2 }));
  });
});
