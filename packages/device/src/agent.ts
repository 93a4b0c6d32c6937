import { createEventHub, type EventHub, encodeMessage, type MessageOf, type Transport } from "@zipml/protocol";
import { birthMessages } from "./birth.ts";
import { type Configuration, createConfiguration } from "./configuration.ts";
import { createDelivery, type Delivery } from "./delivery.ts";
import { createDrain, type Drain } from "./drain.ts";
import { createDropWatch, type DropWatch, droppedField } from "./drop-watch.ts";
import { createGridBook, type GridBook } from "./grid-book.ts";
import { createHistograms, type Histograms } from "./histograms.ts";
import { createHistory } from "./history.ts";
import { createIntake } from "./intake.ts";
import type { Intake } from "./intake-ports.ts";
import { createDeviceLink, type DeviceLink, type Incoming } from "./link.ts";
import { createModels, type Models } from "./models.ts";
import type { ResolvedOptions } from "./options.ts";
import { createPresence, type Presence } from "./presence.ts";
import { createRefetch, type Refetch } from "./refetch.ts";
import { inheritedThin } from "./session-stream.ts";
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
  readonly drops: DropWatch;
  /** Undefined where no counts are shipped. */
  readonly histograms: Histograms | undefined;
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
  readonly presence: Presence;
  readonly refetch: Refetch;
  readonly histograms: Histograms | undefined;
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

/** @param stored Told when something was put into the outbox. */
function createCore(options: ResolvedOptions, stored: () => void): Core {
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
      quarantined: (frame) => {
        hub.emit({ type: "quarantined", ...frame });
        drain.check();
      },
      failed: fail,
    },
    options.delivery,
  );
  const book = createGridBook(options.schema, options.grid, inheritedThin(options));
  const { everySeconds, minimum } = options.levels;
  const histograms =
    everySeconds > 0 ? createHistograms(options.schema, () => book.quantizer.grid, minimum) : undefined;
  const history = createHistory(options.schema);
  const intake = createIntake(options, book, startedAt, {
    sealed: ({ session, sequence, rows, bytes }) => {
      hub.emit({ type: "sealed", session, sequence, rows, bytes: bytes.length });
      if (session === options.session) delivery.sealed({ session, sequence });
      else delivery.wake();
    },
    stored,
    kept: (frame, rows) => refetch.keep(frame, rows),
    accepted: (told, read) => {
      histograms?.count(told); // levels are for what is sent
      history.add(read);
    },
    mayReplace: (id) => delivery.mayReplace(id),
    failed: fail,
  });
  const channels = options.schema.channels.length;
  const seal = intake.answer.bind(intake);
  const refetch: Refetch = createRefetch(options.refetchBytes, { session: options.session, channels, seal });
  const configuration = createConfiguration(intake, book);
  const drain: Drain = createDrain(outbox, delivery.isQuarantined.bind(delivery));
  const models = createModels(history);
  const presence = createPresence();
  const parts = { options, startedAt, hub, transport, book, intake, configuration, delivery, drain, models };
  return { ...parts, presence, refetch, histograms, fail };
}

function statusOf(core: Core, state: DeviceStatus["state"]): DeviceStatus {
  return {
    state,
    session: core.options.session,
    grid: core.book.quantizer.grid.epoch,
    thin: core.book.thin,
    desired: core.configuration.version,
    model: core.models.current?.version,
    ...core.intake.counts(),
    ...core.delivery.counts(),
    refetch: core.refetch.counts(),
    dropped: core.options.outbox.dropped(),
    quarantined: core.delivery.quarantined,
    quarantine: core.delivery.quarantine(),
    queued: core.options.outbox.usage(),
    traffic: core.transport.traffic(),
  };
}

