import { type Grid, intervalCount, levelsRange } from "@zipml/codec";
import { encodeMessage } from "@zipml/protocol";
import { gridOf, schemaOf } from "../scenario/check-scenario.ts";
import { simulatedSession } from "../scenario/fleet.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** When simulated sessions start, ms since 1970: any time of our days takes as many bytes. */
export const simulatedEpoch = 1_700_000_000_000;

/** The grid that readings lead to: levels one by one where the scenario fits them, else the first one under another epoch. */
function nextGrid(scenario: Pick<Scenario, "schema" | "grid">): Grid {
  const first = gridOf(scenario);
  if (scenario.grid.levels === "uniform") return { ...first, epoch: 1 };
  const channels = first.channels.map((channel, c) => {
    if (scenario.schema[c]?.role === "target") return channel; // a target keeps its levels
    const [low, high] = levelsRange(channel.levels);
    const count = intervalCount(channel.bits, channel.samples);
    // Only their number matters: where levels lie they take as many bytes.
    const points = Array.from({ length: count + 1 }, (_, j) => low + (high - low) * (j / count) ** 1.1);
    return { ...channel, levels: { kind: "points" as const, points } };
  });
  return { ...first, epoch: 1, channels };
}

function birthOf(scenario: Pick<Scenario, "schema" | "grid">, grids: readonly Grid[]): number {
  return encodeMessage("birth", {
    session: simulatedSession,
    startedAt: simulatedEpoch,
    schema: schemaOf(scenario),
    grids: [...grids],
    software: { name: "@zipml/device", version: "0.1.0" },
  }).length;
}

/**
 * Bytes of the birth that a scenario's devices send.
 *
 * @param scenario Its schema and grid count.
 */
export function birthBytes(scenario: Pick<Scenario, "schema" | "grid">): number {
  return birthOf(scenario, [gridOf(scenario)]);
}

/** Bytes of the messages that another grid gives rise to. */
export interface GridChangeBytes {
  /** What the gateway asks for. */
  readonly desired: number;
  /** What the device answers. */
  readonly reported: number;
  /** The birth that names both grids. */
  readonly birth: number;
}

/**
 * Bytes of the messages of one change of grid.
 *
 * @param scenario Its schema and grid count.
 */
export function gridChangeBytes(scenario: Pick<Scenario, "schema" | "grid">): GridChangeBytes {
  const grid = nextGrid(scenario);
  const session = simulatedSession;
  return {
    desired: encodeMessage("desired", { version: 1, grid }).length,
    reported: encodeMessage("reported", { session, version: 1, status: "applied", from: 100, grid: 1 }).length,
    birth: birthOf(scenario, [gridOf(scenario), grid]),
  };
}
