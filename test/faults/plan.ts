import { mosquittoProgram } from "../../packages/protocol/test/brokers.ts";
import type { Programs } from "./bundle.ts";
import * as disk from "./disk.ts";
import type { BrokerKind } from "./fault-fleet.ts";
import { runKills } from "./kills.ts";
import { runNetwork } from "./network.ts";
import { runGatewayAway, runOfflineFrames } from "./offline.ts";
import type { Outcome } from "./outcome.ts";

/** What a run of the suite is asked for. */
export interface PlanOptions {
  readonly programs: Programs;
  readonly seed: string;
  /** Kills in all. */
  readonly instants: number;
  /** Time in all, s. */
  readonly seconds: number;
  /** The only broker beside the embedded one; both where undefined. */
  readonly broker: "aedes" | "mosquitto" | undefined;
  /** Frames of the offline scenario; 0 leaves it out. */
  readonly offlineFrames: number;
  /** Readings that come while the gateway is away. */
  readonly readings: number;
}

/** One scenario, which ends itself after about so many ms. */
export interface Step {
  readonly name: string;
  readonly kind: "kills" | "network" | "away" | "offline" | "disk";
  run(most: number): Promise<Outcome>;
}

/** A share of the instants, and of the time: see `most`. */
function shared(brokers: readonly BrokerKind[], instants: number): { broker: BrokerKind; instants: number }[] {
  return brokers.map((broker, i) => ({
    broker,
    instants: Math.floor(((i + 1) * instants) / brokers.length) - Math.floor((i * instants) / brokers.length),
  }));
}

/** Everything that is run, in order. */
export function planOf({ programs, seed, instants, broker, offlineFrames, readings }: PlanOptions): Step[] {
  const wants = (kind: "aedes" | "mosquitto"): boolean =>
    (broker === undefined || broker === kind) && (kind === "aedes" || mosquittoProgram !== undefined);
  const external: BrokerKind[] = [
    ...(wants("aedes") ? (["aedes"] as const) : []),
    ...(wants("mosquitto") ? (["mosquitto"] as const) : []),
  ];
  const first = external[0] ?? "embedded";
  const killed = shared([...external, "embedded", "embedded-disk", first], instants);
  const networks = shared(
    external.map((kind) => (kind === "mosquitto" ? "mosquitto-disk" : kind)),
    Math.ceil(instants / 4),
  );
  const made = { programs, seed };
  return [
    ...killed.map(
      (part, i): Step => ({
        name: `kills, ${part.broker}`,
        kind: "kills",
        // The last goes on as the log's oldest segments are deleted under it.
        run: (most) => runKills({ ...made, ...part, most, ...(i === killed.length - 1 ? { window: 400 } : {}) }),
      }),
    ),
    ...networks.map(
      (part): Step => ({
        name: `network, ${part.broker}`,
        kind: "network",
        run: (most) => runNetwork({ ...made, ...part, most }),
      }),
    ),
    ...Object.entries(disk).map(
      ([name, run]): Step => ({ name, kind: "disk", run: () => run({ ...made, broker: first }) }),
    ),
    { name: "gateway away", kind: "away", run: () => runGatewayAway({ ...made, broker: first, readings }) },
    ...(offlineFrames === 0
      ? []
      : [
          {
            name: "frames offline",
            kind: "offline",
            run: () => runOfflineFrames({ ...made, broker: first, frames: offlineFrames }),
          } as const,
        ]),
  ];
}

/** Part of the whole time that the scenarios of a kind that can be shortened may take together. */
export const timeShare = { kills: 0.4, network: 0.12, away: 0, offline: 0, disk: 0 } as const;
