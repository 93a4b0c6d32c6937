import { join } from "node:path";
import { createStream } from "@zipml/codec";
import { beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../src/files/model-file.ts";
import type { TrainReport } from "../src/train/result.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

interface Row {
  readonly site: string;
  readonly level: number;
  readonly pump: number;
}

/** level(t) = 0.6 level(t−1) + 0.3 level(t−2) + pump(t−1) and noise, of two sites by turns. */
function rowsOf(count: number): Row[] {
  const stream = createStream("test/cli-lags");
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const [one, two] = [rows[i - 2], rows[i - 4]];
    const level = 0.6 * (one?.level ?? 0) + 0.3 * (two?.level ?? 0) + (one?.pump ?? 0) + stream.uniform() - 0.5;
    rows.push({ site: i % 2 === 0 ? "n" : "s", level, pump: stream.uniform() });
  }
  return rows;
}

const rows = rowsOf(1200);
const csvOf = (list: readonly Row[]) =>
  `site,level,pump\n${list.map(({ site, level, pump }) => `${site},${level},${pump}`).join("\n")}\n`;

let folder = "";
let data = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  data = await put(folder, "sites.csv", csvOf(rows));
});

async function report(...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await zipml("train", "--data", data, "--target", "level", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

const own = ["--features", "level,pump", "--lags", "2", "--group", "site"];
const names = ["level@-1", "level@-2", "pump", "pump@-1", "pump@-2"];

describe("zipml train --lags", () => {
  it("gives features their lags, and a target that is one its own, group by group", async () => {
    const made = await report(...own, "--split", "time", "--bits", "6", "--epochs", "10");
    expect(made.features).toEqual(names);
    expect(made.lags).toEqual({ readings: 2, short: 4 });
    expect(made.rows).toEqual({ train: 896, test: 300, skipped: 0 });
    // each reading once, the target's too, as wide as a feature's; test rows reach back into training, not the reverse
    expect(made.bytes).toMatchObject({ codes: ((896 + 4) * 12) / 8, float32: (896 + 4) * 8 });
    expect(Object.keys(made.model.weights)).toEqual(names);
    expect(made.engine).toBe("packed");
    const { weights } = made.model;
    expect(Math.abs((weights["level@-1"] ?? 0) - 0.6)).toBeLessThan(0.1);
    expect(Math.abs((weights["pump@-1"] ?? 0) - 1)).toBeLessThan(0.1);
    expect(Math.abs((made.test.r2 ?? 0) - (made.leastSquares.r2 ?? 1))).toBeLessThan(0.02);
  });

  it.each([
    ["dither", ["--scheme", "dither", "--bits", "5"]],
    ["raw rows", ["--scheme", "none"]],
    ["closed form", ["--solver", "closed-form", "--bits", "6"]],
    ["hash split", ["--split", "hash", "--bits", "6"]],
    ["double", ["--estimator", "double", "--bits", "6"]],
    ["optimal levels", ["--levels", "optimal", "--bits", "6"]],
  ])("does so with %s", async (_, extra) => {
    const made = await report(...own, ...extra, "--epochs", "10");
    expect(made.features).toEqual(names);
    expect(Math.abs((made.test.r2 ?? 0) - (made.leastSquares.r2 ?? 1))).toBeLessThan(0.03);
  });

  it("leaves the target out of its own features where it is not named, at widths of its own", async () => {
    const made = await report("--lags", "1", "--group", "site", "--features", "pump", "--target-bits", "0");
    expect(made.features).toEqual(["pump", "pump@-1"]);
    expect(made.lags).toEqual({ readings: 1, short: 2 });
  });

  it("without groups takes the file for one series, and no row that comes after one passed over", async () => {
    const gap = await put(folder, "gap.csv", csvOf(rows.slice(0, 200)).replace(`n,${rows[100]?.level},`, "n,,"));
    const args = ["--data", gap, "--target", "level", "--features", "level", "--lags", "3", "--bits", "6", "--json"];
    const { out } = await zipml("train", ...args);
    const made: TrainReport = JSON.parse(out);
    expect([made.lags?.short, made.rows.skipped, made.rows.train + made.rows.test]).toEqual([6, 1, 193]);
    const people = await zipml("train", ...args.slice(0, -1));
    expect(people.out).toMatch(/1 skipped, 6 without the 3 before/);
  });

  it("tests on another file, and encodes by a grid's file", async () => {
    const test = await put(folder, "test.csv", csvOf(rows.slice(0, 300)));
    const made = await report(...own, "--test", test, "--bits", "6");
    expect([made.rows, made.lags?.short]).toEqual([{ train: 1196, test: 296, skipped: 0 }, 8]);
    const grid = join(folder, "grid.json");
    const plan = await zipml(
      "plan",
      "--data",
      data,
      "--target",
      "level",
      "--features",
      "pump",
      "--excess",
      "0.001",
      "--out",
      grid,
    );
    expect(plan.code, plan.err).toBe(0);
    const planned = await report(...own, "--grid", grid);
    expect([planned.scheme, planned.features]).toEqual(["dither", names]);
  });

  it("refuses what does not go together", async () => {
    const run = async (...args: string[]) => {
      const { code, err } = await zipml("train", "--data", data, "--target", "level", ...args);
      expect(code).toBe(2);
      return err;
    };
    expect(await run("--features", "level")).toContain("unless --lags");
    expect(await run("--lags", "129")).toContain("from 0 to 128");
    expect(await run("--group", "site")).toContain("--lags");
    expect(await run("--lags", "128", "--test", await put(folder, "short.csv", csvOf(rows.slice(0, 9))))).toContain(
      "128 rows right before it",
    );
    const { err } = await zipml(
      "train",
      "--data",
      data,
      "--target",
      "level",
      ...own,
      "--target-bits",
      "6",
      "--epochs",
      "1",
    );
    expect(err).toContain("--target-bits has no effect with the target among --features");
  });
});

describe("zipml predict with a model that looks back", () => {
  let model = "";
  beforeAll(async () => {
    model = join(folder, "model.json");
    const { code, err } = await zipml(
      "train",
      "--data",
      data,
      "--target",
      "level",
      ...own,
      "--scheme",
      "dither",
      "--bits",
      "8",
      "--save",
      model,
    );
    expect(code, err).toBe(0);
  });

  it("takes the rows before from the file, group by group", async () => {
    const list = rows.slice(0, 9);
    const file = await put(folder, "few.csv", csvOf(list).replace(`n,${list[8]?.level},`, "n,,"));
    const { code, out, err } = await zipml("predict", "--model", model, "--data", file, "--group", "site", "--json");
    expect(code, err).toBe(0);
    const { features, target } = await loadModel(model);
    expect(features.map(({ name }) => name)).toEqual(names);
    const expected = list.slice(4).map(({ pump }, i) => {
      const [two, one] = [list[i], list[i + 2]];
      const readings = [one?.level, two?.level, pump, one?.pump, two?.pump];
      return features.reduce(
        (sum, f, c) => sum + (f.weight * target.deviation * ((readings[c] ?? Number.NaN) - f.mean)) / f.deviation,
        target.mean,
      );
    });
    const found = JSON.parse(out);
    expect(found).toMatchObject({ rows: 5, skipped: 4, test: { rows: 4 } }); // the last has no target, and a forecast
    for (const [i, value] of expected.entries()) expect(found.predictions[i]).toBeCloseTo(value, 9);
    const lines = (await zipml("predict", "--model", model, "--data", file, "--group", "site")).out.split("\n");
    expect(lines[1]?.split(",")[0]).toBe("5");
    // without groups the sites are taken for one series
    expect(JSON.parse((await zipml("predict", "--model", model, "--data", file, "--json")).out).rows).toBe(7);
  });

  it("takes columns of the very names first, and says what the file lacks", async () => {
    const file = await put(folder, "named.csv", `${names.join(",")}\n1,2,3,4,5\n`);
    const named = await zipml("predict", "--model", model, "--data", file, "--group", "pump", "--json");
    expect(named.code, named.err).toBe(0);
    expect(named.err).toContain("--group has no effect");
    expect(JSON.parse(named.out)).toMatchObject({ rows: 1, skipped: 0, test: null });
    const lacking = await zipml("predict", "--model", model, "--data", await put(folder, "lacking.csv", "pump\n1\n"));
    expect([lacking.code, lacking.err]).toEqual([2, expect.stringContaining('no column "level"')]);
    const few = await zipml(
      "predict",
      "--model",
      model,
      "--data",
      await put(folder, "two.csv", "level,pump\n1,2\n3,4\n"),
    );
    expect([few.code, few.err]).toEqual([2, expect.stringContaining("2 rows back")]);
  });
});

describe("zipml gateway --lags", () => {
  it("refuses what the gateway does", async () => {
    for (const [args, text] of [
      [["--lags", "129"], "from 0 to 128"],
      [["--features", "a,b", "--target", "b"], "training.lags"],
    ] as const) {
      const { code, err } = await zipml("gateway", "--port", "0", ...args);
      expect([code, err]).toEqual([2, expect.stringContaining(text)]);
    }
  });
});
