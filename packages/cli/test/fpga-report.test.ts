import { countEpoch, platformNamed } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";
import { sweep } from "../src/fpga/sweep.ts";
import { zipml } from "./support.ts";

const run = (...args: string[]) => zipml("fpga", "report", "--quick", ...args);

describe("a sweep", () => {
  const shape = { rows: 10_000, features: 1001 };

  it("has the lines and ratios of the paper's layouts, and cycles of the model", () => {
    const { layouts } = sweep(platformNamed("harp-v1"), shape, 64);
    const of = (name: string) => layouts.find((one) => one.name === name);
    const names = ["float32", "pairs Q8", "pairs Q4", "pairs Q2", "pairs Q1"];
    expect(names.map((name) => of(name)?.linesPerRow)).toEqual([63, 32, 16, 8, 4]);
    const ratios = names.slice(1).map((name) => of(name)?.speedupOverFloat32 ?? 0);
    for (const [i, ratio] of [2, 3.9, 7.9, 15.5].entries())
      expect(Math.abs((ratios[i] ?? 0) / ratio - 1)).toBeLessThan(0.1); // cycles: latency, hazards and drain on top
    const platform = platformNamed("harp-v1");
    const config = { platform, layout: { kind: "pairs", bits: 4 }, ...shape, batch: 64, stepShift: 0 } as const;
    expect(of("pairs Q4")).toMatchObject({ cycles: countEpoch(config).cycles, bytesRead: 10_000 * 16 * 64 });
  });

  it("keeps to what the platform runs and holds, and says what it does not", () => {
    const zynq = sweep(platformNamed("zynq-pynq"), { rows: 100, features: 785 }, 64);
    expect(new Set(zynq.layouts.map(({ layout }) => layout.kind))).toEqual(new Set(["beats"]));
    expect(zynq.layouts[0]).toMatchObject({ name: "beats float32", speedupOverFloat32: 1 });
    const wide = sweep(platformNamed("arria10-harp-v2"), { rows: 100, features: 9000 }, 64);
    expect(wide.layouts.every(({ layout }) => layout.kind === "weave")).toBe(true);
    expect(wide.layouts[0]?.speedupOverFloat32).toBeNull();
    expect(wide.refused[0]).toMatchObject({ name: "float32", reason: expect.stringContaining("8192") });
  });
});

describe("zipml fpga report", () => {
  it.each([
    ["--shapes 100", /--shapes must be shapes such as 10000x100/],
    ["--shapes 15x10", /16 to 1e8 rows/],
    ["--shapes 100000000x65536", /at most 2e9 values/],
    ["--shapes 100x10 --data x.csv", /exclude each other/],
    ["--batch 24", /power of two on a card, .* not 24/],
    ["--data /nowhere.csv", /no such file/],
    ["--platform nope", /--platform: platform must be one of/],
  ])("%s is refused in one line", async (flags, reason) => {
    const { code, out, err } = await run(...flags.split(" "));
    expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(err).toMatch(reason);
  });
});
