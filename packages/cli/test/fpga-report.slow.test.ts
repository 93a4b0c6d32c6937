import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { FpgaReport } from "../src/fpga/run-report.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
beforeAll(async () => {
  folder = await temporaryFolder();
});

const run = (...args: string[]) => zipml("fpga", "report", "--quick", ...args);

async function report(...args: string[]): Promise<FpgaReport> {
  const { code, out, err } = await run(...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** What repeats: everything but what is measured. */
const repeatable = ({ emulation: _, shapes, ...rest }: FpgaReport) => ({
  ...rest,
  shapes: shapes.map(({ measured: _measured, overMeasured: _over, ...shape }) => shape),
});

describe("zipml fpga report", { timeout: 120_000 }, () => {
  it("repeats to the bit but for what is measured, which stands apart", async () => {
    const options = ["--shapes", "512x20,600x6"];
    const one = await report(...options);
    expect(repeatable(await report(...options))).toEqual(repeatable(one));
    const [first] = one.shapes;
    expect(first?.modelled.curves.map(({ name }) => name)).toContain("4-bit codes");
    for (const { losses, seconds } of first?.modelled.curves ?? []) {
      expect(losses.at(-1)).toBeLessThan(0.35);
      expect(seconds[2]).toBeCloseTo(2 * (seconds[1] ?? 0), 12);
    }
    expect(first?.measured.engines.map(({ name }) => name)).toEqual([
      "float32",
      "Hogwild!",
      "packed, 4 bits",
      "packed, 8 bits",
    ]);
    const [over] = first?.overMeasured ?? [];
    const hogwild = first?.measured.engines[1]?.measuredSeconds ?? 0;
    expect(over?.hogwild).toBeCloseTo(hogwild / (first?.modelled.layouts[0]?.modelledSeconds ?? 1), 9);
    expect(one.emulation.map(({ mode }) => mode)).toEqual(["fast", "clocked"]);
    for (const { valuesPerSecond } of one.emulation) expect(valuesPerSecond).toBeGreaterThan(0);
  });

  it("takes the shape of a file; heads say what is modelled and what measured; draws both, apart", async () => {
    const data = await put(folder, "plant.csv", plantCsv(64));
    const [plot, html] = [join(folder, "card.svg"), join(folder, "card.html")];
    const { code, out, err } = await run("--data", data, "--plot", plot, "--html", html);
    expect(code, err).toBe(0);
    expect(out).toMatch(/64 rows of 2 features, modelled\n/);
    for (const line of out
      .split("\n")
      .filter((text) => /│ .*(?:ms|cycles|second)/.test(text) && /layout|engine|mode/.test(text)))
      expect(/modelled/.test(line) && /measured(?! \/)/.test(line)).toBe(false);
    expect(out).toMatch(/assumed, from no source: clock, bandwidth/);
    const svg = await readFile(plot, "utf8");
    expect(svg).toMatch(/time in epochs \(s, modelled\)[\s\S]*time in epochs \(s, measured\)/);
    const ids = svg.match(/\bid="[^"]+"/g) ?? [];
    expect(new Set(ids).size).toBe(ids.length);
    expect((await readFile(html, "utf8")).match(/src="data:image\/svg\+xml/g)).toHaveLength(3);
  });

  it("models a card that is not trained on, and draws its time of an epoch", async () => {
    const plot = join(folder, "zynq.svg");
    const one = await report("--platform", "zynq-pynq", "--shapes", "64x10", "--plot", plot);
    expect(one.shapes[0]?.modelled.curves).toEqual([]);
    expect(await readFile(plot, "utf8")).toMatch(/time of an epoch \(ms, modelled\)/);
  });

  it("tells a file that it can't write", async () => {
    const { code, err } = await run("--shapes", "64x2", "--plot", "/nowhere/x.svg");
    expect(code).toBe(2);
    expect(err).toMatch(/can't write \/nowhere/);
  });
});
