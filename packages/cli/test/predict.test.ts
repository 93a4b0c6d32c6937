import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadModel, modelHash } from "../src/files/model-file.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let model = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  const data = await put(folder, "plant.csv", plantCsv());
  model = join(folder, "model.json");
  const { code } = await zipml(
    "train",
    "--data",
    data,
    "--target",
    "y",
    "--solver",
    "closed-form",
    "--bits",
    "8",
    "--save",
    model,
  );
  expect(code).toBe(0);
});

describe("zipml predict", () => {
  it("prints row, prediction and target, and how far off it is on standard error", async () => {
    const data = await put(folder, "a.csv", "b,a,y\n0,0,1\n0,10,21\n,1,1\n1,0,\n");
    const { code, out, err } = await zipml("predict", "--model", model, "--data", data);
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe("row,prediction,y");
    expect(lines.slice(1).map((line) => line.split(",").filter((_, c) => c !== 1))).toEqual([
      ["1", "1"],
      ["2", "21"],
      ["4", ""],
    ]);
    expect(Number(lines[2]?.split(",")[1])).toBeCloseTo(21, 0);
    expect(err).toMatch(/^3 rows predicted, 1 skipped; RMSE .* over 2 rows with y\n$/);
  });

  it("needs no target, and gives its weights' predictions as JSON", async () => {
    const data = await put(folder, "b.csv", "a,b\n1,2\n3,4\n");
    const { code, out, err } = await zipml("predict", "--model", model, "--data", data, "--json");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { features, target } = await loadModel(model);
    const oracle = [
      [1, 2],
      [3, 4],
    ].map((row) =>
      features.reduce(
        (sum, f, i) => sum + (f.weight * target.deviation * ((row[i] ?? 0) - f.mean)) / f.deviation,
        target.mean,
      ),
    );
    const { predictions, ...rest } = JSON.parse(out);
    expect(rest).toEqual({ rows: 2, skipped: 0, target: "y", test: null });
    for (const [i, value] of oracle.entries()) expect(predictions[i]).toBeCloseTo(value, 9);
  });

  it("writes the same CSV to a file", async () => {
    const data = await put(folder, "c.csv", plantCsv(20));
    const printed = await zipml("predict", "--model", model, "--data", data);
    const file = join(folder, "out.csv");
    const { out } = await zipml("predict", "--model", model, "--data", data, "--out", file, "--json");
    expect(await readFile(file, "utf8")).toBe(printed.out);
    expect(JSON.parse(out)).toMatchObject({ rows: 20, test: { rows: 20, r2: expect.closeTo(1, 1) } });
  });

  it("refuses a model that was changed, and files that are none", async () => {
    const data = await put(folder, "d.csv", "a,b\n1,2\n");
    const saved = JSON.parse(await readFile(model, "utf8"));
    const fault = async (content: string) =>
      (await zipml("predict", "--model", await put(folder, "m.json", content), "--data", data)).err;
    saved.model.features[0].weight += 1e-9;
    expect(await fault(JSON.stringify(saved))).toMatch(/the hash does not fit/);
    expect(await fault(JSON.stringify({ ...saved, hash: modelHash(saved.model) }))).not.toMatch(/hash/);
    expect(await fault(JSON.stringify({ ...saved, version: 2 }))).toMatch(/is no saved model of version 1: version/);
    expect(await fault("a,b")).toMatch(/not JSON/);
    expect(await fault("[1]")).toMatch(/is no saved model/);
  });

  it("refuses data that lacks a feature", async () => {
    const data = await put(folder, "e.csv", "a,c\n1,2\n");
    expect(await zipml("predict", "--model", model, "--data", data)).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringMatching(/no column "b"/),
    });
  });
});
