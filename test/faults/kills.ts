import { setTimeout as sleep } from "node:timers/promises";
import { createStream } from "@zipml/codec";
import type { Programs } from "./bundle.ts";
import { type BrokerKind, createFaultFleet, type FaultFleet, type Role } from "./fault-fleet.ts";
import { countsOf, type Outcome, settle, violationsOf } from "./outcome.ts";

/** How a run of kills is made. */
export interface KillOptions {
  readonly programs: Programs;
  readonly broker: BrokerKind;
  readonly seed: string;
  readonly instants: number;
  /** Newest rows that are trained on; default all. */
  readonly window?: number;
  readonly devices?: number;
  /** Longest wait between two kills, ms. */
  readonly spread?: number;
  /** Ends the run early when so many ms have passed. */
  readonly most?: number;
}

/**
 * Half the kills hit devices, the rest the gateway and the broker; a third come soon after the one before.
 *
 * @returns How many there were.
 */
async function killAtRandom(fleet: FaultFleet, options: KillOptions): Promise<number> {
  const { seed, instants, devices = 3, spread = 2500, most = Number.POSITIVE_INFINITY } = options;
  const stream = createStream(`faults/kills/${options.broker}/${seed}`);
  const end = performance.now() + most;
  let done = 0;
  for (; done < instants && performance.now() < end; done++) {
    const wait = stream.uniform() < 0.33 ? stream.uniform() * 300 : stream.uniform() * spread;
    await sleep(wait);
    void fleet.sample(); // what the dead would have told
    const which = stream.uniform();
    const role: Role = which < 0.5 ? "device" : which < 0.78 ? "gateway" : "broker";
    await fleet.kill(role, Math.floor(stream.uniform() * devices));
  }
  return done;
}

/** kill −9 of everything at seeded random instants while readings flow. */
export async function runKills(options: KillOptions): Promise<Outcome> {
  const started = performance.now();
  await using fleet = await createFaultFleet({
    programs: options.programs,
    broker: options.broker,
    seed: options.seed,
    devices: options.devices ?? 3,
    everySeconds: options.window === undefined ? 3 : 1,
    ...(options.window === undefined ? {} : { window: options.window, segmentBytes: 4096 }),
  });
  await fleet.start();
  const done = await killAtRandom(fleet, options);
  const settled = await settle(fleet, { seed: options.seed, control: true });
  return {
    scenario: `kills, ${options.broker}${options.window === undefined ? "" : `, window of ${options.window} rows`}`,
    seconds: (performance.now() - started) / 1000,
    counts: { instants: done, ...countsOf(fleet, settled) },
    violations: [...fleet.inspect(), ...violationsOf(settled)],
  };
}
