import {
  type Address,
  type Connector,
  decodeMessage,
  encodeMessage,
  type Link,
  ProtocolError,
  type Transport,
  type TransportMessage,
  type UpKind,
  upKinds,
} from "@zipml/protocol";
import { type Configurator, createConfigurator } from "./configurator.ts";
import type { DeviceRecord } from "./ingest/registry.ts";
import type { SessionRecord } from "./ingest/session.ts";
import type { TrainedModel } from "./learner.ts";
import { createLevelFollower, type FollowerPorts, type LevelFollower } from "./levels/follower.ts";
import { createGatewayLink, stateOf } from "./link.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import type { Parts } from "./parts.ts";
import type { DeviceSummary, GatewayStatus, TrainingStatus } from "./status.ts";

/** A gateway that is connected, or trying to. */
export interface Core extends Parts {
  readonly configurator: Configurator;
  /** Undefined where levels stay as they are. */
  readonly follower: LevelFollower | undefined;
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

const fromDevices: ReadonlySet<string> = new Set<string>(upKinds);

/** Whether a message is a device's own. */
function isFromDevice(address: Address): address is Extract<Address, { readonly kind: UpKind | "receipt" }> {
  return fromDevices.has(address.kind);
}

/** Takes a message to whom it concerns. @throws `ProtocolError` for a message that is not what its topic says. */
function route(
  core: Parts & Pick<Core, "configurator" | "follower">,
  address: Address,
  { payload, retained }: TransportMessage,
): void {
  const { registry, ingest, hub, learner, control } = core;
  if (address.kind === "data") {
    ingest.data(address.device, payload);
    alive(core, address.device, retained);
    return;
  }
  if (isFromDevice(address) && !control.admits(address.device, payload.length)) return;
  switch (address.kind) {
    case "birth": {
      const birth = decodeMessage("birth", payload);
      ingest.birth(address.device, birth, retained);
      core.configurator.born(address.device, birth);
      core.follower?.born(address.device, birth);
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
      const health = decodeMessage("health", payload);
      ingest.health(address.device, health);
      core.follower?.health(address.device, health);
      alive(core, address.device, retained);
      return;
    }
    case "reported":
      reported(core, address.device, payload);
      return;
    case "desired":
      core.configurator.follow({ ...address, kind: "desired" }, decodeMessage("desired", payload));
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

function reported(core: Pick<Core, "registry" | "hub" | "follower">, id: string, payload: Uint8Array): void {
  const { registry, hub, follower } = core;
  const message = decodeMessage("reported", payload);
  const device = registry.open(id);
  if (device === undefined) return;
  device.reported = message;
  follower?.reported(id, message);
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
    clipped: device.health?.clipped ?? 0,
    refused: device.health?.refused ?? 0,
    unusable: device.unusable,
  };
}

function trainingStatus(latest: TrainedModel | undefined): TrainingStatus | undefined {
  if (latest === undefined) return undefined;
  const { model, epochs, before, seconds, warnings } = latest;
  return { rows: model.rows, passes: model.epochs, loss: epochs.at(-1)?.loss ?? Number.NaN, before, seconds, warnings };
}

/** What a gateway tells now. */
export function statusOf(core: Core): GatewayStatus {
  const { link, ingest, control, registry, store, learner, transport, task, journal, options } = core;
  const now = options.clock.now();
  const devices = [...registry.all()].map((device) => summary(device, now));
  return {
    online: link.online,
    task: task.task,
    ingest: ingest.counts(),
    control: control.counts(),
    missing: devices.reduce((sum, device) => sum + device.missing, 0),
    rows: { held: store.rows, stored: store.stored },
    devices,
    model: learner.latest?.version,
    training: trainingStatus(learner.latest),
    refetch: core.refetch.status(),
    traffic: transport.traffic(),
    log: journal.status(),
    levels: core.follower?.status(),
  };
}

/** Told late, so that whoever reads the events is there. */
function tellFindings({ hub, findings }: Parts): void {
  for (const damage of findings.damage) hub.emit({ type: "damage", ...damage });
  for (const lost of findings.lost) hub.emit({ type: "lost", ...lost });
}

function createFollower(parts: Parts, configurator: Configurator): LevelFollower | undefined {
  const { options, registry, task, control, hub } = parts;
  if (!options.levels.follow) return undefined;
  const ports = {
    clock: options.clock,
    registry,
    configurator,
    task: () => task.task,
    published: (epoch, channels) => hub.emit({ type: "levels", epoch, channels }),
    refused: (device, error) => {
      control.malformed();
      hub.emit({ type: "refused", device, reason: error.message, error });
    },
    failed: (error) => hub.emit({ type: "error", error }),
  } satisfies FollowerPorts;
  return createLevelFollower(ports, options.levels);
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
  const configurator = createConfigurator(
    {
      clock: options.clock,
      topics: options.topics,
      group,
      link: { publish: (address, kind, message) => link.publish(address, kind, message) },
      isKnown: (device) => parts.registry.get(device) !== undefined,
      mostUnknown: options.limits.devices,
      failed: (error) => hub.emit({ type: "error", error }),
    },
    options.thin,
  );
  const follower = createFollower(parts, configurator);
  const routing = { ...parts, configurator, follower }; // made once, not for every message
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
        route(routing, address, message);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        const device = "device" in address ? address.device : undefined;
        parts.control.malformed();
        hub.emit({ type: "refused", device, reason: error.message, error });
      }
    },
    failed: (error) => hub.emit({ type: "error", error }),
  });
  outlet.link = link;
  return { ...parts, configurator, follower, transport, link };
}

/** Sends the last receipts, says goodbye, and writes the last checkpoint. */
export async function stopCore(core: Core, closeBroker: () => Promise<void>): Promise<void> {
  const { receipts, learner, journal, link, hub } = core;
  core.configurator.stop();
  core.follower?.stop();
  receipts.stop();
  await learner.stop();
  await journal.idle();
  receipts.flush();
  await link.close();
  await closeBroker();
  await journal.close();
  hub.close();
}
