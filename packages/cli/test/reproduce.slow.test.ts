import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { experiments } from "../src/reproduce/experiments.ts";
import type { ReproductionReport } from "../src/reproduce/report.ts";
import { temporaryFolder, zipml } from "./support.ts";

/** The larger tables do not ship with the project: the variable names the folder that holds them. */
const data = process.env["ZIPML_DATA"] ?? "";

const minutes = (count: number): number => count * 60_000;

async function report(...args: string[]): Promise<ReproductionReport> {
  const { code, out, err } = await zipml("reproduce", "--quick", ...args, "--json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out);
}

/** Verdicts of an experiment in the order of its claims, by the first letter: h, d or n. */
function verdicts({ experiments: all }: ReproductionReport, id: string): string {
  const found = all.find((one) => one.id === id);
  return (found?.claims ?? []).map(({ verdict }) => verdict[0]).join("");
}

describe("zipml reproduce --quick", () => {
  it(
    "runs everything, draws it, and repeats all but times to the bit",
    async () => {
      const folder = await temporaryFolder();
      const one = await report("--out", folder);
      const page = await readFile(join(folder, "reproduce.html"), "utf8");
      const plain = page.replaceAll("&#39;", "'").replaceAll("&amp;", "&");
      expect(one.experiments.map(({ id }) => id)).toEqual(experiments.map(({ id }) => id));
      for (const { title, paper, figures, claims } of one.experiments) {
        expect([title, plain.includes(`<h2>${paper}: ${title}</h2>`)]).toEqual([title, true]);
        expect(figures.length).toBeGreaterThan(0);
        expect(claims.length).toBeGreaterThan(0);
        for (const { title: figure, description = figure } of figures)
          expect([description, plain.includes(`alt="${description}"`)]).toEqual([description, true]);
      }
      const pictures = one.experiments.reduce((sum, { figures }) => sum + figures.length, 0);
      expect(page.match(/src="data:image\/svg\+xml;base64,/g)).toHaveLength(pictures + 1); // and the reconstructions
      for (const [id, wanted] of [
        ["naive-bias", "hhh"],
        ["figure3", "hhh"],
        ["figure4", "hh"],
        ["figure6", "hhh"],
        ["figure8", "hhh"],
        ["bits-features", "h"],
        ["nonlinear", "hh"],
        ["refetch", "hh"],
        ["tomography", "h"],
      ] as const)
        expect([id, verdicts(one, id)]).toEqual([id, wanted]);
      expect(verdicts(one, "figure7a")[0]).toBe("h");
      expect(verdicts(one, "figure5")[2]).toBe("h"); // bytes; the other two are times and races
      const again = await report("--only", "naive-bias,figure3,figure6,nonlinear,refetch,tomography");
      for (const each of again.experiments) expect(one.experiments.find(({ id }) => id === each.id)).toEqual(each);
    },
    minutes(8),
  );

  it("reports losses without times alike from run to run", { timeout: minutes(3) }, async () => {
    const losses = (result: ReproductionReport) =>
      result.experiments[0]?.figures[0]?.series
        .filter(({ name }) => !name.startsWith("Hogwild"))
        .map(({ y }) => Array.from(y));
    const one = losses(await report("--only", "figure5"));
    expect(one).toHaveLength(3);
    expect(losses(await report("--only", "figure5"))).toEqual(one);
  });
});

describe.skipIf(data === "")("zipml reproduce with the tables of ZIPML_DATA", () => {
  it("shows bias, levels and losses on them", { timeout: minutes(8) }, async () => {
    const result = await report("--data-folder", data, "--only", "naive-bias,figure3,figure4,figure7a,nonlinear");
    expect(verdicts(result, "naive-bias")).toBe("hhhhh");
    expect(verdicts(result, "figure3")).toBe("hhh");
    expect(verdicts(result, "figure4")).toBe("hh");
    expect(verdicts(result, "figure7a")).toMatch(/^h.h.$/);
    expect(verdicts(result, "nonlinear")).toBe("hhhhhh");
    const text = JSON.stringify(result);
    for (const name of ["cadata", "cod-rna", "house_16H", "occupancy", "gisette-like"]) expect(text).toContain(name);
    expect(text).not.toContain("Left out");
  });
});
