import { mqtt } from "@zipml/protocol/mqtt";
import { afterEach, expect } from "vitest";
import { watch } from "../../../protocol/test/watch.ts";
import { type EmbeddedBroker, startBroker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/options.ts";
import type { BrokerRefusal } from "../../src/broker/status.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** Closes something at the end of the test. */
export function closeLater(one: { close(): Promise<void> }): void {
  open.push(one);
}

/** A broker on a free port, closed at the end of the test. */
export async function start(options: BrokerOptions = {}): Promise<EmbeddedBroker> {
  const broker = await startBroker({ port: 0, ...options });
  open.push(broker);
  return broker;
}

/** Whether the broker serves somebody else: publishes and hears it within a second. */
export async function serves(broker: EmbeddedBroker): Promise<void> {
  await using transport = mqtt({ url: "mqtt://inside", open: broker.connect, protocol: "3.1.1" })({
    clientId: `honest-${broker.status().accepted}`,
  });
  const seen = watch(transport);
  await seen.next("online");
  await transport.subscribe(["honest"]);
  await transport.publish("honest", Uint8Array.of(1), { qos: 1, retain: false });
  expect((await seen.next("message")).topic).toBe("honest");
}

/** How often the broker refused for a reason. */
export const refused = (broker: EmbeddedBroker, reason: BrokerRefusal) => broker.status().refused[reason];
