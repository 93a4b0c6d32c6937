import {
  type Address,
  type Connector,
  createEventHub,
  decodeMessage,
  type EventHub,
  encodeMessage,
  type Link,
  ProtocolError,
  type Transport,
  type TransportMessage,
} from "@zipml/protocol";
import { createIngest, type Ingest } from "./ingest/ingest.ts";
import { createReceipts, type Receipts } from "./ingest/receipts.ts";
import { createRegistry, type DeviceRecord, type Registry } from "./ingest/registry.ts";
import { createLearner, type Learner } from "./learner.ts";
import { createGatewayLink, stateOf } from "./link.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { createSampleStore, type SampleStore } from "./sample-store.ts";
import type { DeviceSummary, GatewayEvent, GatewayStatus } from "./status.ts";

/** The parts of a running gateway, wired to each other. */
export interface Core {
  readonly options: ResolvedGatewayOptions;
  readonly hub: EventHub<GatewayEvent>;
  readonly registry: Registry;
  readonly store: SampleStore;
  readonly ingest: Ingest;
  readonly receipts: Receipts;
  readonly learner: Learner;
  readonly link: Link;
  readonly transport: Transport;
}

function openTransport(connector: Connector, options: ResolvedGatewayOptions): Transport {
  const { topics, group, id } = options;
  return connector({
    clientId: `_gateway.${group}.${id}`, // a group can't be called so: no device has this id
    will: {
      topic: topics.build({ kind: "state", gateway: id }),
      payload: encodeMessage("state", stateOf(options, false)),
      qos: 1,
      retain: true,
    },
  });
}

/** Takes a message to whom it concerns. @throws `ProtocolError` for a message that is not what its topic says. */
function route(core: Omit<Core, "link">, address: Address, { payload, retained }: TransportMessage): void {
  const { registry, ingest, hub, learner } = core;
  switch (address.kind) {
    case "data":
      ingest.data(address.device, payload);
      alive(core, address.device, retained);
      return;
    case "birth": {
      const birth = decodeMessage("birth", payload);
      ingest.birth(address.device, birth, retained);
      hub.emit({ type: "birth", device: address.device, session: birth.session });
      return;
    }
    case "death": {
      const { session, reason = "lost" } = decodeMessage("death", payload);
      const device = registry.open(address.device);
      if (device === undefined) return;
      device.dead = session;
      // A will of an earlier session says nothing of the one that runs now.
      if (device.birth?.session !== session) return;
      device.online = false;
      hub.emit({ type: "death", device: address.device, session, reason });
      return;
    }
    case "health": {
      const device = registry.open(address.device);
      if (device !== undefined) device.health = decodeMessage("health", payload);
      alive(core, address.device, retained);
      return;
    }
    case "reported":
      reported(core, address.device, payload);
      return;
    case "model":
      if (address.audience === "all") learner.follow(decodeMessage("model", payload).version);
      return;
    default:
      return;
  }
}

/** A message sent just now proves more than a will that a broker sent late, or kept from before a reconnect. */
function alive({ registry }: Pick<Core, "registry">, id: string, retained: boolean): void {
  const device = registry.get(id);
  if (retained || device?.birth === undefined) return;
  device.online = true;
  device.dead = undefined;
}

function reported({ registry, hub }: Pick<Core, "registry" | "hub">, id: string, payload: Uint8Array): void {
  const message = decodeMessage("reported", payload);
  const device = registry.open(id);
  if (device === undefined) return;
  device.reported = message;
  const reason = message.status === "refused" ? message.reason : undefined;
  hub.emit({ type: "reported", device: id, version: message.version, reason });
}

function summary(device: DeviceRecord): DeviceSummary {
  const sets = [...device.sessions.values()].map(({ sequences }) => sequences);
  const missing = sets.reduce((sum, set) => sum + set.missing, 0);
  return {
    id: device.id,
    online: device.online,
    session: device.birth?.session,
    frames: sets.reduce((sum, set) => sum + set.end, 0) - missing,
    missing,
    clipped: Object.values(device.health?.clipped ?? {}).reduce((sum, count) => sum + count, 0),
    refused: device.health?.refused.total ?? 0,
    unusable: device.unusable,
  };
}

