import { createGateway, type GatewayOptions } from "@zipml/gateway";
import type { Transport } from "@zipml/protocol";
import { createMemoryBroker, createVirtualClock, type MemoryBrokerOptions } from "@zipml/protocol/memory";
import { type Watch, watch } from "../packages/protocol/test/watch.ts";
import { group, startDevice, type WatchedDevice, type WatchedGateway, watchGateway } from "./fleet.ts";

/** A group on a memory broker where time passes only when a test says so. */
export function createClockwork(brokerOptions: MemoryBrokerOptions = {}) {
  const clock = createVirtualClock(1_700_000_000_000);
  const broker = createMemoryBroker({ clock, ...brokerOptions });
  const startGateway = async (options: Partial<GatewayOptions> = {}): Promise<WatchedGateway> => {
    const made = { group, clock, transport: broker.connector(), ...options } as GatewayOptions;
    const hub = watchGateway(await createGateway(made));
    await hub.gateway.ready();
    return hub;
  };
  /** A device with the SDK's own defaults, but for a small batch and fixed random numbers. */
  const device = (id: string, options: Parameters<typeof startDevice>[2] = {}): WatchedDevice => {
    let word = 1;
    const random = () => {
      word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
      return word;
    };
    const pace = { batch: { rows: 8 }, delivery: {}, healthInterval: 60_000 };
    return startDevice(id, broker.connector(), { clock, random, ...pace, ...options });
  };
  const peer = async (filters: readonly string[] = []): Promise<[Transport, Watch]> => {
    const transport = broker.connector()({ clientId: `peer-${clock.now()}-${broker.clients().length}` });
    const seen = watch(transport);
    await seen.next("online");
    if (filters.length > 0) await transport.subscribe(filters);
    return [transport, seen];
  };
  /** Flushes while time passes. */
  const flush = async ({ device: agent }: WatchedDevice): Promise<void> => {
    const flushed = agent.flush();
    await clock.advance(1000);
    await flushed;
  };
  return { clock, broker, startGateway, device, peer, flush };
}
