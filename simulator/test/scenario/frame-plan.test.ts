import { decodeFrame, encodeFrame, packedSize } from "@zipml/codec";
import { expect, test } from "vitest";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { planFrames } from "../../src/scenario/frame-plan.ts";
import type { Scenario, ScenarioInput } from "../../src/scenario/scenario.ts";

function scenario(change: Partial<ScenarioInput> = {}): Scenario {
  return defineScenario({
    durationHours: 24,
    fleet: { devices: 10 },
    schema: [
      { name: "t", range: [0, 1] },
      { name: "u", range: [0, 1], role: "target" },
    ],
    sensors: {
      intervalSeconds: 60,
      source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 }, u: { kind: "walk", step: 0.1 } } },
    },
    link: "nbiot",
    ...change,
  });
}

test("a frame's bytes are those of the codec's frame", () => {
  const plan = planFrames(scenario({ batch: { rows: 20 } }));
  expect(plan).toMatchObject({
    rows: 20,
    rowBits: 12,
    channels: 2,
    isSplit: false,
    sealing: 19 * 60e6,
    period: 1200e6,
  });
  for (const sequence of [0, 1, 23, 24, 70]) {
    const bytes = encodeFrame({
      session: 1,
      sequence,
      grid: 0,
      coding: "packed",
      start: sequence * 20 * 60_000,
      interval: 60_000,
      rows: 20,
      body: new Uint8Array(packedSize(20, 12)),
    });
    expect(decodeFrame(bytes).rows).toBe(20);
    expect(plan.bytesOf(sequence)).toBe(bytes.length);
  }
});

test("rows, seconds and bytes bound a frame, whichever is first", () => {
  expect(planFrames(scenario({ batch: { rows: 20, bytes: 15 } })).rows).toBe(10);
  const timed = planFrames(scenario({ batch: { rows: 20, seconds: 300 } }));
  expect(timed).toMatchObject({ rows: 5, sealing: 300e6, period: 300e6 });
  expect(timed.batch).toEqual({ rows: 20, milliseconds: 300_000, bytes: 4096 });
  expect(planFrames(scenario({ batch: { rows: 20, seconds: 301 } })).rows).toBe(6);
});

test("frames are counted that are sealed before the end", () => {
  const plan = planFrames(scenario({ batch: { rows: 60 } }));
  expect(plan.framesFrom(0)).toBe(24);
  expect(plan.framesFrom(60e6 - 1)).toBe(24);
  expect(plan.framesFrom(60e6)).toBe(23); // would be sealed at the end itself
});

test("the link's limit makes frames shorter, or refuses them with the limit named", () => {
  const limit = { bytes: 51, why: "the link carries 51" };
  const split = planFrames(scenario({ batch: { rows: 100 } }), limit);
  expect(split.isSplit).toBe(true);
  expect(split.bytesOf(split.framesFrom(0) - 1)).toBeLessThanOrEqual(51);
  expect(planFrames(scenario({ batch: { rows: split.rows + 1 } }), limit).rows).toBe(split.rows);
  expect(() => planFrames(scenario({ batch: { rows: 100, oversize: "refuse" } }), limit)).toThrow(
    expect.objectContaining({
      code: "limit",
      key: "batch.rows",
      limit: 51,
      message: expect.stringMatching(/100 rows make a frame of \d+ bytes, but the link carries 51/) as unknown,
    }),
  );
  expect(() => planFrames(scenario(), { bytes: 12, why: "it carries 12" })).toThrow(
    expect.objectContaining({ code: "limit", message: expect.stringContaining("1 row makes") as unknown }),
  );
});
