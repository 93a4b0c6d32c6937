import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createStream } from "@zipml/codec";
import { beforeAll, describe, expect, it } from "vitest";
import type { PlanReport } from "../src/plan/make-plan.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let file = "";
let noisy = "";

beforeAll(async () => {
  folder = await temporaryFolder();
  const stream = createStream("test/cli/plan");
  const spread = () => stream.uniform() + stream.uniform() - 1;
  const lines = (decimals: number) =>
    Array.from({ length: 1200 }, () => {
      const [a, b] = [20 + 5 * spread(), 400 + 100 * spread()];
      const y = 3 * a - 0.02 * b + spread();
      return `${a.toFixed(decimals)},${b.toFixed(decimals)},${y.toFixed(decimals)},word\n`;
    });
  file = await put(folder, "plant.csv", `a,b,y,note\n${lines(9).join("")}`);
  noisy = await put(folder, "coarse.csv", `a,b,y,note\n${lines(0).join("")}`);
});

const plan = async (...args: string[]): Promise<PlanReport> => {
  const { code, out, err } = await zipml("plan", "--data", file, "--target", "y", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
};

describe("zipml plan", () => {
  it("prints its fields in their order, the cheapest way first", async () => {
    const report = await plan();
    expect(Object.keys(report)).toEqual(
      "target rows excess scheme coding channels predicted candidates smallestEigenvalue noise isIllConditioned warnings".split(
        " ",
      ),
    );
    expect(report).toMatchObject({ target: "y", rows: 1200, excess: 0.001 });
    expect(report.channels.map(({ name, role }) => [name, role])).toEqual([
      ["a", "feature"],
      ["b", "feature"],
      ["y", "target"],
    ]);
    const bytes = report.candidates.map(({ bytesPerReading }) => bytesPerReading);
    expect(bytes).toEqual([...bytes].sort((x, y) => x - y));
    expect(report.candidates.length).toBe(6);
    expect([report.scheme, report.predicted.bytesPerReading]).toEqual([report.candidates[0]?.scheme, bytes[0]]);
  });

  it("takes fewer bytes for a larger excess, and more where the model is learned from more rows", async () => {
    const bytes = async (...args: string[]) => (await plan(...args)).predicted.bytesPerReading;
    const usual = await bytes();
    expect(await bytes("--excess", "0.01")).toBeLessThan(usual);
    expect(await bytes("--rows", "300")).toBeGreaterThan(usual);
  });

  it("leaves readings exact where that is the smallest", async () => {
    const { code, out } = await zipml(...["plan", "--data", noisy, "--target", "y", "--excess", "0.0000001", "--json"]);
    expect(code).toBe(0);
    const report: PlanReport = JSON.parse(out);
    expect(report.predicted.exactFrames).toBe(1);
    expect(report.warnings.filter((warning) => !warning.includes("note"))).toEqual([]);
  });

  it("warns of an ill-conditioned task", async () => {
    const rows = Array.from({ length: 500 }, (_, i) => `${i},${i + ((i * 7919) % 11) / 100},${i + ((i * 31) % 17)}\n`);
    const twins = await put(folder, "twins.csv", `a,b,y\n${rows.join("")}`);
    const { code, err } = await zipml(
      "plan",
      "--data",
      twins,
      "--target",
      "y",
      "--excess",
      "0.5",
      "--scheme",
      "dither",
    );
    expect(code).toBe(0);
    expect(err).toContain("ill-conditioned");
  });

  it("writes a grid that zipml train and zipml encode take", async () => {
    const out = join(folder, "plant.grid.json");
    const report = await plan("--out", out);
    const { grid, schema } = JSON.parse(await readFile(out, "utf8"));
    expect(grid.channels.map(({ bits }: { bits: number }) => bits)).toEqual(report.channels.map(({ bits }) => bits));
    expect(schema.channels.length).toBe(3);

    const trained = await zipml(
      ...[
        "train",
        "--data",
        file,
        "--target",
        "y",
        "--grid",
        out,
        "--solver",
        "closed-form",
        "--holdout",
        "0",
        "--json",
      ],
    );
    expect(trained.code, trained.err).toBe(0);
    const { test, leastSquares, scheme } = JSON.parse(trained.out);
    expect(scheme).toBe(report.scheme);
    // The excess of one draw of the encoding varies: ten times the mean is five standard errors and more.
    expect(test.loss / leastSquares.loss - 1).toBeGreaterThan(0);
    expect(test.loss / leastSquares.loss - 1).toBeLessThan(0.01);

    const frames = join(folder, "plant.frames");
    const encoded = await zipml(
      "encode",
      "--data",
      file,
      "--grid",
      out,
      "--rows-per-frame",
      "256",
      "--out",
      frames,
      "--json",
    );
    expect(encoded.code, encoded.err).toBe(0);
    const { bytes, frames: count } = JSON.parse(encoded.out);
    expect(bytes.codes / 3600).toBeLessThan(report.predicted.bytesPerReading);
    expect((bytes.codes + 26 * count) / 3600).toBeGreaterThan(0.99 * report.predicted.bytesPerReading);
    expect((await zipml("decode", "--in", frames)).code).toBe(0);
  });

  it.each([
    [["--excess", "0"], "--excess must be a number above 0"],
    [["--target", "z"], "z"],
    [["--samples", "1"], "--samples must be"],
    [["--seed", "a/b"], "--seed is"],
    [["--features", "a,y"], "--features must not hold the target"],
  ])("refuses %j in one line", async (args, text) => {
    const { code, err } = await zipml("plan", "--data", file, "--target", "y", ...args);
    expect(code).toBe(2);
    expect(err).toContain(text);
    expect(err.trim().split("\n").length).toBe(1);
  });

  it.each([
    ["{", "not JSON"],
    ['{"zipml":"model"}', "no file of a grid of version 1"],
  ])("refuses %s as a grid", async (text, reason) => {
    const bad = await put(folder, "bad.json", text);
    const { code, err } = await zipml("train", "--data", file, "--target", "y", "--grid", bad);
    expect(code).toBe(2);
    expect(err).toContain(reason);
  });

  it("refuses options that the grid's file answers", async () => {
    const out = join(folder, "other.grid.json");
    await plan("--out", out);
    const { code, err } = await zipml(
      "encode",
      "--data",
      file,
      "--grid",
      out,
      "--bits",
      "3",
      "--out",
      join(folder, "x"),
    );
    expect([code, err]).toEqual([2, "zipml encode: --bits can't go with --grid, whose file says it\n"]);
  });
});
