import { beforeAll, describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { motes, plantCsv, put, temporaryFolder, zipml } from "./support.ts";

const humidity = [
  "--data",
  motes,
  "--target",
  "humidity",
  "--features",
  "temperature,indoor",
  "--solver",
  "closed-form",
];

let folder = "";
let plant: readonly string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  const data = await put(folder, "plant.csv", plantCsv());
  plant = ["--data", data, "--target", "y", "--features", "a,b", "--epochs", "3"];
});

async function report(...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await zipml("train", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

describe("zipml train --levels optimal", () => {
  it("takes as many bytes as uniform ones, clips nothing, and is told in the report", async () => {
    const { levels, bytes, clipped, test, leastSquares } = await report(...humidity, "--levels", "optimal");
    expect([levels, bytes.codes, clipped]).toEqual(["optimal", 28_140, 0]);
    expect(Math.abs((test.r2 ?? 0) - (leastSquares.r2 ?? 1))).toBeLessThan(0.005);
  });

  it("is the same to the bit for the same seed, from a configuration file too", async () => {
    const timeless = ({ epochs, ...rest }: TrainReport) => ({ ...rest, losses: epochs.map(({ loss }) => loss) });
    const first = timeless(await report(...plant, "--levels", "optimal", "--bits", "3"));
    const config = await put(folder, "zipml.yaml", "train:\n  levels: optimal\n  bits: 3\n");
    expect(timeless(await report(...plant, "--config", config))).toEqual(first);
  });

  it("is refused with dither, in one line, and idle with raw rows", async () => {
    const refused = await zipml("train", ...plant, "--levels", "optimal", "--scheme", "dither");
    expect([refused.code, refused.out, refused.err.split("\n").length]).toEqual([2, "", 2]);
    expect(refused.err).toContain("--levels optimal lie at unequal steps");
    const idle = await report(...plant, "--levels", "optimal", "--scheme", "none");
    expect(idle.levels).toBe("none");
    expect(idle.warnings).toContain("--levels has no effect with --scheme none");
  });
});
