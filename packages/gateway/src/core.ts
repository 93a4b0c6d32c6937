import {
  type Address,
  type Connector,
  decodeMessage,
  encodeMessage,
  type Link,
  ProtocolError,
  type Transport,
  type TransportMessage,
} from "@zipml/protocol";
import type { DeviceRecord } from "./ingest/registry.ts";
import type { SessionRecord } from "./ingest/session.ts";
import { createGatewayLink, stateOf } from "./link.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import type { Parts } from "./parts.ts";
import type { DeviceSummary, GatewayStatus } from "./status.ts";

/** A gateway that is connected, or trying to. */
export interface Core extends Parts {
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
function route(core: Parts, address: Address, { payload, retained }: TransportMessage): void {
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
    case "health":
      ingest.health(address.device, decodeMessage("health", payload));
      alive(core, address.device, retained);
      return;
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

function summary(device: DeviceRecord, now: number): DeviceSummary {
  const sessions = [...device.sessions.values(), ...device.retired.values()];
  const sum = (count: (session: SessionRecord) => number): number =>
    sessions.reduce((total, session) => total + count(session), 0);
  const missing = sum(({ sequences }) => sequences.missing);
  const declared = sum((session) => session.declared);
  const since = sessions.flatMap(({ gapSince }) => gapSince ?? []);
  return {
    id: device.id,
    online: device.online,
    session: device.birth?.session,
    frames: sum(({ sequences }) => sequences.end) - missing - declared,
    missing,
    oldestGap: since.length === 0 ? undefined : now - since.reduce((a, b) => Math.min(a, b)),
    declared,
    clipped: Object.values(device.health?.clipped ?? {}).reduce((total, count) => total + count, 0),
    refused: device.health?.refused.total ?? 0,
    unusable: device.unusable,
  };
}

/** What a gateway tells now. */
export function statusOf(core: Core): GatewayStatus {
  const { link, ingest, registry, store, learner, transport, task, journal, options } = core;
  const now = options.clock.now();
  const devices = [...registry.all()].map((device) => summary(device, now));
  return {
    online: link.online,
    task: task.task,
    ingest: ingest.counts(),
    missing: devices.reduce((sum, device) => sum + device.missing, 0),
    rows: { held: store.rows, stored: store.stored },
    devices,
    model: learner.latest?.version,
    traffic: transport.traffic(),
    log: journal.status(),
  };
}

/** Told late, so that whoever reads the events is there. */
function tellFindings({ hub, findings }: Parts): void {
  for (const damage of findings.damage) hub.emit({ type: "damage", ...damage });
  for (const lost of findings.lost) hub.emit({ type: "lost", ...lost });
}

/**
 * Connects the parts of a gateway.
 *
 * @param parts The parts.
 * @param connector Where to connect.
 * @param ready Told whenever the subscriptions stand.
 */
export function startCore(parts: Parts, connector: Connector, ready: () => void): Core {
  const { hub, learner, options, outlet } = parts;
  const { group } = options;
  const transport = openTransport(connector, options);
  let told = false;
  const link = createGatewayLink(transport, options, {
    ready: (protocol) => {
      const { latest } = learner;
      // A broker that lost its retained messages gets the model again.
      if (latest !== undefined) void link.publish({ kind: "model", audience: "all", group }, "model", latest.message);
      hub.emit({ type: "online", protocol });
      if (!told) tellFindings(parts);
      told = true;
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
  return { ...parts, transport, link };
}

/** Sends the last receipts, says goodbye, and writes the last checkpoint. */
export async function stopCore(core: Core, closeBroker: () => Promise<void>): Promise<void> {
  const { receipts, learner, journal, link, hub } = core;
  receipts.stop();
  await learner.stop();
  await journal.idle();
  receipts.flush();
  await link.close();
  await closeBroker();
  await journal.close();
  hub.close();
}
