import { expect, test } from "vitest";
import { createCellRunner, planTraffic } from "../../src/engine/cells.ts";
import { outcome } from "../../src/engine/outcome.ts";
import type { MeasuredSizes } from "../../src/engine/size-steps.ts";
import { sumOf } from "../../src/engine/tally.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import type { Scenario, ScenarioInput } from "../../src/scenario/scenario.ts";
import { createWeather } from "../../src/scenario/weather.ts";

function scenarioOf(change: Partial<ScenarioInput> = {}): Scenario {
  return defineScenario({
    durationHours: 12,
    fleet: { devices: 120, agents: 0, groups: 12 },
    gateways: { count: 3 },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    batch: { rows: 10 },
    link: "nbiot",
    ...change,
  });
}

function run(scenario: Scenario, measured?: readonly MeasuredSizes[]) {
  const traced = Array.from({ length: scenario.fleet.devices }, (_, i) => i);
  const runner = createCellRunner({ scenario, traced, measured });
  for (let cell = 0; cell < runner.cells; cell++) runner.run(cell);
  return runner;
}

test.each(["ethernet", "wifi", "ble", "ieee802154", "nbiot", "ltem"] as const)(
  "over %s every frame comes through once, after the link's own time",
  (link) => {
    const scenario = scenarioOf({ link });
    const { tally, trace } = run(scenario);
    const plan = planTraffic({ scenario });
    if (plan.kind !== "sessions") throw new Error("another kind of link");
    const weather = createWeather(scenario);
    expect(trace.length).toBe(sumOf(tally.frames));
    const { frames, sizes, isShared, oneWay, timesOf } = plan.sessions;
    const wrong = trace.filter(({ device, sequence, outcome: what, attempts, arrival }) => {
      const sealed = weather.startOf(device) + frames.sealing + sequence * frames.period;
      const { duration } = timesOf(device < 100 ? 0 : 1, sizes.bytesOf(device, sequence));
      const isOnTime = isShared ? arrival >= sealed + duration + oneWay : arrival === sealed + duration + oneWay;
      return what !== outcome.received || attempts !== 1 || !isOnTime;
    });
    expect(wrong).toEqual([]);
  },
);

test("what is lost is sent again, and again later each time, until the attempts are used up", () => {
  const scenario = scenarioOf({
    loss: { kind: "bernoulli", share: 0.5 },
    delivery: { attempts: 3, resendSeconds: 10 },
  });
  const { tally, trace } = run(scenario);
  const sent = sumOf(tally.frames);
  const lost = trace.filter(({ outcome: what }) => what === outcome.lost);
  expect(lost.every(({ attempts }) => attempts === 3)).toBe(true);
  const share = lost.length / sent;
  expect(Math.abs(share - 0.125)).toBeLessThan(5 * Math.sqrt((0.125 * 0.875) / sent));
  // E[transmissions] = (1 - p^3) / (1 - p) = 1.75, of deviation below 1.
  expect(Math.abs(sumOf(tally.sentBySize) / sent - 1.75)).toBeLessThan(5 / Math.sqrt(sent));
  expect(sumOf(tally.transmissions)).toBe(sumOf(tally.sentBySize));
});

test("an outage delays what is sent, and loses what grows too old or finds the queue full", () => {
  const outages = [{ of: "broker", startHours: 4, seconds: 4 * 3600 }] as const;
  const patient = run(scenarioOf({ outages: [...outages] }));
  expect(patient.tally.frames[outcome.expired]).toBe(0);
  const { trace, tally } = patient;
  // What was sealed within the four hours comes afterwards.
  const weather = createWeather(scenarioOf());
  const sealed = ({ device, sequence }: { device: number; sequence: number }): number =>
    weather.startOf(device) + 540e6 + sequence * 600e6;
  const held = trace.filter((frame) => sealed(frame) >= 4 * 3600e6 && sealed(frame) < 8 * 3600e6);
  expect(held.length).toBe(120 * 24);
  expect(held.every(({ arrival }) => arrival >= 8 * 3600e6)).toBe(true);
  expect(trace.every(({ arrival }) => arrival < 4 * 3600e6 + 20e6 || arrival >= 8 * 3600e6)).toBe(true);
  expect(sumOf(tally.sessions)).toBe(240);
  const small = run(scenarioOf({ outages: [...outages], delivery: { queue: 6 } }));
  const expired =
    sumOf(small.tally.frames) - (small.tally.frames[outcome.received] ?? 0) - (small.tally.frames[8] ?? 0);
  expect(expired / 120).toBeGreaterThan(16);
  expect(expired / 120).toBeLessThan(19);
});

test("devices that share a medium take turns", () => {
  const shared = scenarioOf({
    link: "ieee802154",
    durationHours: 0.2,
    gateways: { count: 1 },
    sensors: {
      intervalSeconds: 60,
      start: "together",
      source: { kind: "generated", channels: { t: { kind: "walk", step: 0 } } },
    },
    batch: { rows: 1 },
  });
  const { trace } = run(shared);
  const first = trace.filter(({ sequence }) => sequence === 0).map(({ arrival }) => arrival);
  expect(new Set(first).size).toBe(120);
  const plan = planTraffic({ scenario: shared });
  if (plan.kind !== "sessions") throw new Error("another kind of link");
  const { service } = plan.sessions.timesOf(0, plan.sessions.sizes.bytesOf(0, 0));
  expect(Math.max(...first) - Math.min(...first)).toBeGreaterThanOrEqual(119 * service);
});

test("sizes that agents have measured stand for the codec's", () => {
  const measured = [
    { device: 0, bytes: Uint32Array.of(30, 40) },
    { device: 7, bytes: Uint32Array.of(50) },
  ];
  const { tally, trace } = run(scenarioOf(), measured);
  const sizes = Array.from({ length: 51 }, (_, bytes) => {
    let sum = 0;
    for (let at = bytes; at < tally.sentBySize.length; at += tally.largest + 1) sum += tally.sentBySize[at] ?? 0;
    return sum;
  });
  expect(tally.largest).toBe(50);
  expect(sizes[30]).toBe(60); // the first frames of half of the devices
  expect(sizes[50]).toBe(trace.filter(({ device }) => device % 2 === 1).length);
});
