/** A transport of one's own: an in-process bus on Node's EventEmitter, in place of MQTT, under a device and a gateway. */
import { EventEmitter } from "node:events";
import { defineSchema } from "@zipml/codec";
import { createDevice } from "@zipml/device";
import { createGateway } from "@zipml/gateway";
import { type Connector, createEventQueue, TransportError } from "@zipml/protocol";

/** Everyone who connects through one bus hears the others. Nothing can break here, so a last will is never due. */
function createBus(): Connector {
  const bus = new EventEmitter();
  const retained = new Map<string, Uint8Array>();
  return () => {
    const queue = createEventQueue();
    const filters: RegExp[] = [];
    const sent = { messages: 0, payload: 0, bytes: 0 };
    const received = { ...sent };
    let online = true;
    const count = (of: typeof sent, { length }: Uint8Array): void => {
      Object.assign(of, { messages: of.messages + 1, payload: of.payload + length, bytes: of.bytes + length });
    };
    const hear = (topic: string, payload: Uint8Array, wanted = filters, old = false): void => {
      // Bounded: a frame that is lost here comes again until a receipt covers it.
      if (queue.waiting() >= 1000 || !wanted.some((filter) => filter.test(topic))) return;
      count(received, payload);
      queue.push({ type: "message", topic, payload: payload.slice(), retained: old, duplicate: false });
    };
    const checkOpen = (): void => {
      if (!online) throw new TransportError("closed", "the transport is closed");
    };
    const close = async (): Promise<void> => {
      online = false;
      bus.off("message", hear);
      queue.close();
    };
    bus.on("message", hear);
    queue.push({ type: "online", protocol: "bus" });
    return {
      get online() {
        return online;
      },
      events: queue.events,
      publish: async (topic, payload, { retain }) => {
        checkOpen();
        if (retain) retained.set(topic, payload.slice());
        count(sent, payload);
        bus.emit("message", topic, payload);
      },
      subscribe: async (added) => {
        checkOpen();
        const patterns = added.map((f) => new RegExp(`^${f.replaceAll("+", "[^/]+").replace(/\/#$/, "(/.*)?")}$`));
        filters.push(...patterns);
        for (const [topic, payload] of retained) hear(topic, payload, patterns, true);
      },
      traffic: () => ({ sent: { ...sent }, received: { ...received } }),
      close,
      [Symbol.asyncDispose]: close,
    };
  };
}

const transport = createBus();
await using gateway = await createGateway({ group: "lab", transport });
await gateway.ready();
const schema = defineSchema([
  { name: "x", unit: "V", range: [-1, 1], role: "feature" },
  { name: "y", unit: "V", range: [-3, 3], role: "target" },
]);
await using device = createDevice({ id: "probe", group: "lab", schema, transport });
for (let row = 0; row < 2000; row++) await device.push({ x: Math.sin(row), y: 0.5 + 2 * Math.sin(row) });
await device.flush();
await gateway.train();
console.log(`y at x = 0.25: ${gateway.predict({ x: 0.25 }).toFixed(3)} V (true: 1.000)`);
