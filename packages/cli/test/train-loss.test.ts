import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { loadModel } from "../src/files/model-file.ts";
import type { TrainReport } from "../src/train/result.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let rooms = "";
let plant = "";

/** A room is occupied where its air is heavy; the third column says nothing. */
function roomsCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, r) => {
    const air = 400 + ((r * 37) % 601);
    const warmth = 18 + ((r * 53) % 70) / 10;
    return `${air},${warmth},${(r * 91) % 97},${air + 20 * (warmth - 21) + 60 * Math.sin(r) > 700 ? 1 : 0}`;
  });
  return `co2,warmth,noise,occupied\n${lines.join("\n")}\n`;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  rooms = await put(folder, "rooms.csv", roomsCsv(600));
  plant = await put(folder, "plant.csv", plantCsv());
});

async function report(...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await zipml("train", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

const classes = (...args: string[]) => report("--data", rooms, "--target", "occupied", "--epochs", "8", ...args);

describe("zipml train --loss", () => {
  it.each([
    [["--loss", "logistic"], { bits: 8, samples: 1, estimator: "naive", engine: "packed" }],
    [["--loss", "hinge"], { bits: 8, samples: 1, estimator: "naive", engine: "packed" }],
    [["--loss", "hinge", "--bits", "6"], { bits: 6, samples: 1 }],
    [["--loss", "ls-svm"], { bits: 4, samples: 2, estimator: "symmetric", engine: "packed" }],
    [["--loss", "logistic", "--degree", "3"], { bits: 8, samples: 4, estimator: "polynomial", engine: "reference" }],
    [
      ["--loss", "logistic", "--degree", "5", "--scheme", "dither", "--bits", "4"],
      { bits: 4, samples: 1, estimator: "polynomial", engine: "reference" },
    ],
    [["--loss", "logistic", "--estimator", "polynomial"], { bits: 8, samples: 8, estimator: "polynomial" }],
    [["--loss", "logistic", "--scheme", "none"], { bits: 32, samples: 1, estimator: "full", engine: "reference" }],
    [["--loss", "logistic", "--scheme", "dither"], { bits: 8, samples: 1, estimator: "naive" }],
    [["--loss", "ls-svm", "--scheme", "dither", "--bits", "5"], { bits: 5, estimator: "symmetric" }],
    [
      ["--loss", "hinge", "--scheme", "interval"],
      { bits: 8, samples: 1, estimator: "refetch", engine: "reference", warnings: [] },
    ],
    [["--loss", "hinge", "--scheme", "interval", "--estimator", "naive"], { samples: 1, estimator: "naive" }],
  ])("%j: figures of classes, and the defaults that go with it", async (args, expected) => {
    const data = await classes(...args);
    expect(data).toMatchObject({ ...expected, classes: { loss: args[1], negative: 0, positive: 1 } });
    for (const figures of [data.test, data.leastSquares]) {
      expect(Object.keys(figures)).toEqual(["loss", "rmse", "r2", "accuracy", "balancedAccuracy", "auc"]);
      expect(figures.accuracy).toBeGreaterThan(0.85);
      expect(figures.auc).toBeGreaterThan(0.9);
    }
  });

  it("has null for what one class alone does not tell", async () => {
    const one = await put(folder, "one.csv", "co2,warmth,noise,occupied\n900,22,1,1\n950,23,2,1\n");
    const { test } = await classes("--loss", "logistic", "--test", one);
    expect(test).toMatchObject({ accuracy: 1, balancedAccuracy: null, auc: null, r2: null });
  });

  it("shows people accuracy, balanced accuracy and AUC", async () => {
    const { code, out } = await zipml("train", "--data", rooms, "--target", "occupied", "--loss", "hinge");
    expect(code).toBe(0);
    expect(out).toMatch(/loss hinge, estimator naive/);
    expect(out).toMatch(/accuracy │ balanced │ AUC/);
    expect(out).toMatch(/occupied is 1 where this is 0 or more, else 0:\ndecision = /);
  });

  it("refetches what the codes leave open, and tells how much", async () => {
    const data = await classes("--loss", "hinge", "--scheme", "interval", "--bits", "5", "--l1", "0.1");
    const { decisions = 0, undecided = 0, rows = 0, missing, bytes } = data.refetch ?? {};
    expect([missing, bytes]).toEqual([0, 4 * 3 * rows]);
    expect(undecided).toBeGreaterThan(0);
    expect(decisions).toBeGreaterThan(8 * data.rows.train - 1);
    expect(rows).toBeLessThan(data.rows.train);
    const { out } = await zipml(
      "train",
      "--data",
      rooms,
      "--target",
      "occupied",
      "--loss",
      "hinge",
      "--scheme",
      "interval",
    );
    expect(out).toMatch(/estimator refetch, engine reference/);
    expect(out).toMatch(/^refetch {3}.* % of the decisions left open; \d+ of 450 rows asked for once, [\d,]+ bytes$/m);
  });

  it("gives a model that zipml predict knows the loss of", async () => {
    const save = join(folder, "rooms.json");
    const { test } = await classes("--loss", "logistic", "--holdout", "0", "--save", save);
    const model = await loadModel(save);
    expect(model.classes).toEqual({ loss: "logistic", negative: 0, positive: 1 });
    const json = JSON.parse((await zipml("predict", "--model", save, "--data", rooms, "--json")).out);
    const close = Object.entries(test).map(([name, value]) => [name, expect.closeTo(value, 9)]);
    expect(json.test).toEqual({ rows: 600, ...Object.fromEntries(close) }); // rows are read in another order
    expect(json.predictions).toEqual(json.decisions.map((decision: number) => Number(decision >= 0)));
    const { out, err } = await zipml("predict", "--model", save, "--data", rooms);
    expect(out.split("\n").slice(0, 2)).toEqual([
      "row,prediction,decision,occupied",
      `1,${json.predictions[0]},${json.decisions[0]},0`,
    ]);
    expect(err).toMatch(/^600 rows predicted, 0 skipped; accuracy 0\.\d+, balanced .*, AUC .* over 600 rows/);
    expect(await readFile(save, "utf8")).toMatch(/"classes": \{\s+"loss": "logistic"/);
  });
});

describe("zipml train with a regularizer", () => {
  const numbers = (...args: string[]) => report("--data", plant, "--target", "y", "--epochs", "8", ...args);

  it("makes exact zeros by --l1, for classes too", async () => {
    expect((await classes("--loss", "logistic", "--l1", "0.1")).model.weights["noise"]).toBe(0);
    expect((await numbers("--l1", "10")).model.weights).toEqual({ a: 0, b: 0 });
  });

  it("keeps to --box and --ball, and shrinks by --l2", async () => {
    const free = (await numbers()).model.weights;
    expect((await numbers("--box", "0,inf")).model.weights["b"]).toBe(0);
    expect((await numbers("--box", "-inf,0")).model.weights["a"]).toBe(0);
    for (const args of [
      ["--ball", "0.5"],
      ["--l2", "1"],
    ])
      expect(Math.abs((await numbers(...args)).model.weights["b"] ?? 9)).toBeLessThan(0.8 * Math.abs(free["b"] ?? 0));
    expect((await numbers("--l2", "1", "--solver", "closed-form")).engine).toBe("none");
  });

  it("reads a box from a configuration file, as a list or as text", async () => {
    for (const box of ["[0, 5]", '"0,inf"', '"0, 5"']) {
      const config = await put(
        folder,
        "box.yaml",
        `train:\n  data: plant.csv\n  target: y\n  epochs: 2\n  box: ${box}\n`,
      );
      expect((await report("--config", config)).model.weights["b"]).toBe(0);
    }
  });

  it("averages over the epochs that --average says", async () => {
    const loss = async (n: string) => (await numbers("--average", n)).epochs.at(-1)?.loss;
    const [last, one, all] = [await loss("0"), await loss("1"), await loss("8")];
    expect(new Set([last, one, all]).size).toBe(3);
    expect(await loss("1")).toBe((await numbers()).epochs.at(-1)?.loss);
  });

  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["an unknown loss", ["--loss", "hing"], /must be one of squares, ls-svm, logistic, hinge/],
    ["a number as a class", ["--loss", "hinge"], /target y must have two values/],
    [
      "refetching from codes without intervals",
      ["--loss", "hinge", "--estimator", "refetch"],
      /needs the readings' intervals: --scheme interval, not count/,
    ],
    [
      "refetching for another loss",
      ["--estimator", "refetch", "--scheme", "interval"],
      /goes with the loss hinge, not squares/,
    ],
    ["a degree without logistic", ["--degree", "3"], /--degree goes with --loss logistic, not squares/],
    ["a degree with naive", ["--loss", "logistic", "--degree", "3", "--estimator", "naive"], /--estimator polynomial/],
    ["a degree of 15", ["--loss", "logistic", "--degree", "15"], /whole number from 1 to 14/],
    ["too few draws", ["--loss", "logistic", "--degree", "7", "--samples", "4"], /--samples of 8 or more, not 4/],
    ["too few bits", ["--loss", "logistic", "--degree", "7", "--bits", "3"], /2\^bits - 1/],
    ["symmetric with logistic", ["--loss", "logistic", "--estimator", "symmetric"], /goes with the estimators naive/],
    ["a polynomial hinge", ["--loss", "hinge", "--estimator", "polynomial"], /a jump/],
    ["a negative l1", ["--l1", "-1"], /--l1 must be a number of at least 0/],
    ["a ball of 0", ["--ball", "0"], /--ball must be a number above 0/],
    ["a box without 0", ["--box", "1,2"], /--box must be two numbers LO,HI/],
    ["half a box", ["--box", "0"], /--box must be two numbers LO,HI/],
    ["a box of words", ["--box", "a,b"], /--box must be two numbers LO,HI/],
    ["box and ball", ["--box", "0,1", "--ball", "1"], /box and ball exclude each other/],
    ["an average of more than all", ["--epochs", "2", "--average", "3"], /average must be a whole number from 0 to 2/],
    ["l1 in closed form", ["--l1", "1", "--solver", "closed-form"], /the solver is sgd/],
    ["logistic in closed form", ["--loss", "logistic", "--solver", "closed-form"], /has no closed form/],
    [
      "an engine for squares alone",
      ["--l1", "1", "--engine", "hogwild", "--scheme", "none"],
      /engine hogwild runs the losses of squares without/,
    ],
  ];
  it.each(refused)("refuses %s in one line", async (_, args, reason) => {
    const { code, out, err } = await zipml("train", "--data", plant, "--target", "y", ...args);
    const lines = err.split("\n").filter((text) => !text.includes("warning: "));
    expect({ code, out, lines: lines.length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(lines[0]).toMatch(reason);
  });
});
