import { type AcceleratorConfig, estimateResources, type LayoutSpec, platformNamed } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

function estimate(layout: LayoutSpec, changes: Partial<AcceleratorConfig> = {}) {
  return estimateResources({
    ...{ platform: platformNamed("harp-v1"), layout, rows: 8, features: 1001, batch: 8, stepShift: 0 },
    ...changes,
  });
}

describe("the resource estimate", () => {
  it("counts multipliers by lanes and width", () => {
    expect(estimate({ kind: "pairs", bits: 8 }).multipliers).toBe(2 * 32 * 2);
    expect(estimate({ kind: "pairs", bits: 4 }).multipliers).toBe(2 * 64 * 2);
    expect(estimate({ kind: "pairs", bits: 2 }).multipliers).toBe(0);
    expect(estimate({ kind: "weave", bits: 8 }).multipliers).toBe(0);
    expect(estimate({ kind: "float32" }).multipliers).toBe(2 * 16 * 4 + 4);
    const columns = { centre: new Int32Array(1001) };
    expect(estimate({ kind: "pairs", bits: 8 }, { columns }).multipliers).toBe(2 * 32 * 2 + 2 * 32);
  });

  it("counts blocks by width and depth of each memory", () => {
    const { blocks, totalBlocks, fits } = estimate({ kind: "pairs", bits: 8 });
    // 32 words of 32 bits wide, 32 deep: 26 blocks of 40 bits each, twice.
    expect(blocks).toEqual({ model: 52, columns: 0, rowFifo: 14, reorder: 13, labels: 1 });
    expect(totalBlocks).toBe(80);
    expect(fits).toBe(true);
    expect(estimate({ kind: "pairs", bits: 1 }).blocks.model).toBe(2 * Math.ceil(8192 / 40));
  });

  it("says what it takes for granted, and when the chip is too small", () => {
    expect(estimate({ kind: "float32" }).assumptions.length).toBeGreaterThan(0);
    const platform = platformNamed("harp-v1");
    const small = { ...platform, budget: { ...platform.budget, multipliers: 100 } };
    expect(estimate({ kind: "pairs", bits: 8 }, { platform: small }).fits).toBe(false);
    const zynq = platformNamed("zynq-pynq");
    expect(estimate({ kind: "beats", bits: 8 }, { platform: zynq }).multipliers).toBe(2 * 8 * 2 + 4);
  });
});
