import { type AcceleratorConfig, countEpoch, createAccelerator, type LayoutSpec, platforms } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

const layouts: readonly LayoutSpec[] = [
  { kind: "float32" },
  { kind: "pairs", bits: 8 },
  { kind: "pairs", bits: 1 },
  { kind: "code", bits: 4, draws: 2 },
  { kind: "weave", bits: 3 },
  { kind: "beats", bits: 4 },
];

describe("counters without data", () => {
  it("are those of an accelerator that runs the epoch, of every layout, shape and platform, faithful or not", () => {
    for (const platform of platforms)
      for (const layout of layouts.filter(({ kind }) => platform.features[kind] !== undefined))
        for (const [rows, features, batch] of [
          [1, 1, 8],
          [37, 20, 8],
          [300, 130, 64],
        ] as const)
          for (const faithful of layout.kind === "code" ? [false] : [false, true]) {
            const config: AcceleratorConfig = { platform, layout, rows, features, batch, stepShift: 0, faithful };
            const accelerator = createAccelerator(config);
            const labels = layout.kind === "weave" ? new Int32Array(rows) : undefined;
            accelerator.load(new Uint32Array(accelerator.shape.words), labels);
            expect(countEpoch(config)).toEqual(accelerator.runEpoch(0));
          }
  });

  it("are refused where the accelerator is", () => {
    const [platform] = platforms;
    if (platform === undefined) throw new Error("there is no platform");
    const config = { platform, layout: { kind: "float32" }, rows: 4, features: 9000, batch: 1, stepShift: 0 } as const;
    expect(() => countEpoch(config)).toThrow(expect.objectContaining({ code: "capacity", limit: 8192 }));
  });
});
