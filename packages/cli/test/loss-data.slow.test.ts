import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { zipml } from "./support.ts";

/** The larger tables do not ship with the project: the variable names the folder that holds them. */
const folder = process.env["ZIPML_DATA"] ?? "";

async function report(set: string, args: readonly string[]): Promise<TrainReport> {
  const [train, test, target] =
    set === "cod-rna"
      ? ["cod-rna.small.train", "cod-rna.small.test", "label"]
      : ["occupancy.train", "occupancy.test1", "Occupancy"];
  const file = (name = ""): string => join(folder, set, `${name}.csv.gz`);
  const { code, out, err } = await zipml(
    "train",
    ...["--data", file(train), "--test", file(test), "--target", target ?? "", ...args, "--json"],
  );
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

const accuracyOf = ({ test }: TrainReport): number => test.accuracy ?? 0;

describe.skipIf(folder === "")("classes in the tables of ZIPML_DATA", () => {
  it.each([
    ["cod-rna", 0.947],
    ["occupancy", 0.979],
  ])("%s: least squares on the labels equals the reference", async (set, reference) => {
    const { leastSquares } = await report(set, ["--loss", "ls-svm", "--solver", "closed-form"]);
    expect(leastSquares.accuracy).toBeCloseTo(reference, 3);
  });

  const sets = ["cod-rna", "occupancy"];
  const cases = ["logistic", "hinge"].flatMap((loss) => sets.map((set) => [loss, set] as const));
  it.each(cases)("%s on %s: naive at 8 bits is within 0.5 point of full precision", async (loss, set) => {
    const full = accuracyOf(await report(set, ["--loss", loss, "--scheme", "none"]));
    for (const seed of ["1", "2", "3"]) {
      const data = await report(set, ["--loss", loss, "--seed", seed]);
      expect(data).toMatchObject({ bits: 8, samples: 1, estimator: "naive" });
      expect(Math.abs(accuracyOf(data) - full)).toBeLessThan(0.005);
      expect(Math.abs(accuracyOf(data) - (data.leastSquares.accuracy ?? 0))).toBeLessThan(0.005);
    }
  });

  it.each(sets)("%s: the least-squares SVM at 5 bits is within 0.5 point of full precision", async (set) => {
    for (const seed of ["1", "2", "3"]) {
      const data = await report(set, ["--loss", "ls-svm", "--bits", "5", "--seed", seed]);
      expect(Math.abs(accuracyOf(data) - (data.leastSquares.accuracy ?? 0))).toBeLessThan(0.005);
    }
  });

  it.each(sets)("%s: the polynomial of degree 7 at 8 bits is within 0.5 point of naive", async (set) => {
    const naive = accuracyOf(await report(set, ["--loss", "logistic", "--epochs", "10"]));
    const drawn = await report(set, ["--loss", "logistic", "--degree", "7", "--epochs", "10"]);
    expect(drawn).toMatchObject({ bits: 8, samples: 8, estimator: "polynomial" });
    expect(Math.abs(accuracyOf(drawn) - naive)).toBeLessThan(0.005);
  });

  it.each(sets)(
    "%s: refetching is within 0.5 point of full precision at any width, and asks for less the wider",
    async (set) => {
      const full = await report(set, ["--loss", "hinge", "--scheme", "none", "--epochs", "10"]);
      const rows: number[] = [];
      for (const bits of ["3", "5", "8"]) {
        const data = await report(set, ["--loss", "hinge", "--scheme", "interval", "--bits", bits, "--epochs", "10"]);
        expect(data).toMatchObject({ samples: 1, estimator: "refetch", refetch: { missing: 0 } });
        expect(Math.abs(accuracyOf(data) - accuracyOf(full))).toBeLessThan(0.005);
        expect(data.epochs.at(-1)?.loss).toBeLessThan(1.02 * (full.epochs.at(-1)?.loss ?? 0));
        rows.push(data.refetch?.rows ?? 0);
      }
      expect(rows).toEqual([...rows].sort((a, b) => b - a));
      expect(rows[2]).toBeLessThan(0.3 * full.rows.train);
    },
  );
});
