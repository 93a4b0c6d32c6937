import { expect, test } from "vitest";
import { createLossProcess, meanLoss } from "../../src/engine/loss-process.ts";
import { OutageTimes, outagesOf } from "../../src/engine/outages.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import type { LossOptions } from "../../src/scenario/scenario.ts";

const second = 1e6;

test.each<LossOptions>([
  { kind: "none" },
  { kind: "bernoulli", share: 0.1 },
  { kind: "gilbert-elliott", goodSeconds: 90, badSeconds: 10, goodLoss: 0, badLoss: 1 },
  { kind: "gilbert-elliott", goodSeconds: 30, badSeconds: 20, goodLoss: 0.02, badLoss: 0.7 },
])("the share lost is that of theory: %j", (loss) => {
  const devices = 1000;
  const process = createLossProcess(loss, "1", devices);
  process.begin(0, devices);
  const each = 30;
  let lost = 0;
  // 200 s apart states have forgotten each other, so that losses are independent.
  for (let i = 0; i < each; i++)
    for (let device = 0; device < devices; device++) if (process.isLost(device, i * 200 * second, i)) lost += 1;
  const theory = meanLoss(loss);
  const count = devices * each;
  expect(Math.abs(lost / count - theory)).toBeLessThanOrEqual(5 * Math.sqrt((theory * (1 - theory)) / count));
});

test("losses come in bursts: the correlation of states falls as exp(-t (1/good + 1/bad))", () => {
  const devices = 10_000;
  const process = createLossProcess(
    { kind: "gilbert-elliott", goodSeconds: 90, badSeconds: 10, goodLoss: 0, badLoss: 1 },
    "1",
    devices,
  );
  process.begin(0, devices);
  let both = 0;
  let first = 0;
  for (let device = 0; device < devices; device++) {
    const before = process.isLost(device, 100 * second, 0);
    if (before) first += 1;
    if (process.isLost(device, 105 * second, 1) && before) both += 1;
  }
  const again = 0.1 + 0.9 * Math.exp(-5 * (1 / 90 + 1 / 10));
  expect(Math.abs(both / first - again)).toBeLessThan(5 * Math.sqrt((again * (1 - again)) / first));
});

test("a device's losses do not depend on which others are simulated", () => {
  const loss: LossOptions = { kind: "gilbert-elliott", goodSeconds: 90, badSeconds: 10, goodLoss: 0, badLoss: 1 };
  const all = createLossProcess(loss, "1", 10);
  const one = createLossProcess(loss, "1", 1);
  all.begin(0, 10);
  one.begin(7, 1);
  for (let i = 0; i < 100; i++) expect(one.isLost(0, i * 7 * second, i)).toBe(all.isLost(7, i * 7 * second, i));
});

test("outages merge where they overlap, and come again", () => {
  const times = new OutageTimes([
    [50, 60],
    [10, 20],
    [15, 30],
  ]);
  expect(times.count).toBe(2);
  expect(times.shareOf(100)).toBe(0.3);
  expect([0, 9, 10, 29, 30, 49, 55, 60, 99].map((time) => times.covers(time))).toEqual([
    ...[false, false, true, true, false, false, true, false, false],
  ]);
  const scenario = defineScenario({
    durationHours: 10,
    fleet: { devices: 1000 },
    gateways: { count: 1000 },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    link: "lorawan",
    outages: [
      { of: "gateway", startHours: 1, seconds: 600, everyHours: 3, share: 0.3 },
      { of: "broker", startHours: 2, seconds: 60 },
    ],
  });
  const counts = Array.from({ length: 1000 }, (_, cell) => outagesOf(scenario, cell, "gateway").count);
  expect(new Set(counts)).toEqual(new Set([0, 3]));
  const hit = counts.filter((count) => count > 0).length / 1000;
  expect(Math.abs(hit - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / 1000));
  const broker = outagesOf(scenario, 5, "broker");
  expect([broker.covers(7_199e6), broker.covers(7_200e6), broker.end]).toEqual([false, true, 7_260e6]);
});
