import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { zipml } from "./support.ts";

/** The larger tables do not ship with the project: the variable names the folder that holds them. */
const folder = process.env["ZIPML_DATA"] ?? "";

/** How far below least squares the test R² is, for five seeds in ascending order. */
async function shortfalls(name: string, holdout: number, levels: string): Promise<number[]> {
  const found: number[] = [];
  for (const seed of ["1", "2", "3", "4", "5"]) {
    const options = `--target target --solver closed-form --bits 4 --samples 2 --holdout ${holdout}`.split(" ");
    const data = join(folder, name, `${name}.csv.gz`);
    const { code, out, err } = await zipml(
      "train",
      "--data",
      data,
      ...options,
      "--levels",
      levels,
      "--seed",
      seed,
      "--json",
    );
    expect(code, err).toBe(0);
    const { test, leastSquares, clipped }: TrainReport = JSON.parse(out);
    expect(clipped).toBe(0);
    found.push((leastSquares.r2 ?? Number.NaN) - (test.r2 ?? Number.NaN));
  }
  return found.sort((a, b) => a - b);
}

const shown = (values: readonly number[]): string => values.map((value) => value.toFixed(4)).join(" ");

describe.skipIf(folder === "")("4 bits, two draws, closed form, on the tables of ZIPML_DATA", () => {
  it.each([
    ["house_16H", 5696],
    ["cadata", 10_640],
  ])(
    "%s: optimal levels come within 0.01 of least squares in the median of five seeds, 0.03 in the worst",
    async (name, holdout) => {
      const optimal = await shortfalls(name, holdout, "optimal");
      const uniform = await shortfalls(name, holdout, "uniform");
      console.log(`${name}: R² below least squares\n  optimal ${shown(optimal)}\n  uniform ${shown(uniform)}`);
      const farthest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
      expect(Math.abs(optimal[2] ?? Number.NaN)).toBeLessThan(0.01);
      expect(farthest(optimal)).toBeLessThan(0.03);
      expect(farthest(optimal)).toBeLessThan(farthest(uniform));
    },
  );
});
