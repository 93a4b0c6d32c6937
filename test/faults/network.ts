import { setTimeout as sleep } from "node:timers/promises";
import { createStream } from "@zipml/codec";
import type { Programs } from "./bundle.ts";
import { type BrokerKind, createFaultFleet, type FaultFleet } from "./fault-fleet.ts";
import { countsOf, type Outcome, settle, violationsOf } from "./outcome.ts";

/** How a run on a bad network is made. */
export interface NetworkOptions {
  readonly programs: Programs;
  readonly broker: BrokerKind;
  readonly seed: string;
  /** Faults, one after another. */
  readonly instants: number;
  readonly most?: number;
}

const faults = ["cut", "half-open", "slow", "mischief", "restart", "kill"] as const;
type Fault = (typeof faults)[number];

async function inflict(fleet: FaultFleet, fault: Fault, uniform: () => number): Promise<void> {
  const { proxy } = fleet;
  if (proxy === undefined) throw new Error("a network needs a proxy");
  switch (fault) {
    case "cut":
      proxy.cut();
      return;
    case "half-open":
      proxy.halfOpen();
      await sleep(uniform() * 1000);
      return;
    case "slow":
      proxy.slow(200 + Math.floor(uniform() * 2000));
      await sleep(500 + uniform() * 2000);
      proxy.slow(undefined);
      return;
    case "mischief":
      proxy.mischief({ duplicate: 0.2, delay: 0.3, lose: 0.1 });
      await sleep(500 + uniform() * 2500);
      proxy.mischief(undefined);
      return;
    case "restart":
      await fleet.restartBroker();
      return;
    case "kill":
      await fleet.kill("broker");
      return;
  }
}

/** Connections cut, half-open and slow, deliveries reordered, duplicated and lost, the broker restarted and killed. */
export async function runNetwork(options: NetworkOptions): Promise<Outcome> {
  const { programs, broker, seed, instants, most = Number.POSITIVE_INFINITY } = options;
  const started = performance.now();
  await using fleet = await createFaultFleet({ programs, broker, seed, devices: 2, proxy: true });
  await fleet.start();
  const stream = createStream(`faults/network/${broker}/${seed}`);
  const uniform = (): number => stream.uniform();
  const bag: Fault[] = [];
  const done: Record<string, number> = {};
  for (let instant = 0; instant < instants && performance.now() < started + most; instant++) {
    await sleep(200 + uniform() * 1500);
    if (bag.length === 0) bag.push(...faults); // each kind as often as any other, in an order of chance
    const [fault = "cut"] = bag.splice(Math.floor(uniform() * bag.length), 1);
    await inflict(fleet, fault, uniform);
    await fleet.sample();
    done[fault] = (done[fault] ?? 0) + 1;
  }
  const settled = await settle(fleet, { seed });
  const kinds = Object.entries(done).map(([fault, count]) => `${fault} ${count}`);
  return {
    scenario: `network, ${broker}`,
    seconds: (performance.now() - started) / 1000,
    counts: { faults: kinds.join(", "), ...countsOf(fleet, settled) },
    violations: [...fleet.inspect(), ...violationsOf(settled)],
  };
}