function healthOf(core: Core, status: DeviceStatus): MessageOf<"health"> {
  const { session, sequence, accepted, refused, clipped, queued, published, resent, receipted, model, traffic } =
    status;
  const { thinned, quarantine, refetch } = status;
  const reason = quarantine.reason?.slice(0, longestReason);
  const { refused: denied, hangUps } = quarantine;
  return {
    session,
    // The start is a whole number, and may have been rounded up.
    uptime: Math.max(0, Math.round(core.options.clock.now() - core.startedAt)),
    sequence,
    accepted,
    refused: { total: Object.values(refused).reduce((sum, count) => sum + count, 0), reasons: refused },
    clipped,
    queued: { rows: queued.rows, frames: queued.frames, bytes: queued.bytes },
    published,
    resent,
    receipted,
    dropped: droppedField(status.dropped),
    thinned,
    refetch,
    quarantined: { refused: denied, hangUps, ...(reason ? { reason } : {}) },
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
  const { changed, ...applied } = outcome;
  const { status: _, ...told } = applied;
  core.hub.emit({ type: "applied", ...told });
  if (changed) await link.rebirth();
  await link.publish("reported", { session, ...applied });
}

async function obey(core: Core, link: DeviceLink, command: MessageOf<"command">): Promise<void> {
  switch (command.name) {
    case "birth":
      await link.rebirth();
      return;
    case "resend":
      core.delivery.resend(command.session, command.ranges);
      return;
    case "refetch":
      await core.refetch.answer(command.session, command.rows);
  }
}

async function receive(core: Core, link: DeviceLink, incoming: Incoming): Promise<void> {
  switch (incoming.kind) {
    case "receipt": {
      const frames = await core.delivery.receipt(incoming.message);
      core.intake.receipted(incoming.message);
      core.refetch.receipted(incoming.message);
      if (frames > 0) core.hub.emit({ type: "receipted", frames });
      core.drain.check();
      return;
    }
    case "model": {
      const predictor = core.models.take(incoming.message, incoming.own);
      if (predictor !== undefined) core.hub.emit({ type: "model", version: predictor.version, hash: predictor.hash });
      return;
    }
    case "state":
      core.presence.take(incoming.message);
      core.delivery.hold(core.options.delivery.waitForGateway && core.presence.isAway);
      return;
    case "command":
      await obey(core, link, incoming.message);
      return;
    case "desired":
      await configure(core, link, incoming.message, incoming.own);
      return;
    case "unreadable":
      await refuse(core, link, incoming.version, incoming.reason);
  }
}

/** The first attempt to note the session: birth waits for it, and goes out also where the disk takes nothing. */
async function noteOrTell({ intake, fail }: Core): Promise<void> {
  try {
    await intake.noted();
  } catch (error) {
    fail(error);
  }
}

function createDrops(core: Core, declare: () => Promise<unknown>): DropWatch {
  const { options, hub, drain, fail } = core;
  return createDropWatch({
    outbox: options.outbox,
    clock: options.clock,
    dropped: (drops) => {
      hub.emit({ type: "dropped", ...drops });
      drain.check(); // what is gone is not waited for
    },
    declare,
    failed: fail,
  });
}

/**
 * Makes the parts of a device and connects it.
 *
 * @param options Checked options.
 */
export function startAgent(options: ResolvedOptions): Agent {
  const core = createCore(options, () => drops.check());
  const { startedAt, hub, book, configuration, delivery, intake, drain, models, histograms, fail } = core;
  let state: DeviceStatus["state"] = "offline";
  const status = (): DeviceStatus => statusOf(core, state);
  const health = (): MessageOf<"health"> => healthOf(core, status());
  const drops = createDrops(core, () => link.publish("health", health()));
  const link: DeviceLink = createDeviceLink(core.transport, options, {
    noted: () => noteOrTell(core),
    births: () => birthMessages(options, startedAt, book.grids, configuration.version),
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
  // Rows that a restart left unsealed go before all that comes now.
  if (options.outbox.usage().rows > 0) intake.recover().catch(fail);
  return { options, startedAt, hub, intake, delivery, drain, models, drops, histograms, link, status, health };
}
