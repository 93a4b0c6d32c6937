import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../src/files/model-file.ts";
import type { TrainReport } from "../src/train/result.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let morning = "";
let evening = "";

/** y follows a and b; the b of the evening says the opposite. */
function plantCsv(sign: number): string {
  const lines = Array.from({ length: 400 }, (_, r) => {
    const [a, b] = [(r * 37) % 101, (r * 53) % 97];
    return `${a},${b},${3 * a + sign * b + ((r * 71) % 13)}`;
  });
  return `a,b,y\n${lines.join("\n")}\n`;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  morning = await put(folder, "morning.csv", plantCsv(1));
  evening = await put(folder, "evening.csv", plantCsv(-1));
});

async function report(...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await zipml("train", "--target", "y", "--epochs", "5", "--bits", "6", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

describe("zipml train --start", () => {
  it("goes on from a saved model, and tells how it stood", async () => {
    const save = join(folder, "model.json");
    const first = await report("--data", morning, "--save", save);
    expect(first.start).toBeUndefined();
    expect((await loadModel(save)).epochs).toBe(5);
    const same = await report("--data", morning, "--start", save, "--save", save);
    expect(same.start).toEqual({ passes: 5, loss: first.epochs.at(-1)?.loss, test: first.test });
    expect((await loadModel(save)).epochs).toBe(10);
    const moved = await report("--data", evening, "--start", save, "--schedule", "constant");
    expect(moved.start?.passes).toBe(10);
    expect(moved.start?.loss).toBeGreaterThan(10 * (moved.epochs.at(-1)?.loss ?? 0));
    expect(moved.model.weights["b"]).toBeCloseTo(-1, 0);
    const { out } = await zipml("train", "--data", evening, "--target", "y", "--start", save);
    expect(out).toMatch(/^start {5}a model of 10 epochs, training loss \d/m);
    expect(out).toMatch(/the model to start from/);
  });

  it("refuses what it can't go on from, in one line", async () => {
    const save = join(folder, "closed.json");
    await report("--data", morning, "--save", save);
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [["--target", "a"], /predicts from a, b, and the task from b, y/],
      [["--target", "y", "--solver", "closed-form"], /the solver is sgd/],
      [["--target", "y", "--scheme", "none", "--start", join(folder, "none.json")], /none\.json/],
    ];
    for (const [args, reason] of refused) {
      const { code, out, err } = await zipml("train", "--data", morning, "--start", save, ...args);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err.trim().split("\n")).toHaveLength(1);
      expect(err).toMatch(reason);
    }
  });
});

describe("zipml train --variance", () => {
  it("tells what each rounding adds, in JSON and in words", async () => {
    const bits = ["--model-bits", "4", "--gradient-bits", "5"];
    const { variance } = await report("--data", morning, ...bits);
    expect(Object.keys(variance ?? {}).sort()).toEqual(["gradient", "model", "residual", "rows", "samples", "sgd"]);
    for (const part of ["sgd", "samples", "model", "gradient"] as const) expect(variance?.[part]).toBeGreaterThan(0);
    expect(variance?.residual).toBe(0);
    expect((await report("--data", morning)).variance).toBeUndefined();
    expect((await report("--data", morning, "--variance")).variance?.samples).toBeGreaterThan(0);
    const naive = await report("--data", morning, "--estimator", "naive", "--variance");
    expect(naive.variance?.samples).toBeGreaterThan(0);
    const exact = await report("--data", morning, "--scheme", "none", "--variance");
    expect(exact.variance?.samples).toBeLessThan(1e-9 * (exact.variance?.sgd ?? 0));
    const { out } = await zipml("train", "--data", morning, "--target", "y", ...bits);
    expect(out).toMatch(
      /^variance {2}of a mini-batch gradient of SGD itself \S+; more by samples \S+ %, model \S+ %, gradient/m,
    );
  });
});
