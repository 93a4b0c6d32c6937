import { describe, expect, it } from "vitest";
import { simulateFleet } from "../../src/agents/simulate-fleet.ts";
import { defineScenario } from "../../src/index.ts";
import { airQuality } from "./scenario.ts";

const fleet = { devices: 60, agents: 12, groups: 2 };

describe("a fleet at both depths", () => {
  for (const link of ["lorawan", "nbiot", "ethernet"] as const)
    it(`over ${link} learns from the frames that its events let through, the same with any number of threads`, async () => {
      const input = { ...airQuality, fleet, link, gateways: { count: 3 } };
      const lossy = { ...input, loss: { kind: "bernoulli" as const, share: 0.3 }, delivery: { attempts: 1 } };
      const clean = await simulateFleet(defineScenario(input));
      expect(clean.learning.map(({ group, agents }) => [group, agents])).toEqual([
        [0, { training: 10, testing: 2 }],
        [1, { training: 10, testing: 2 }],
      ]);
      for (const { excess } of clean.learning) expect(Math.abs(excess ?? 1)).toBeLessThan(0.05);
      const lossyResult = await simulateFleet(defineScenario(lossy), { workers: 1 });
      const arrived = (result: typeof clean) =>
        result.learning.reduce((sum, { points }) => sum + (points.at(-1)?.frames ?? 0), 0);
      expect(arrived(clean)).toBeGreaterThan(arrived(lossyResult));
      expect(await simulateFleet(defineScenario(lossy), { workers: 2 })).toEqual(lossyResult);
    });

  it("has the agents' bytes where a coding's sizes hang on the readings, fewer than packed ones", async () => {
    const grid = { coding: "arithmetic" as const };
    const packed = await simulateFleet(defineScenario({ ...airQuality, fleet }));
    const coded = await simulateFleet(defineScenario({ ...airQuality, fleet, grid }));
    expect(coded.bytes.data.up.payload).toBeLessThan(packed.bytes.data.up.payload);
    expect(coded.frames).toEqual(packed.frames);
    expect(coded.learning.map(({ points }) => points.at(-1)?.test)).toEqual(
      packed.learning.map(({ points }) => points.at(-1)?.test),
    );
  });

  it("runs no agents where nothing hangs on them", async () => {
    const stages: string[] = [];
    const { learning } = await simulateFleet(defineScenario({ ...airQuality, training: undefined }), {
      progress: (stage) => stages.push(stage),
    });
    expect(learning).toEqual([]);
    expect(new Set(stages)).toEqual(new Set(["events"]));
  });
});
