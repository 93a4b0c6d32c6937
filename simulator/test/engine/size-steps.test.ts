import { expect, test } from "vitest";
import { measuredSizes, plannedSizes } from "../../src/engine/size-steps.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { planFrames } from "../../src/scenario/frame-plan.ts";

const scenario = defineScenario({
  durationHours: 240,
  fleet: { devices: 10 },
  schema: [{ name: "t", range: [0, 1] }],
  sensors: { intervalSeconds: 1, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
  batch: { rows: 3 },
  link: "nbiot",
});

test("sizes in steps are the codec's, frame by frame", () => {
  const plan = planFrames(scenario);
  const frames = plan.framesFrom(0);
  const sizes = plannedSizes(plan, frames);
  for (let sequence = 0; sequence < frames; sequence += sequence < 300 ? 1 : 97)
    if (sizes.bytesOf(0, sequence) !== plan.bytesOf(sequence)) expect(sequence).toBe("another size");
  expect(sizes.largest).toBe(plan.bytesOf(frames - 1));
  const among = sizes.amongFirst(1000.5);
  expect(among.reduce((sum, [, count]) => sum + count, 0)).toBe(1000.5);
  let total = 0;
  for (let sequence = 0; sequence < 1000; sequence++) total += plan.bytesOf(sequence);
  expect(among.reduce((sum, [bytes, count]) => sum + bytes * count, 0)).toBe(total + plan.bytesOf(1000) / 2);
});

test("an agent has its own sizes, others take them in turn", () => {
  const sizes = measuredSizes([
    { device: 4, bytes: Uint32Array.of(10, 20) },
    { device: 9, bytes: Uint32Array.of(30) },
  ]);
  expect(sizes.largest).toBe(30);
  expect([sizes.bytesOf(4, 0), sizes.bytesOf(4, 7), sizes.bytesOf(9, 7)]).toEqual([10, 20, 30]);
  expect([sizes.bytesOf(2, 0), sizes.bytesOf(3, 0)]).toEqual([10, 30]);
  expect(sizes.amongFirst(3)).toEqual([
    [10, 0.5],
    [20, 1],
    [30, 1.5],
  ]);
});
