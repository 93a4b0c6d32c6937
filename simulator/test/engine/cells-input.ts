import type { ScenarioInput } from "../../src/scenario/scenario.ts";

/** A fleet over many cells in which everything happens: answers, repetitions, losses, outages. */
export const input: ScenarioInput = {
  durationHours: 6,
  fleet: { devices: 2000, agents: 0, groups: 30, placement: { kind: "disc", metres: 4000 } },
  gateways: { count: 37 },
  schema: [{ name: "t", range: [0, 1] }],
  sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
  batch: { rows: 5, jitterSeconds: 3 },
  link: "lorawan",
  links: { lorawan: { confirmed: true, transmissions: 3, shadowingDb: 4 } },
  loss: { kind: "gilbert-elliott", goodSeconds: 600, badSeconds: 30 },
  outages: [{ of: "gateway", startHours: 1, seconds: 600, share: 0.5 }],
};
