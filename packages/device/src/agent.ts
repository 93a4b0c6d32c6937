import { createEventHub, type EventHub, encodeMessage, type MessageOf, type Transport } from "@zipml/protocol";
import { type Configuration, createConfiguration } from "./configuration.ts";
import { createDelivery, type Delivery } from "./delivery.ts";
import { createDrain, type Drain } from "./drain.ts";
import { createGridBook, type GridBook } from "./grid-book.ts";
import { createIntake, type Intake } from "./intake.ts";
import { createDeviceLink, type DeviceLink, type Incoming } from "./link.ts";
import { createModels, type Models } from "./models.ts";
import type { ResolvedOptions } from "./options.ts";
import type { DeviceEvent, DeviceStatus } from "./status.ts";

/** Longest reason that `reported` carries. */
const longestReason = 256;

/** The parts of a running device, wired to each other. */
export interface Agent {
  readonly options: ResolvedOptions;
  /** The session's start, ms since 1970. */
  readonly startedAt: number;
  readonly hub: EventHub<DeviceEvent>;
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly drain: Drain;
  readonly models: Models;
  readonly link: DeviceLink;
  status(): DeviceStatus;
  health(): MessageOf<"health">;
}

/** What is made before the link, which needs all of it. */
interface Core {
  readonly options: ResolvedOptions;
  readonly startedAt: number;
  readonly hub: EventHub<DeviceEvent>;
  readonly transport: Transport;
  readonly book: GridBook;
  readonly intake: Intake;
  readonly configuration: Configuration;
  readonly delivery: Delivery;
  readonly drain: Drain;
  readonly models: Models;
  fail(error: unknown): void;
}

function openTransport({ transport, topics, group, id, session }: ResolvedOptions): Transport {
  return transport({
    clientId: `${group}.${id}`,
    will: {
      topic: topics.build({ kind: "death", group, device: id }),
      payload: encodeMessage("death", { session, reason: "lost" }),
      qos: 1,
      retain: true,
    },
  });
}

function createCore(options: ResolvedOptions): Core {
  const { outbox, clock, topics, group, id } = options;
  const startedAt = Math.round(clock.now());
  const hub = createEventHub<DeviceEvent>();
  const fail = (error: unknown): void => hub.emit({ type: "error", error });
  const transport = openTransport(options);
  const dataTopic = topics.build({ kind: "data", group, device: id });
  const delivery = createDelivery(
    {
      outbox,
      clock,
      publish: (frame) => transport.publish(dataTopic, frame.bytes, { qos: 1, retain: false }),
      failed: fail,
    },
    options.delivery,
  );
  const book = createGridBook(options.schema, options.grid);
  const intake = createIntake(options, book, startedAt, {
    sealed: ({ sequence, rows, bytes }) => {
      hub.emit({ type: "sealed", sequence, rows, bytes: bytes.length });
      delivery.wake();
    },
    failed: fail,
  });
  const configuration = createConfiguration(intake, book);
  const drain = createDrain(outbox);
  const models = createModels();
  return { options, startedAt, hub, transport, book, intake, configuration, delivery, drain, models, fail };
}

function birthOf({ options, startedAt, book, configuration }: Core): MessageOf<"birth"> {
  const { session, schema, software } = options;
  const desired = configuration.version;
  return {
    session,
    startedAt,
    schema,
    grids: book.grids,
    software,
    ...(desired === undefined ? {} : { desired }),
  };
}

function statusOf(core: Core, state: DeviceStatus["state"]): DeviceStatus {
  return {
    state,
    session: core.options.session,
    grid: core.book.quantizer.grid.epoch,
    desired: core.configuration.version,
    model: core.models.current?.version,
    ...core.intake.counts(),
    ...core.delivery.counts(),
    queued: core.options.outbox.usage(),
    traffic: core.transport.traffic(),
  };
}

function healthOf(core: Core, status: DeviceStatus): MessageOf<"health"> {
  const { session, sequence, accepted, refused, clipped, queued, published, resent, receipted, model, traffic } =
    status;
  return {
    session,
    uptime: core.options.clock.now() - core.startedAt,
    sequence,
    accepted,
    refused: { total: Object.values(refused).reduce((sum, count) => sum + count, 0), reasons: refused },
    clipped,
    queued: { rows: queued.rows, frames: queued.frames, bytes: queued.bytes },
    published,
    resent,
    receipted,
    dropped: { rows: 0 }, // the outbox refuses when it is full: nothing that was accepted is dropped
    ...(model === undefined ? {} : { model }),
    traffic,
  };
}

async function refuse(core: Core, link: DeviceLink, version: number, why: string): Promise<void> {
  const reason = why.slice(0, longestReason);
  core.hub.emit({ type: "refused", version, reason });
  await link.publish("reported", { session: core.options.session, status: "refused", version, reason });
}

async function configure(core: Core, link: DeviceLink, message: MessageOf<"desired">, own: boolean): Promise<void> {
  const { session } = core.options;
  const outcome = await core.configuration.apply(message, own);
  if (outcome === undefined) return;
  const { version } = outcome;
  if (outcome.status === "refused") {
    await refuse(core, link, version, outcome.reason);
    return;
  }
  const { grid, from } = outcome;
  core.hub.emit({ type: "applied", version, grid, from });
  if (outcome.changed) await link.rebirth();
  await link.publish("reported", { session, status: "applied", version, grid, from });
}

async function receive(core: Core, link: DeviceLink, incoming: Incoming): Promise<void> {
  switch (incoming.kind) {
    case "receipt": {
      const frames = await core.delivery.receipt(incoming.message);
      if (frames > 0) core.hub.emit({ type: "receipted", frames });
      core.drain.check();
      return;
    }
    case "model": {
      const { version, hash } = core.models.take(incoming.message, incoming.own);
      core.hub.emit({ type: "model", version, hash });
      return;
    }
    case "command":
      if (incoming.message.name === "birth") await link.rebirth();
      else core.delivery.resend(incoming.message.session, incoming.message.ranges);
      return;
    case "desired":
      await configure(core, link, incoming.message, incoming.own);
      return;
    case "unreadable":
      await refuse(core, link, incoming.version, incoming.reason);
  }
}

/**
 * Makes the parts of a device and connects it.
 *
 * @param options Checked options.
 */
export function startAgent(options: ResolvedOptions): Agent {
  const core = createCore(options);
  const { hub, delivery, intake, drain, models, fail } = core;
  let state: DeviceStatus["state"] = "offline";
  const status = (): DeviceStatus => statusOf(core, state);
  const health = (): MessageOf<"health"> => healthOf(core, status());
  const link: DeviceLink = createDeviceLink(core.transport, options, {
    birth: () => birthOf(core),
    ready: (protocol) => {
      state = "online";
      hub.emit({ type: "online", protocol });
      delivery.resume();
      link.publish("health", health()).catch(fail);
    },
    offline: (reason) => {
      state = "offline";
      delivery.pause();
      hub.emit({ type: "offline", reason });
    },
    incoming: (incoming) => {
      receive(core, link, incoming).catch(fail);
    },
    failed: fail,
  });
  return { options, startedAt: core.startedAt, hub, intake, delivery, drain, models, link, status, health };
}
