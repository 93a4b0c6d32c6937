import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulateFleet } from "../../src/agents/simulate-fleet.ts";
import { analyse, defineScenario, type FleetResult, fleetPage } from "../../src/index.ts";
import { paretoFront } from "../../src/report/pareto.ts";
import { pointsOf } from "../../src/report/points.ts";
import { airQuality } from "../agents/scenario.ts";

const small = { ...airQuality, durationHours: 4, fleet: { devices: 20, agents: 8 } };

describe("Pareto front", () => {
  it("holds exactly the points that no other beats, by ascending cost", () => {
    const point = fc.record({ cost: fc.nat(6), loss: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 20 }), (points) => {
        const beaten = ({ cost, loss }: { cost: number; loss: number }) =>
          points.some((other) => other.cost <= cost && other.loss <= loss && (other.cost < cost || other.loss < loss));
        const front = paretoFront(points);
        expect([...front].sort((a, b) => a - b)).toEqual(points.flatMap((one, i) => (beaten(one) ? [] : [i])));
        const prices = front.map((i) => points[i]?.cost ?? 0);
        expect(prices).toEqual([...prices].sort((a, b) => a - b));
      }),
      { seed: 5 },
    );
  });

  it("leaves out points without a loss", () => {
    expect(
      paretoFront([
        { cost: 1, loss: Number.NaN },
        { cost: 2, loss: 3 },
      ]),
    ).toEqual([1]);
  });
});

describe("report on fleets", () => {
  it("names points by what they differ in", () => {
    const results = [2, 4].flatMap((bits) =>
      (["lorawan", "ethernet"] as const).map((link) => ({
        ...analyse(defineScenario({ ...small, link, grid: { bits } })),
        learning: [],
      })),
    );
    expect(pointsOf(results).map(({ label }) => label)).toEqual([
      "lorawan, 2 bits",
      "ethernet, 2 bits",
      "lorawan, 4 bits",
      "ethernet, 4 bits",
    ]);
    expect(pointsOf(results.slice(0, 1)).map(({ label }) => label)).toEqual(["scenario"]);
  });

  it("shows every figure with its numbers, in one file without scripts and without anything from elsewhere", async () => {
    const results: FleetResult[] = [];
    for (const bits of [2, 6])
      results.push(await simulateFleet(defineScenario({ ...small, link: "lorawan", grid: { bits } })));
    const page = await fleetPage(results);
    for (const title of [
      "Test loss against bytes",
      "Test loss against air time",
      "Test loss against energy",
      "Test loss over time",
      "Bytes by layer",
      "Delivery against load",
      "Time to the gateway",
      "Battery life",
      "Duty cycle left",
    ]) {
      expect(page).toContain(`alt="${title}.`);
      expect(page).toContain(`${title}, in numbers`);
    }
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(await fleetPage(results)).toBe(page);
  });

  it("leaves out what a fleet has nothing of", async () => {
    const page = await fleetPage([{ ...analyse(defineScenario({ ...small, training: undefined })), learning: [] }]);
    expect(page).not.toContain("Test loss against");
    expect(page).not.toContain("Duty cycle left");
    await expect(fleetPage([])).rejects.toThrow(RangeError);
  });
});
