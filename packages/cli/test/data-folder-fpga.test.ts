import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { zipml } from "./support.ts";

/** The larger tables do not ship with the project: the variable names the folder that holds them. */
const folder = process.env["ZIPML_DATA"] ?? "";

async function report(...args: string[]): Promise<TrainReport> {
  const data = join(folder, "ccpp", "ccpp.csv.gz");
  const { code, out, err } = await zipml("train", "--data", data, "--target", "PE", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

const lossOf = ({ epochs }: TrainReport): number => epochs.at(-1)?.loss ?? Number.NaN;

describe.skipIf(folder === "")("the emulated card with ccpp of ZIPML_DATA", () => {
  it("reaches the float engine's loss within 1 % from Q4 pairs, Q8 pairs and 4-bit codes, and a naive single code does not", {
    timeout: 120_000,
  }, async () => {
    const float = lossOf(await report("--scheme", "none", "--engine", "float32"));
    const card = async (...args: string[]) => lossOf(await report("--engine", "fpga", ...args)) / float;
    expect(await card("--layout", "pairs", "--bits", "5")).toBeLessThan(1.01); // 15 intervals: the paper's Q4
    expect(await card("--layout", "pairs", "--bits", "4")).toBeLessThan(1.01); // 7 intervals in the same lanes
    expect(await card("--layout", "pairs", "--bits", "9")).toBeLessThan(1.01); // 255 intervals: its Q8
    expect(await card("--layout", "code", "--bits", "4")).toBeLessThan(1.01);
    expect(await card("--layout", "code", "--bits", "3", "--samples", "1")).toBeGreaterThan(1.05);
  });
});
