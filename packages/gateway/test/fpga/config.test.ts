import {
  type AcceleratorConfig,
  checkPlatform,
  createAccelerator,
  type LayoutSpec,
  platformNamed,
  platforms,
} from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

const base: AcceleratorConfig = {
  platform: platformNamed("harp-v1"),
  layout: { kind: "pairs", bits: 8 },
  rows: 10,
  features: 10,
  batch: 4,
  stepShift: 4,
};

function codeOf(changes: Partial<AcceleratorConfig>): string {
  try {
    createAccelerator({ ...base, ...changes });
    return "none";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe("a configuration", () => {
  it("is refused where the datapath can't be so", () => {
    const cases: [string, Partial<AcceleratorConfig>][] = [
      ["none", {}],
      ["options", { layout: { kind: "code", bits: 1, draws: 2 } }],
      ["none", { layout: { kind: "code", bits: 1, draws: 1 } }],
      ["options", { layout: { kind: "code", bits: 9, draws: 2 } }],
      ["options", { layout: { kind: "pairs", bits: 3 } as unknown as LayoutSpec }],
      ["options", { layout: { kind: "weave", bits: 32 }, batch: 8 }],
      ["options", { layout: { kind: "weave", bits: 4 }, batch: 4 }],
      ["options", { layout: { kind: "code", bits: 4, draws: 2 }, faithful: true }],
      ["options", { batch: 3 }],
      ["none", { batch: 3, faithful: true }],
      ["options", { range: "signed" }],
      ["options", { range: "signed", faithful: true, layout: { kind: "pairs", bits: 1 } }],
      ["options", { rows: 0 }],
      ["options", { stepShift: 32 }],
      ["options", { columns: { centre: new Int32Array(9) } }],
      ["options", { columns: { shift: new Int8Array(10).fill(32) } }],
      ["options", { columns: {}, faithful: true }],
      ["platform", { layout: { kind: "beats", bits: 8 } }],
    ];
    for (const [code, changes] of cases) expect([code, changes]).toEqual([codeOf(changes), changes]);
  });

  it("holds as many features as the chip does, and no row longer than its FIFO", () => {
    expect(codeOf({ features: 8192 })).toBe("none");
    expect(() => createAccelerator({ ...base, features: 8193 })).toThrow(
      expect.objectContaining({ code: "capacity", limit: 8192 }),
    );
    const short = { ...base.platform, rowFifo: 10 };
    expect(() => createAccelerator({ ...base, platform: short, features: 400 })).toThrow(
      expect.objectContaining({ code: "capacity", limit: 10 }),
    );
    const arria = platformNamed("arria10-harp-v2");
    expect(codeOf({ platform: arria, layout: { kind: "weave", bits: 1 }, batch: 8, features: 32_768 })).toBe("none");
    expect(codeOf({ platform: platformNamed("zynq-pynq"), layout: { kind: "beats", bits: 1 }, features: 4097 })).toBe(
      "capacity",
    );
  });

  it("takes lines, labels and models of its own shape alone", () => {
    const accelerator = createAccelerator(base);
    const shape = expect.objectContaining({ code: "shape" });
    expect(() => accelerator.load(new Uint32Array(16 * 9))).toThrow(shape);
    expect(() => accelerator.load(new Uint32Array(16 * 10), new Int32Array(10))).toThrow(shape);
    expect(() => accelerator.writeModel(new Int32Array(9))).toThrow(shape);
    expect(() => accelerator.runEpoch(0)).toThrow(expect.objectContaining({ code: "state" }));
    const woven = createAccelerator({ ...base, layout: { kind: "weave", bits: 4 }, batch: 8 });
    expect(() => woven.load(new Uint32Array(woven.shape.words))).toThrow(shape);
    const floats = createAccelerator({ ...base, layout: { kind: "float32" } });
    const words = new Uint32Array(floats.shape.words);
    words[3] = 0x7fc0_0000;
    expect(() => floats.load(words)).toThrow(expect.objectContaining({ code: "range" }));
  });
});

describe("platforms", () => {
  it("are data that pass their own check, with the assumed fields named", () => {
    for (const platform of platforms) {
      expect(() => checkPlatform(platform)).not.toThrow();
      for (const field of platform.assumed) {
        const [head = "", tail] = field.split(".");
        const value = platform[head as keyof typeof platform] as unknown as Record<string, unknown>;
        expect(tail === undefined ? value : value[tail]).toBeDefined();
      }
    }
    expect(platformNamed("harp-v1").assumed).toEqual(expect.arrayContaining(["clock", "bandwidth"]));
    expect(() => platformNamed("harp-v9")).toThrow(expect.objectContaining({ code: "platform" }));
  });

  it("of a user's own are checked field by field", () => {
    const refused = [
      { clock: 0 },
      { bandwidth: Number.NaN },
      { lineBits: 256 as 512 },
      { latency: 1.5 },
      { burst: 0 },
      { burst: 300 },
      { rowFifo: 1e6 },
      { lanes: 24 },
      { features: { pairs: 0 } },
      { features: { pears: 10 } as never },
      { features: undefined as never },
      { budget: undefined as never },
      { assumed: "clock" as never },
      { name: 7 as never },
      { budget: { multipliers: 0, blocks: 1, blockWidth: 40, blockDepth: 512 } },
    ];
    for (const changes of refused)
      expect(() => checkPlatform({ ...base.platform, ...changes })).toThrow(
        expect.objectContaining({ code: "platform" }),
      );
  });
});