/** What a gateway tells now. */
export function statusOf({ link, ingest, registry, store, learner, transport }: Core): GatewayStatus {
  const devices = [...registry.all()].map(summary);
  return {
    online: link.online,
    task: ingest.task,
    ingest: ingest.counts(),
    missing: devices.reduce((sum, device) => sum + device.missing, 0),
    rows: { held: store.rows, stored: store.stored },
    devices,
    model: learner.latest?.version,
    traffic: transport.traffic(),
  };
}

/** The part of a core that messages are taken to, before there is a link. */
type Parts = Omit<Core, "link">;

/** How the parts publish, once the link is there. */
interface Outlet {
  link: Link | undefined;
}

function createParts(options: ResolvedGatewayOptions, transport: Transport, outlet: Outlet): Parts {
  const { clock, group, window, limits, training } = options;
  const hub = createEventHub<GatewayEvent>();
  const failed = (error: unknown): void => hub.emit({ type: "error", error });
  const registry = createRegistry(limits);
  const store = createSampleStore(window);
  const command: Parameters<typeof createReceipts>[0]["command"] = (device, message) => {
    outlet.link?.publish({ kind: "command", group, device, name: message.name }, "command", message).catch(failed);
  };
  const receipts = createReceipts(
    {
      clock,
      command,
      failed,
      receipt: (device, message) => {
        outlet.link?.publish({ kind: "receipt", group, device }, "receipt", message).catch(failed);
      },
    },
    options.receipts,
  );
  const ingest = createIngest({
    clock,
    registry,
    limits,
    choice: training,
    command,
    store: (frame) => {
      store.add(frame);
      const { device, session, sequence, rows } = frame;
      hub.emit({ type: "stored", device, session, sequence, rows });
      learner.grown();
    },
    receipt: receipts.mark,
    refused: (device, error) => hub.emit({ type: "refused", device, reason: error.message, error }),
    unusable: (device, reason) => hub.emit({ type: "unusable", device, reason }),
    task: (task) => hub.emit({ type: "task", task }),
  });
  const learner = createLearner(
    {
      clock,
      store,
      failed,
      task: () => ingest.task,
      publish: (message) => {
        outlet.link?.publish({ kind: "model", audience: "all", group }, "model", message).catch(failed);
      },
      trained: (model) => hub.emit({ type: "trained", model }),
    },
    options,
  );
  return { options, hub, registry, store, ingest, receipts, learner, transport };
}

/**
 * Makes the parts of a gateway and connects it.
 *
 * @param options Checked options.
 * @param connector Where to connect.
 * @param ready Told whenever the subscriptions stand.
 */
export function startCore(options: ResolvedGatewayOptions, connector: Connector, ready: () => void): Core {
  const outlet: Outlet = { link: undefined };
  const transport = openTransport(connector, options);
  const parts = createParts(options, transport, outlet);
  const { hub, learner } = parts;
  const { group } = options;
  const link = createGatewayLink(transport, options, {
    ready: (protocol) => {
      const { latest } = learner;
      // A broker that lost its retained messages gets the model again.
      if (latest !== undefined) void link.publish({ kind: "model", audience: "all", group }, "model", latest.message);
      hub.emit({ type: "online", protocol });
      ready();
    },
    offline: (reason) => hub.emit({ type: "offline", reason }),
    message: (address, message) => {
      try {
        route(parts, address, message);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        const device = "device" in address ? address.device : undefined;
        hub.emit({ type: "refused", device, reason: error.message, error });
      }
    },
    failed: (error) => hub.emit({ type: "error", error }),
  });
  outlet.link = link;
  return { ...parts, link };
}
