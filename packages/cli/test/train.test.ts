import { readdir, readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { motes, plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let plant = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  plant = await put(folder, "plant.csv", plantCsv());
});

async function report(...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await zipml("train", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

const humidity = ["--data", motes, "--target", "humidity", "--features", "temperature,indoor"];

describe("zipml train --json", () => {
  it("prints the fields of the yardstick in their order, and nothing else on standard output", async () => {
    const { code, out, err } = await zipml("train", "--data", plant, "--target", "y", "--epochs", "3", "--json");
    expect(code).toBe(0);
    expect(out.endsWith("}\n") && out.indexOf("\n") === out.length - 1).toBe(true);
    const data: TrainReport = JSON.parse(out);
    expect(Object.keys(data)).toEqual(
      "rows features bits samples scheme levels estimator engine bytes clipped epochs test leastSquares model warnings".split(
        " ",
      ),
    );
    expect(data).toMatchObject({
      rows: { train: 150, test: 50, skipped: 0 },
      features: ["a", "b"],
      bits: 4,
      samples: 2,
      scheme: "count",
      levels: "uniform",
      estimator: "symmetric",
      engine: "packed",
      bytes: { codes: (150 * 16) / 8, float32: 150 * 12, ratio: 6 },
      clipped: 0,
      epochs: [1, 2, 3].map((epoch) => ({ epoch, loss: expect.any(Number), seconds: expect.any(Number) })),
      model: { intercept: expect.any(Number), weights: { a: expect.any(Number), b: expect.any(Number) } },
      warnings: ['column "unit" holds no number and is left out'],
    });
    for (const figures of [data.test, data.leastSquares]) {
      expect(Object.keys(figures)).toEqual(["loss", "rmse", "r2"]);
      expect(figures.loss).toBeCloseTo(figures.rmse ** 2 / 2, 9);
    }
    expect(err).toBe('zipml train: warning: column "unit" holds no number and is left out\n');
  });

  it("gives the reference figures of least squares for the motes, split by hash", async () => {
    const data = await report(...humidity, "--epochs", "10");
    expect(data.rows).toEqual({ train: 14_070, test: 4690, skipped: 0 });
    expect(data.leastSquares.r2).toBeCloseTo(0.674, 3);
    expect(data.leastSquares.rmse).toBeCloseTo(5.5465, 4);
    expect(Math.abs((data.test.r2 ?? 0) - (data.leastSquares.r2 ?? 1))).toBeLessThan(0.01);
  });

  it("gives them for the last quarter of each mote", async () => {
    const data = await report(...humidity, "--split", "time", "--group", "mote_id", "--solver", "closed-form");
    expect(data.rows).toEqual({ train: 14_068, test: 4692, skipped: 0 });
    expect(data.leastSquares.r2).toBeCloseTo(0.771, 3);
    expect(data.leastSquares.rmse).toBeCloseTo(5.909, 3);
  });

  it("is the same to the bit for the same seed", async () => {
    const options = ["--data", plant, "--target", "y", "--epochs", "5", "--seed", "7"];
    const timeless = ({ epochs, ...rest }: TrainReport) => ({ ...rest, losses: epochs.map(({ loss }) => loss) });
    const first = timeless(await report(...options));
    expect(timeless(await report(...options))).toEqual(first);
    expect(timeless(await report(...options.with(-1, "8")))).not.toEqual(first);
  });

  it("runs every engine, and says where the default gives way to the reference", async () => {
    const options = ["--data", plant, "--target", "y", "--epochs", "3"];
    for (const engine of ["packed", "reference"])
      expect((await report(...options, "--engine", engine)).engine).toBe(engine);
    for (const engine of ["float32", "hogwild", "reference"])
      expect((await report(...options, "--scheme", "none", "--engine", engine, "--threads", "1")).engine).toBe(engine);
    const wide = await report(...options, "--bits", "9");
    expect(wide.engine).toBe("reference");
    expect(wide.warnings.join()).toMatch(/engine packed can't run this: .*; reference runs it/);
    expect((await report(...options, "--solver", "closed-form")).engine).toBe("none");
  });

  it("tests on the training rows with holdout 0, and takes a row count", async () => {
    const options = ["--data", plant, "--target", "y", "--epochs", "4"];
    const all = await report(...options, "--holdout", "0");
    expect(all.rows).toMatchObject({ train: 200, test: 200 });
    expect(all.test.loss).toBe(all.epochs.at(-1)?.loss);
    expect((await report(...options, "--holdout", "30")).rows).toMatchObject({ train: 170, test: 30 });
  });

  it("trains on raw rows with scheme none: nothing saved, nearly least squares", async () => {
    const data = await report("--data", plant, "--target", "y", "--scheme", "none", "--epochs", "60");
    expect(data).toMatchObject({
      estimator: "full",
      bits: 32,
      samples: 1,
      bytes: { codes: 1800, float32: 1800, ratio: 1 },
    });
    expect(data.test.r2).toBeGreaterThan(0.99);
  });

  it("trains on one dithered symbol a value: symmetric by default, naive, both solvers, a raw target", async () => {
    const options = ["--data", plant, "--target", "y", "--scheme", "dither", "--bits", "5"];
    const data = await report(...options, "--epochs", "20");
    expect(data).toMatchObject({ scheme: "dither", samples: 1, estimator: "symmetric" });
    expect(data.bytes.codes).toBe(Math.ceil((150 * 18) / 8));
    expect(data.test.r2).toBeGreaterThan(0.98);
    for (const extra of [
      ["--estimator", "naive"],
      ["--solver", "closed-form"],
      ["--target-bits", "0"],
    ])
      expect((await report(...options, ...extra)).test.r2).toBeGreaterThan(0.95);
    const again = await report(...options, "--epochs", "20");
    expect(again.model).toEqual(data.model);
    expect((await report(...options, "--epochs", "20", "--seed", "any text at all")).model).not.toEqual(data.model);
    expect((await zipml("train", ...options)).out).toMatch(/encoding {2}5 bits, dithered, uniform levels/);
  });

  it("encodes naive with one draw, keeps a target at 0 bits raw, and takes every estimator, solver and schedule", async () => {
    const options = ["--data", plant, "--target", "y", "--bits", "6", "--epochs", "4"];
    expect(await report(...options, "--estimator", "naive")).toMatchObject({ samples: 1, estimator: "naive" });
    expect((await report(...options, "--target-bits", "0")).bytes.codes).toBe((150 * 12) / 8 + 150 * 4);
    expect((await report(...options, "--estimator", "double", "--schedule", "constant")).test.r2).toBeGreaterThan(0.9);
    const low = ["--model-bits", "8", "--gradient-bits", "8", "--step", "0.1", "--batch", "10"];
    expect((await report(...options, ...low)).test.r2).toBeGreaterThan(0.9);
    expect((await report(...options, "--solver", "closed-form")).test.r2).toBeGreaterThan(0.9);
  });

  it("tests on a file of its own, whose columns may lie in another order", async () => {
    const other = await put(folder, "other.csv", "y,extra,b,a\n1,x,0,0\n3,x,0,1\n-2,x,1,0\n,x,1,1\n");
    const data = await report("--data", plant, "--target", "y", "--test", other, "--epochs", "20");
    expect(data.rows).toEqual({ train: 200, test: 3, skipped: 1 });
    expect(data.leastSquares.rmse).toBeLessThan(1);
  });

  it("counts rows passed over", async () => {
    const gaps = await put(folder, "gaps.csv", `${plantCsv()},1,x,2\n1,,x,2\n1,2,x,oops\n1,2\n`);
    expect((await report("--data", gaps, "--target", "y", "--epochs", "1")).rows.skipped).toBe(4);
  });

  it("says which options have no effect", async () => {
    const data = await report("--data", plant, "--target", "y", "--scheme", "none", "--bits", "3", "--epochs", "1");
    expect(data.warnings[0]).toBe("--bits has no effect with --scheme none");
  });
});

describe("zipml train", () => {
  it("prints a table for people", async () => {
    const { code, out } = await zipml("train", "--data", plant, "--target", "y", "--epochs", "3");
    expect(code).toBe(0);
    expect(out).toMatch(/150 to train, 50 to test, 0 skipped/);
    expect(out).toMatch(/this model, 4 bits/);
    expect(out).toMatch(/\ny = .* · a − .* · b\n$/);
  });

  it("saves the model whole, over an older one, and leaves nothing beside it", async () => {
    const place = await temporaryFolder();
    const save = await put(place, "model.json", "old");
    expect((await zipml("train", "--data", plant, "--target", "y", "--epochs", "1", "--save", save)).code).toBe(0);
    expect(JSON.parse(await readFile(save, "utf8"))).toMatchObject({ zipml: "model", version: 1 });
    expect(await readdir(place)).toEqual(["model.json"]);
  });

  const plain = ["--target", "y"];
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["two samples in one bit", ["--bits", "1"], /2\^bits - 1 must be at least the samples/],
    ["full with a scheme", ["--estimator", "full"], /--scheme none/],
    ["a scheme none with another estimator", ["--scheme", "none", "--estimator", "double"], /--estimator full/],
    ["double with one sample", ["--estimator", "double", "--samples", "1"], /--samples of 2 or more/],
    ["symmetric with one sample", ["--samples", "1"], /--samples of 2 or more/],
    ["naive with two samples", ["--estimator", "naive", "--samples", "2"], /--samples 1/],
    ["dither with two samples", ["--scheme", "dither", "--samples", "2"], /one symbol a value/],
    ["dither with double", ["--scheme", "dither", "--estimator", "double"], /--estimator double needs two draws/],
    ["an unknown estimator", ["--estimator", "naiv"], /did you mean "naive"\?/],
    ["an unknown engine", ["--engine", "warp"], /must be one of packed, float32, hogwild, reference/],
    ["packed on raw rows", ["--engine", "packed", "--scheme", "none"], /--engine packed trains on codes/],
    ["float32 on codes", ["--engine", "float32"], /--engine float32 trains on raw rows/],
    ["packed above 8 bits", ["--engine", "packed", "--bits", "9"], /8 are the most that are kept packed/],
    ["double with packed", ["--engine", "packed", "--estimator", "double"], /does not run the estimator "double"/],
    ["65 threads", ["--threads", "65"], /whole number from 1 to 64/],
    ["17 bits", ["--bits", "17"], /whole number from 1 to 16, not "17"/],
    ["half a bit", ["--bits", "1.5"], /whole number/],
    ["no epoch", ["--epochs", "0"], /whole number from 1 to 1000000/],
    ["a negative step", ["--step", "-1"], /auto or a number above 0/],
    ["a holdout of 1", ["--holdout", "1"], /a share from 0 to below 1/],
    ["a holdout of all rows", ["--holdout", "200"], /leaves 0 to train on/],
    ["a missing target", ["--target", "x"], /no column "x"; there is a, b, unit, y/],
    ["a feature nearly named", ["--features", "a,unti"], /did you mean "unit"\?/],
    ["the target as a feature", ["--features", "a,y"], /must not hold the target/],
    ["a feature of words", ["--features", "a,unit"], /"unit" holds no number/],
    ["a group without time", ["--group", "unit"], /--split time/],
    ["test and holdout", ["--test", "x.csv", "--holdout", "0.5"], /exclude each other/],
    ["a missing test file", ["--test", "/nowhere.csv"], /\/nowhere.csv: no such file/],
    ["a folder to save to that is not there", ["--epochs", "1", "--save", "/nowhere/m.json"], /can't write \/nowhere/],
    ["a missing configuration", ["--config", "/nowhere.yaml"], /\/nowhere.yaml: no such file/],
    ["a step that diverges", ["--step", "1e6"], /loss/],
  ];
  it.each(refused)("refuses %s in one line", async (_, args, reason) => {
    const { code, out, err } = await zipml("train", "--data", plant, ...plain, ...args);
    const line = err.split("\n").filter((text) => !text.includes("warning: "));
    expect({ code, out, lines: line.length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(line[0]).toMatch(reason);
    expect(line[0]).toMatch(/^zipml train: /);
  });

  it.each([
    ["an empty file", "", /is empty/],
    ["a header only", "a,y\n", /a header and no row/],
    ["no header", "1,2\n3,4\n", /line with the columns' names/],
    ["a constant target", "a,y\n1,5\n2,5\n3,5\n4,5\n", /"y" is constant, 5/],
    ["nothing beside the target", "y\n1\n2\n3\n4\n", /no column of numbers beside the target/],
    ["no whole row", "a,y\n1,\n,2\n", /none of the 2 rows/],
    ["an open quote", 'a,y\n1,2\n"3,4\n', /Quote Not Closed/],
  ])("refuses %s in one line", async (_, content, reason) => {
    const file = await put(folder, "odd.csv", content);
    const { code, out, err } = await zipml("train", "--data", file, "--target", "y");
    expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(err).toMatch(reason);
    expect(err).toContain(file);
  });

  it("refuses a folder and a damaged gzip file", async () => {
    expect((await zipml("train", "--data", folder, "--target", "y")).err).toMatch(/is a folder/);
    const cut = await put(folder, "cut.csv.gz", (await readFile(motes)).subarray(0, 5000));
    expect((await zipml("train", "--data", cut, "--target", "humidity")).err).toMatch(/damaged gzip/);
  });
});
