import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { runCells } from "../../src/engine/run-cells.ts";
import type { Tally } from "../../src/engine/tally.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import type { ScenarioInput } from "../../src/scenario/scenario.ts";
import { input } from "./cells-input.ts";

function hash(tally: Tally): string {
  const sum = createHash("sha256");
  for (const counts of Object.values(tally))
    sum.update(typeof counts === "number" ? String(counts) : (counts as Float64Array));
  return sum.digest("hex");
}

test.each<[string, Partial<ScenarioInput>]>([
  ["lorawan, with answers", {}],
  ["lorawan, without", { links: { lorawan: { shadowingDb: 4 } } }],
  ["ieee802154", { link: "ieee802154" }],
])("1, 2 and 4 threads count the same to the last bit: %s", async (_, change) => {
  const scenario = defineScenario({ ...input, ...change });
  const traced = [0, 3, 700, 1999];
  const one = await runCells({ scenario, traced }, { workers: 1 });
  for (const workers of [2, 4]) {
    const seen: number[] = [];
    const more = await runCells({ scenario, traced }, { workers, progress: (done) => seen.push(done) });
    expect(hash(more.tally)).toBe(hash(one.tally));
    expect(more.trace).toEqual(one.trace);
    expect(seen.at(-1)).toBe(37);
  }
  expect(one.trace.length).toBeGreaterThan(4 * 60);
});

test("a signal ends it, in this thread and in others", async () => {
  const scenario = defineScenario(input);
  for (const workers of [1, 2]) {
    const controller = new AbortController();
    const run = runCells(
      { scenario },
      { workers, signal: controller.signal, progress: (done) => done > 0 && controller.abort(new Error("enough")) },
    );
    await expect(run).rejects.toThrow("enough");
  }
});
