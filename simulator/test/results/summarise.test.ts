import { expect, test } from "vitest";
import { analyse } from "../../src/analytic/analyse.ts";
import { planTraffic } from "../../src/engine/cells.ts";
import { layerNames, wireBytes } from "../../src/links/link.ts";
import { canonicalJson, scenarioHash } from "../../src/results/manifest.ts";
import { simulateEvents } from "../../src/results/simulate.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { linkKinds } from "../../src/scenario/link-options.ts";
import type { Scenario, ScenarioInput } from "../../src/scenario/scenario.ts";

function scenarioOf(change: Partial<ScenarioInput> = {}): Scenario {
  return defineScenario({
    durationHours: 24,
    fleet: { devices: 30, agents: 0, groups: 12, placement: { kind: "disc", metres: 2000 } },
    schema: [
      { name: "t", range: [0, 1] },
      { name: "u", range: [0, 1] },
    ],
    sensors: {
      intervalSeconds: 60,
      source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 }, u: { kind: "walk", step: 0.1 } } },
    },
    batch: { rows: 20 },
    link: "lorawan",
    ...change,
  });
}

test.each(linkKinds)("what is sent is what has an outcome, and layers sum to the wire: %s", async (link) => {
  const { result } = await simulateEvents(scenarioOf({ link, loss: { kind: "bernoulli", share: 0.1 } }), {
    workers: 1,
  });
  for (const { sent, ...outcomes } of [
    result.frames,
    result.transmissions,
    ...result.classes.map(({ frames }) => frames),
  ])
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(sent);
  const { data, control, wire } = result.bytes;
  const directions = [data.up, data.down, control.up, control.down];
  expect(directions.reduce((sum, layers) => sum + wireBytes(layers), 0)).toBe(wire);
  for (const layers of directions) for (const name of layerNames) expect(layers[name]).toBeGreaterThanOrEqual(0);
  const { split, totalJoules } = result.energy;
  expect(Object.values(split).reduce((sum: number, part: number) => sum + part, 0)).toBeCloseTo(totalJoules, 9);
  expect(result.classes.reduce((sum, { devices }) => sum + devices, 0)).toBe(30);
  expect(result.rows.received).toBeLessThanOrEqual(result.rows.sent);
  expect(result.latency?.p50Seconds).toBeLessThanOrEqual(result.latency?.p99Seconds ?? 0);
});

test("a frame over NB-IoT costs what the link says, and nothing else where nothing else travels", async () => {
  const scenario = scenarioOf({ link: "nbiot", delivery: { birth: false }, fleet: { devices: 7, agents: 0 } });
  const { result, trace } = await simulateEvents(scenario, { workers: 1, traced: [0, 1, 2, 3, 4, 5, 6] });
  const plan = planTraffic({ scenario });
  if (plan.kind !== "sessions") throw new Error("another kind of link");
  const { link, sizes, words } = plan.sessions;
  const topicBytes = "zipml/1/group-0/d00000000/data".length;
  expect(words[0]?.data).toBe(topicBytes);
  const transfers = trace.map(({ device, sequence }) =>
    link.send({ kind: "data", bytes: sizes.bytesOf(device, sequence), topicBytes }),
  );
  const sum = (way: "up" | "down"): number => transfers.reduce((all, transfer) => all + wireBytes(transfer[way]), 0);
  expect(wireBytes(result.bytes.data.up)).toBe(sum("up"));
  expect(wireBytes(result.bytes.data.down)).toBe(sum("down"));
});

test("LoRaWAN: 13 bytes around each frame, and the worked energy of links.md's kind", async () => {
  const scenario = scenarioOf({
    fleet: { devices: 1, agents: 0, placement: { kind: "ring", metres: 100 } },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 600, source: { kind: "generated", channels: { t: { kind: "walk", step: 0 } } } },
    batch: { rows: 1 },
    delivery: { birth: false },
    links: { lorawan: { spreadingFactor: 7 } },
    energy: { sleepMicrowatts: 0, rowMicrojoules: 0 },
  });
  const { result } = await simulateEvents(scenario, { workers: 1 });
  const { sent } = result.transmissions;
  expect(result.bytes.data.up.link).toBe(13 * sent);
  // 44 mA at 3.3 V while sending; 8 symbols in both windows at 11.2 mA: 0.303 and 9.689 mJ.
  const transmit = 44 * 3.3 * (result.airtime.millisecondsPerTransmission / 1e3);
  expect((1e3 * result.energy.split.transmit) / sent).toBeCloseTo(transmit, 6);
  expect((1e3 * result.energy.split.receive) / sent).toBeCloseTo(0.303 + 9.689, 2);
});

test("the manifest names seed, scenario, link and every constant with its source", async () => {
  const { result } = await simulateEvents(scenarioOf(), { workers: 1 });
  const { manifest } = result;
  expect(manifest).toMatchObject({ seed: "1", version: "0.1.0" });
  expect(manifest.scenario).toEqual(scenarioOf());
  expect(manifest.links[0]).toContain("LoRaWAN EU868");
  expect(Object.keys(manifest.constants).length).toBeGreaterThan(20);
  for (const constant of Object.values(manifest.constants)) expect(constant.source.length).toBeGreaterThan(5);
});

test("a hash is that of what the result depends on", () => {
  const hash = scenarioHash(scenarioOf());
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(scenarioHash(scenarioOf({ name: "another" }))).toBe(hash);
  expect(scenarioHash(scenarioOf({ links: { nbiot: { repetitions: 4 } } }))).toBe(hash);
  expect(scenarioHash(scenarioOf({ seed: "2" }))).not.toBe(hash);
  expect(scenarioHash(scenarioOf({ links: { lorawan: { channels: 8 } } }))).not.toBe(hash);
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

test.each(linkKinds)("in closed form as well, sums hold: %s", (link) => {
  const result = analyse(scenarioOf({ link, loss: { kind: "bernoulli", share: 0.1 }, grid: { changes: 1 } }));
  for (const { sent, ...outcomes } of [result.frames, result.transmissions])
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBeCloseTo(sent, 6);
  const { data, control, wire } = result.bytes;
  const directions = [data.up, data.down, control.up, control.down];
  expect(directions.reduce((sum, layers) => sum + wireBytes(layers), 0)).toBeCloseTo(wire, 6);
  expect(result.mode).toBe("analytic");
});
