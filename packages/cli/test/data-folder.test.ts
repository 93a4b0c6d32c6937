import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { zipml } from "./support.ts";

/** The larger tables do not ship with the project: the variable names the folder that holds them. */
const folder = process.env["ZIPML_DATA"] ?? "";

async function report(name: string, target: string, ...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await zipml(
    "train",
    "--data",
    join(folder, name, `${name}.csv.gz`),
    "--target",
    target,
    ...args,
    "--json",
  );
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** How far below least squares the test R² is. */
const shortfall = ({ test, leastSquares }: TrainReport): number => (leastSquares.r2 ?? 0) - (test.r2 ?? -1);

describe.skipIf(folder === "")("with the tables of ZIPML_DATA", () => {
  it.each([
    ["ccpp", "PE", "2392", 7176, 0.929, 3, 4.522, 3],
    ["cadata", "target", "10640", 10_000, 0.632, 3, 69_952, 0],
    ["cpusmall", "target", "2192", 6000, 0.706, 3, 9.8647, 4],
    ["airfoil", "out", "376", 1127, 0.51, 2, 4.7962, 4],
    ["house_16H", "target", "5696", 17_088, 0.26, 2, 45_542, 0],
  ])("%s: least squares equals the reference", async (name, target, holdout, train, r2, r2Digits, rmse, rmseDigits) => {
    const { rows, leastSquares } = await report(
      name,
      target,
      "--holdout",
      holdout,
      "--solver",
      "closed-form",
      "--bits",
      "8",
    );
    expect(rows).toEqual({ train, test: Number(holdout), skipped: 0 });
    expect(leastSquares.r2?.toFixed(r2Digits)).toBe(r2.toFixed(r2Digits));
    expect(leastSquares.rmse.toFixed(rmseDigits)).toBe(rmse.toFixed(rmseDigits));
  });

  it("ccpp at 4 bits is within 0.005 of least squares, with default flags", async () => {
    expect(Math.abs(shortfall(await report("ccpp", "PE", "--bits", "4")))).toBeLessThan(0.005);
  });

  it.each(["cadata", "cpusmall"])("%s at 5 bits is within 0.01", async (name) => {
    expect(Math.abs(shortfall(await report(name, "target", "--bits", "5")))).toBeLessThan(0.01);
  });

  it("cadata at 3 bits: naive is at least 0.04 below, symmetric is not", async () => {
    const naive = await report("cadata", "target", "--bits", "3", "--estimator", "naive", "--holdout", "10640");
    expect(shortfall(naive)).toBeGreaterThan(0.04);
    const symmetric = await report("cadata", "target", "--bits", "3", "--holdout", "10640");
    expect(shortfall(symmetric)).toBeLessThan(0.04);
  });

  const seeds = ["1", "2", "3", "4", "5"];
  const dithered = (name: string, target: string, holdout: string, bits: string, seed: string) => {
    const rest = ["--scheme", "dither", "--solver", "closed-form", "--seed", seed];
    return report(name, target, "--holdout", holdout, "--bits", bits, ...rest);
  };

  it.each([
    ["ccpp", "PE", "2392", "3"],
    ["airfoil", "out", "376", "3"],
    ["cadata", "target", "10640", "4"],
    ["house_16H", "target", "5696", "4"],
  ])("%s dithered, closed form: within 0.01 of least squares for five seeds", async (name, target, holdout, bits) => {
    for (const seed of seeds)
      expect(Math.abs(shortfall(await dithered(name, target, holdout, bits, seed)))).toBeLessThan(0.01);
  });

  it("cadata dithered at 3 bits warns that the noise exceeds the smallest eigenvalue, as 4 bits do not", async () => {
    const noise = expect.arrayContaining([expect.stringContaining("exceeds the smallest eigenvalue")]);
    for (const seed of seeds) expect((await dithered("cadata", "target", "10640", "3", seed)).warnings).toEqual(noise);
    expect((await dithered("cadata", "target", "10640", "4", "1")).warnings).not.toEqual(noise);
  });
});
