import { expect, it } from "vitest";
import { run } from "../../../../bench/levels.ts";

/** Ratios of one run, in processor time; the bounds are several times away from what an idle machine measures. */
it("levels take the time they may", async () => {
  const { rows } = await run({ quick: false, progress: () => undefined });
  const ratios = (start: string): number[] =>
    rows.filter(({ id }) => id.startsWith(start)).map(({ ratio }) => ratio ?? Number.NaN);
  const least = (start: string): number => Math.min(...ratios(start));
  expect(rows).toHaveLength(16);
  expect(rows[0]?.id).toContain("4096 points");
  expect(least("search/naive")).toBeGreaterThanOrEqual(100);
  expect(least("solve/naive")).toBeGreaterThanOrEqual(100);
  expect(least("passAndSolve/naive")).toBeGreaterThanOrEqual(40);
  for (const name of ["normal", "exponential", "lognormal", "bimodal"]) {
    expect(ratios(`passAndSolve ${name}`)).toHaveLength(3);
    // A quarter of the speed at 4 levels, on any number up to 256.
    expect(least(`passAndSolve ${name}`)).toBeGreaterThan(1 / 4);
  }
  expect(least("exact/sort")).toBeGreaterThan(1 / 20);
}, 600_000);
