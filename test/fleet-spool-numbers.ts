import { defineSchema, type Grid } from "@zipml/codec";

const levels = { kind: "uniform", low: 0, high: 32_767 } as const;

/** Channels and a grid under which whole numbers from 0 to 32,767 lie on levels, so that a frame tells which rows it has. */
export const numbered = {
  schema: defineSchema([
    { name: "number", unit: "", range: [0, 32_767], role: "feature" },
    { name: "copy", unit: "", range: [0, 32_767], role: "target" },
  ]),
  grid: {
    epoch: 0,
    scheme: "count",
    coding: "packed",
    channels: [
      { bits: 16, samples: 2, levels },
      { bits: 16, samples: 2, levels },
    ],
  } satisfies Grid,
};
