import { expect, test } from "vitest";
import { analyse } from "../../src/analytic/analyse.ts";
import { expectedFrames } from "../../src/analytic/expected-frames.ts";
import { erlangLoss, waitFor } from "../../src/analytic/queue.ts";
import { framesDue } from "../../src/engine/frame-clock.ts";
import { simulateEvents } from "../../src/results/simulate.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { planFrames } from "../../src/scenario/frame-plan.ts";
import type { Scenario, ScenarioInput } from "../../src/scenario/scenario.ts";
import { createWeather } from "../../src/scenario/weather.ts";

function scenarioOf(change: Partial<ScenarioInput> = {}): Scenario {
  return defineScenario({
    durationHours: 12,
    fleet: { devices: 4000, agents: 0, groups: 12, placement: { kind: "ring", metres: 500 } },
    gateways: { count: 2 },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 1800, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    batch: { rows: 1, jitterSeconds: 60 },
    delivery: { birth: false },
    link: "lorawan",
    links: { lorawan: { spreadingFactor: 7, channels: 1, captureDb: 100 } },
    ...change,
  });
}

/** Figures that a planner goes by. */
function figures(result: Awaited<ReturnType<typeof simulateEvents>>["result"]) {
  return {
    sent: result.frames.sent,
    received: result.frames.received,
    transmissions: result.transmissions.sent,
    wire: result.bytes.wire,
    perReading: result.bytes.wirePerReceivedReading,
    airtime: result.airtime.totalSeconds,
    energy: result.energy.totalJoules,
    battery: result.batteryYears?.mean ?? 1,
    latency: result.latency?.meanSeconds ?? 1,
  };
}

const disc = { devices: 6000, agents: 0, placement: { kind: "disc", metres: 2000 } } as const;
const spread = { fleet: disc, gateways: { count: 15 }, durationHours: 8 } as const;

test.each<[string, Partial<ScenarioInput>]>([
  ["pure ALOHA at G 0.1", {}],
  ["a disc of all spreading factors, with capture", { ...spread, links: { lorawan: { captureDb: 6, channels: 8 } } }],
  ["repeated uplinks", { ...spread, links: { lorawan: { transmissions: 2, channels: 8 } } }],
  ["lost at random", { ...spread, loss: { kind: "bernoulli", share: 0.1 } }],
  [
    "too few demodulators",
    { gateways: { count: 1, demodulators: 1 }, links: { lorawan: { spreadingFactor: 7, channels: 8 } } },
  ],
  ["NB-IoT with losses", { link: "nbiot", loss: { kind: "bernoulli", share: 0.1 } }],
  [
    "one medium, half used",
    { link: "ieee802154", fleet: { devices: 40_000, agents: 0 }, durationHours: 2, gateways: { count: 1 } },
  ],
  ["BLE, births and other grids", { link: "ble", delivery: { birth: true }, grid: { changes: 3 } }],
])("formulas and events agree within 2 %%: %s", async (_, change) => {
  const scenario = scenarioOf(change);
  const events = figures((await simulateEvents(scenario, { workers: 1 })).result);
  const formulas = figures(analyse(scenario));
  for (const [name, value] of Object.entries(events)) {
    const ratio = (formulas[name as keyof typeof formulas] ?? Number.NaN) / value;
    expect([name, Math.abs(ratio - 1) < 0.02 ? "agrees" : ratio]).toEqual([name, "agrees"]);
  }
});

test("where an assumption does not hold they part: all at once is no Poisson process", async () => {
  const scenario = scenarioOf({
    fleet: { devices: 400, agents: 0, placement: { kind: "ring", metres: 500 } },
    sensors: { intervalSeconds: 1800, start: "together", source: scenarioOf().sensors.source },
    batch: { rows: 1 },
  });
  const { result } = await simulateEvents(scenario, { workers: 1 });
  expect(result.frames.received).toBeLessThan(0.1 * analyse(scenario).frames.received);
});

test.each([
  [0, 1],
  [0, 8],
  [60, 8],
  [600, 3],
])("frames expected are those of the devices on average: delays up to %i s, %i rows", (jitterSeconds, rows) => {
  const scenario = scenarioOf({ durationHours: 30, batch: { rows, jitterSeconds } });
  const plan = planFrames(scenario);
  const weather = createWeather(scenario);
  const end = scenario.durationHours * 3600e6;
  let sum = 0;
  const devices = 4000;
  for (let device = 0; device < devices; device++)
    sum += framesDue(plan, weather, device, weather.startOf(device), jitterSeconds, end);
  // A device's number takes two neighbouring values: its deviation is at most one half.
  expect(Math.abs(sum / devices - expectedFrames(scenario, plan))).toBeLessThan((5 * 0.5) / Math.sqrt(devices));
});

test("queues: Erlang's loss and the wait of M/D/1", () => {
  expect(erlangLoss(1, 1)).toBeCloseTo(0.5, 12);
  expect(erlangLoss(5, 8)).toBeCloseTo(0.070048, 5);
  expect(waitFor(0.5, 1000)).toBe(500);
  expect(() => waitFor(1, 1000)).toThrow(expect.objectContaining({ code: "limit" }));
});
