import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { configJsonSchema } from "../src/config/json-schema.ts";
import { trainOptions } from "../src/config/train-section.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  await put(folder, "plant.csv", plantCsv());
});

const withConfig = async (yaml: string, ...args: string[]) =>
  zipml("train", "--config", await put(folder, "zipml.yaml", yaml), "--json", ...args);

describe("a configuration file", () => {
  it("gives options, paths counting from its folder; flags win", async () => {
    const yaml = "train:\n  data: plant.csv\n  target: y\n  features: [a]\n  bits: 6\n  epochs: 2\n  seed: 3\n";
    const { code, out, err } = await withConfig(yaml, "--epochs", "1");
    expect(code, err).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ bits: 6, features: ["a"] });
    expect(report.epochs).toHaveLength(1);
  });

  it("takes names as text, too, and an empty file as no options", async () => {
    const { out } = await withConfig("train: { data: plant.csv, target: y, features: 'a, b', epochs: 1, step: 0.1 }\n");
    expect(JSON.parse(out).features).toEqual(["a", "b"]);
    expect((await withConfig("# nothing\n")).err).toMatch(/--data is needed/);
  });

  it.each([
    ["train:\n  data: plant.csv\n  bitz: 4\n", /zipml\.yaml:3: train\.bitz is not known; did you mean "bits"\?/],
    ["trian:\n  data: x\n", /zipml\.yaml:1: trian is not known; did you mean "train"\?/],
    ["train:\n  bits: 40\n", /zipml\.yaml:2: train\.bits must be a whole number from 1 to 16, not 40/],
    ["train:\n  estimator: dubble\n", /zipml\.yaml:2: train\.estimator must be one of .*; did you mean "double"\?/],
    ["train:\n  features: []\n", /train\.features must be names/],
    ["train: 5\n", /zipml\.yaml:1: train must be a mapping/],
    ["- 1\n", /the file must be a mapping/],
    ["train:\n  bits: 4\n  bits: 5\n", /zipml\.yaml:3: .*unique/],
    ["train: {bits: 4\n", /zipml\.yaml:\d+: /],
    ["train:\n  target-bits: yes please\n", /train\.target-bits must be a whole number/],
  ])("is refused in one line: %j", async (yaml, reason) => {
    const { code, out, err } = await withConfig(yaml);
    expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(err).toMatch(reason);
  });

  it("conflicts that span flags and file are settled for the flag", async () => {
    const yaml = "train:\n  data: plant.csv\n  target: y\n  holdout: 0.5\n  epochs: 1\n";
    const { code, err } = await withConfig(yaml, "--test", join(folder, "plant.csv"));
    expect(code, err).toBe(0);
  });

  it("has a published JSON schema that is up to date and names every option", async () => {
    const text = await readFile(new URL("../schema/zipml.schema.json", import.meta.url), "utf8");
    const published = JSON.parse(text); // its layout is the formatter's
    expect(published, "packages/cli/scripts/write-schema.ts writes it").toEqual(JSON.parse(configJsonSchema()));
    const { properties, additionalProperties } = published;
    expect(additionalProperties).toBe(false);
    expect(properties.train.additionalProperties).toBe(false);
    expect(Object.keys(properties.train.properties)).toEqual(Object.keys(trainOptions));
  });
});
