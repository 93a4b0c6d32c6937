import { defineGrid, defineSchema, type Grid, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { cohortOf, type Member, presentLevels, shapeOf } from "../../src/levels/cohort.ts";

const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 7], role: "feature" },
  { name: "flat", unit: "V", range: [3, 3], role: "feature" },
]);
const other = defineSchema([
  { name: "x", unit: "V", range: [0, 9], role: "feature" },
  { name: "flat", unit: "V", range: [3, 3], role: "feature" },
]);
const plain = uniformGrid(schema);
const uneven = (epoch: number): Grid =>
  defineGrid(schema, {
    ...plain,
    epoch,
    channels: plain.channels.map((channel, c) =>
      c === 0 ? { ...channel, levels: { kind: "points", points: [0, 1, 7] } } : channel,
    ),
  });

const shared = new Map<string, { bytes: number }>();
function member(device: string, grid: Grid, of = schema): Member {
  const key = JSON.stringify([of, { ...grid, epoch: 0 }]);
  const one = shared.get(key) ?? { bytes: 1 };
  shared.set(key, one);
  return { device, schema: of, grid, shared: one };
}

describe("a cohort", () => {
  it("is the most devices whose grids differ in levels alone, under the grid of most of these", () => {
    const cohort = cohortOf([
      member("a", plain),
      member("b", uneven(4)),
      member("c", uneven(3)),
      member("d", uniformGrid(schema, { bits: 5 })),
      member("e", plain, other),
    ]);
    expect(cohort).toMatchObject({ devices: ["a", "b", "c"], grid: { epoch: 4 } });
    expect(cohort?.schema).toBe(schema);
    expect(cohortOf([])).toBeUndefined();
  });

  it("goes by scheme, coding, widths and draws", () => {
    expect(shapeOf(plain)).toBe(shapeOf(uneven(9)));
    const others = [{ bits: 5 }, { samples: 3 }, { targetBits: 9 }, { scheme: "dither" }, { coding: "rice" }] as const;
    const shapes = others.map((options) => shapeOf(uniformGrid(schema, options)));
    expect(new Set([...shapes, shapeOf(plain)]).size).toBe(5); // there is no target here
  });

  it("has levels that can be moved where they are apart and not too many", () => {
    expect([...(presentLevels(plain, 0) ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...(presentLevels(uneven(1), 0) ?? [])]).toEqual([0, 1, 7]);
    expect(presentLevels(plain, 1)).toBeUndefined();
    expect(presentLevels(plain, 2)).toBeUndefined();
    expect(presentLevels(uniformGrid(schema, { scheme: "dither" }), 0)).toBeUndefined();
    expect([...(presentLevels(uniformGrid(schema, { scheme: "interval", bits: 2 }), 0) ?? [])]).toEqual([0, 3.5, 7]);
    expect(presentLevels(uniformGrid(schema, { bits: 10, samples: 1 }), 0)).toHaveLength(1024);
    expect(presentLevels(uniformGrid(schema, { bits: 11, samples: 1 }), 0)).toBeUndefined();
  });
});
