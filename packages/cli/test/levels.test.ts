import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { LevelsReport } from "../src/levels/find-levels.ts";
import { motes, put, temporaryFolder, zipml } from "./support.ts";

/** Skewed, with ties and a gap; the second column is constant, the third holds words. */
const readings = [1, 1, 2, 2, 2, 3, 5, 8, 8, 13, 21, 34, 34, 55];

let folder = "";
let file = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  const rows = readings.map((value) => `${value},7,word\n`);
  file = await put(folder, "readings.csv", `a,b,c\n${rows.join("")},7,word\n`);
});

async function report(...args: string[]): Promise<LevelsReport> {
  const { code, out, err } = await zipml("levels", "--data", file, "--column", "a", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

/** The paper's objective, term by term: the mean of (b − x)(x − a). */
function varianceOf(values: readonly number[], levels: readonly number[]): number {
  const terms = values.map((x) => {
    const above = levels.findIndex((level) => level >= x);
    return above <= 0 ? 0 : ((levels[above] as number) - x) * (x - (levels[above - 1] as number));
  });
  return terms.reduce((sum, term) => sum + term, 0) / values.length;
}

/** The least variance that any `count` of the distinct readings reach, ends included: all subsets. */
function bruteForce(values: readonly number[], count: number): number {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const inner = distinct.slice(1, -1);
  let best = Number.POSITIVE_INFINITY;
  for (let subset = 0; subset < 2 ** inner.length; subset++) {
    const chosen = inner.filter((_, i) => (subset >> i) & 1);
    if (chosen.length !== count - 2) continue;
    best = Math.min(best, varianceOf(values, [distinct[0] as number, ...chosen, distinct.at(-1) as number]));
  }
  return best;
}

describe("zipml levels --json", () => {
  it("prints its fields in their order, and nothing else on standard output", async () => {
    const { code, out, err } = await zipml("levels", "--data", file, "--column", "a", "--count", "4", "--json");
    expect(code).toBe(0);
    expect(out.endsWith("}\n") && out.indexOf("\n") === out.length - 1).toBe(true);
    expect(Object.keys(JSON.parse(out))).toEqual(
      "column method levels variance uniformVariance ratio bitsSaved seconds readings clipped".split(" "),
    );
    expect(err).toBe("zipml levels: warning: rows passed over, without a number in every column: 1\n");
  });

  it.each([2, 3, 4, 5, 6])(
    "%i levels: the least variance of all subsets, and what is derived from it",
    async (count) => {
      const {
        levels,
        variance,
        uniformVariance,
        ratio,
        bitsSaved,
        readings: seen,
      } = await report("--count", `${count}`);
      expect(levels).toHaveLength(count);
      expect([levels[0], levels.at(-1), seen]).toEqual([1, 55, readings.length]);
      expect(variance).toBeCloseTo(bruteForce(readings, count), 9);
      expect(variance).toBeCloseTo(varianceOf(readings, levels), 9);
      const equal = Array.from({ length: count }, (_, j) => 1 + (54 * j) / (count - 1));
      expect(uniformVariance).toBeCloseTo(varianceOf(readings, equal), 9);
      expect(ratio).toBeCloseTo(uniformVariance / variance, 9);
      expect(bitsSaved).toBeCloseTo(Math.log2(uniformVariance / variance) / 2, 9);
    },
  );

  it("takes as many levels as codes of --bits hold for --samples: 8 for 4 and 2, which are the defaults", async () => {
    const timeless = ({ seconds: _, ...rest }: LevelsReport) => rest;
    const byCount = timeless(await report("--count", "8"));
    expect(timeless(await report("--bits", "4", "--samples", "2"))).toEqual(byCount);
    expect(timeless(await report())).toEqual(byCount);
    expect((await report("--bits", "3", "--samples", "3")).levels).toHaveLength(3);
  });

  it("forces the ends to --range, negative ones too, and tells what lies outside", async () => {
    const wide = await report("--count", "4", "--range", "-5,60");
    expect([wide.levels[0], wide.levels.at(-1), wide.clipped]).toEqual([-5, 60, 0]);
    const { out, err } = await zipml(..."levels --column a --count 4 --range 0,30 --json --data".split(" "), file);
    expect(JSON.parse(out)).toMatchObject({ clipped: 3 });
    expect(err).toContain('3 of 14 readings of "a" lie outside the range and are clipped');
  });

  it("knows the other methods; uniform saves nothing", async () => {
    const exact = await report("--count", "5");
    expect(await report("--count", "5", "--method", "uniform")).toMatchObject({ ratio: 1, bitsSaved: 0 });
    for (const method of ["histogram", "adaquant"]) {
      const other = await report("--count", "5", "--method", method);
      expect(other.method).toBe(method);
      expect(other.variance).toBeGreaterThanOrEqual(exact.variance * (1 - 1e-12));
      expect(other.variance).toBeLessThan(exact.uniformVariance);
    }
  });

  it("gives all columns of numbers as an array; what has few values is exact", async () => {
    const { code, out, err } = await zipml("levels", "--data", file, "--all", "--count", "10", "--json");
    expect(code).toBe(0);
    const [a, b, ...rest]: LevelsReport[] = JSON.parse(out);
    expect(rest).toEqual([]);
    expect(a).toMatchObject({ column: "a", levels: [1, 2, 3, 5, 8, 13, 21, 34, 55], variance: 0, ratio: null });
    expect(b).toMatchObject({ column: "b", levels: [7], variance: 0, uniformVariance: 0, ratio: 1, bitsSaved: 0 });
    expect(err).toContain('"b" has 1 of 10 levels: there are no more distinct values');
  });
});

describe("zipml levels", () => {
  it("prints a table and the levels", async () => {
    const { code, out } = await zipml("levels", "--data", motes, "--column", "temperature");
    expect(code).toBe(0);
    expect(out).toMatch(/temperature .* 8 .* 20\.69\d .* 2\.19/);
    expect(out).toMatch(/^levels {4}25\.69 {2}.* 52\.87$/m);
  });

  it("draws the density with the levels on it, to the byte as docs/levels.md shows it", async () => {
    const plot = join(folder, "plot.svg");
    expect((await zipml("levels", "--data", motes, "--column", "temperature", "--plot", plot)).code).toBe(0);
    const one = await readFile(plot, "utf8");
    expect(one).toBe(await readFile(new URL("../../../docs/levels-temperature.svg", import.meta.url), "utf8"));
    for (const part of ["<svg", "temperature: density and levels", ">exact</text>", ">uniform</text>", "2.19 bits"])
      expect(one).toContain(part);
  });

  it("names file and column of a reading that is too large", async () => {
    const large = await put(folder, "large.csv", "a,b\n1,2\n2,1e200\n");
    const { code, out, err } = await zipml("levels", "--data", large, "--all");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/^zipml levels: .*large\.csv: column "b": levels need low <= high, both within ±1e100.*\n$/);
  });

  it.each([
    [["--column", "a"], "--data is needed"],
    [["--data", "FILE"], "one of --column NAME and --all is needed"],
    [["--data", "FILE", "--column", "a", "--all"], "one of --column NAME and --all is needed"],
    [["--data", "FILE", "--column", "nope"], 'there is no column "nope"'],
    [["--data", "FILE", "--column", "a", "--count", "1"], "--count must be a whole number from 2"],
    [["--data", "FILE", "--column", "a", "--count", "8", "--bits", "4"], "it excludes --bits and --samples"],
    [["--data", "FILE", "--column", "a", "--bits", "1"], "2^bits - 1 must be >= samples"],
    [["--data", "FILE", "--column", "a", "--method", "exakt"], 'did you mean "exact"?'],
    [["--data", "FILE", "--column", "a", "--range", "3,1"], "--range must be two numbers LO,HI"],
    [["--data", "FILE", "--column", "a", "--range", "1,2,3"], "--range must be two numbers LO,HI"],
    [["--data", "FILE", "--all", "--range", "0,1"], "--range goes with --column"],
    [["--data", "FILE", "--all", "--plot", "x.svg"], "--plot goes with --column"],
    [["--data", "FILE", "--column", "a", "--plot", "/nowhere/at/all.svg"], "there is no folder /nowhere/at"],
  ])("%j is one line and exit code 2", async (args, message) => {
    const { code, out, err } = await zipml("levels", ...args.map((arg) => (arg === "FILE" ? file : arg)));
    const lines = err.split("\n").filter((line) => line !== "" && !line.includes("warning"));
    expect([code, out, lines.length]).toEqual([2, "", 1]);
    expect(lines[0]).toContain(message);
  });
});
