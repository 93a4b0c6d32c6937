import { defineSchema, type Schema } from "@zipml/codec";
import { createDevice, type Device, type DeviceEvent, type DeviceOptions } from "@zipml/device";
import type { Gateway, GatewayEvent, GatewayOptions } from "@zipml/gateway";
import { type Connector, createTopics, decodeMessage, type TransportEvent } from "@zipml/protocol";

/** The group that the fleet tests run in. */
export const group = "greenhouse";

/** Topics under the default prefix. */
export const topics = createTopics();

/** One feature and one target, as most fleet tests use them. */
export const climate: Schema = defineSchema([
  { name: "t", unit: "C", range: [-10, 40], role: "feature" },
  { name: "h", unit: "%", range: [0, 100], role: "target" },
]);

/** Row i of a device: h = 90 − 1.5 t and a little that t does not explain. */
export function climateRow(i: number, phase = 0): { t: number; h: number } {
  const t = 15 + 20 * Math.sin(i / 7 + phase);
  return { t, h: 90 - 1.5 * t + 2 * Math.cos(1.7 * i) };
}

/** Collects events and lets a test wait for what they bring. */
export interface Watched<Event> {
  readonly seen: Event[];
  /** The first event of a type that fits, also one that came before. */
  next<Type extends Event extends { type: string } ? Event["type"] : never>(
    type: Type,
    fits?: (event: Extract<Event, { type: Type }>) => boolean,
  ): Promise<Extract<Event, { type: Type }>>;
  /** Resolves as soon as the condition holds, looked at after every event. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** Resolves when the events end. */
  readonly ended: Promise<void>;
}

const patience = 15_000;

/** Reads events to their end. */
export function watchEvents<Event extends { readonly type: string }>(events: AsyncIterable<Event>): Watched<Event> {
  const seen: Event[] = [];
  const looks = new Set<() => void>();
  const ended = (async () => {
    for await (const event of events) {
      seen.push(event);
      for (const look of [...looks]) look();
    }
    for (const look of [...looks]) look();
  })();
  const until = (what: string, condition: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        looks.delete(look);
        const last = seen.slice(-5).map((event) => event.type);
        reject(new Error(`${what}: not within ${patience} ms; the last events were ${last.join(", ")}`));
      }, patience);
      const look = () => {
        if (!condition()) return;
        looks.delete(look);
        clearTimeout(timer);
        resolve();
      };
      looks.add(look);
      look();
    });
  return {
    seen,
    ended,
    until,
    next: async (type, fits = () => true) => {
      const find = () => seen.find((event) => event.type === type && fits(event as never));
      await until(`event ${type}`, () => find() !== undefined);
      return find() as never;
    },
  };
}

/** A gateway and what it tells. */
export interface WatchedGateway {
  readonly gateway: Gateway;
  readonly events: Watched<GatewayEvent>;
}

/** Watches a gateway from its making on. */
export function watchGateway(gateway: Gateway): WatchedGateway {
  return { gateway, events: watchEvents(gateway.events()) };
}

/** Receipts and gaps at a pace that tests can wait for. */
export const quickGateway = {
  group,
  training: { minimum: 20 },
  receipts: { delay: 5, gapAfter: 150 },
} satisfies Partial<GatewayOptions>;

/** Frames of 8 rows, sealed and sent again at a pace that tests can wait for. */
export const quickDevice = {
  group,
  schema: climate,
  batch: { rows: 8, milliseconds: 50 },
  delivery: { window: 4, resendAfter: 1000 },
  healthInterval: 0,
} satisfies Partial<DeviceOptions>;

/** A device and what it tells. */
export interface WatchedDevice {
  readonly device: Device;
  readonly events: Watched<DeviceEvent>;
}

/** Makes a quick device and watches it. */
export function startDevice(id: string, transport: Connector, options: Partial<DeviceOptions> = {}): WatchedDevice {
  const device = createDevice({ ...quickDevice, id, transport, ...options });
  return { device, events: watchEvents(device.events()) };
}

/** Pushes rows `from` to `to` − 1, one a second of the device's time. */
export async function pushRows(device: Device, from: number, to: number, phase = 0): Promise<void> {
  for (let i = from; i < to; i++) await device.push(climateRow(i, phase), { elapsed: i * 1000 });
}

/** Each stored frame as text, so that one stored twice shows. */
export function storedFrames({ events }: WatchedGateway): string[] {
  return events.seen.flatMap((event) =>
    event.type === "stored" ? [`${event.device}/${event.session}/${event.sequence}`] : [],
  );
}

/** A connector that notes, for each connection, the kinds of messages published on it, in order. */
export function noting(connector: Connector): { readonly connector: Connector; readonly connections: string[][] } {
  const connections: string[][] = [];
  return {
    connections,
    connector: (options) => {
      const transport = connector(options);
      async function* events(): AsyncGenerator<TransportEvent> {
        for await (const event of transport.events()) {
          if (event.type === "online") connections.push([]);
          yield event;
        }
      }
      return {
        get online() {
          return transport.online;
        },
        events,
        publish: (topic, payload, how) => {
          connections.at(-1)?.push(topics.parse(topic)?.kind ?? topic);
          return transport.publish(topic, payload, how);
        },
        subscribe: transport.subscribe,
        traffic: transport.traffic,
        close: transport.close,
        [Symbol.asyncDispose]: transport[Symbol.asyncDispose],
      };
    },
  };
}

/** Bytes that were published to a topic, decoded as receipts. */
export function receiptsFor(device: string, messages: readonly TransportEvent[]) {
  const topic = topics.build({ kind: "receipt", group, device });
  return messages.flatMap((event) =>
    event.type === "message" && event.topic === topic ? [decodeMessage("receipt", event.payload)] : [],
  );
}
