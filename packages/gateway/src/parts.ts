import { createEventHub, cryptoRandom, type EventHub, type Link } from "@zipml/protocol";
import { GatewayError } from "./errors.ts";
import { type ControlGate, createControlGate } from "./ingest/control.ts";
import { createGroupTask, type GroupTask } from "./ingest/group-task.ts";
import { createIngest, type Ingest } from "./ingest/ingest.ts";
import { createReceipts, type Receipts } from "./ingest/receipts.ts";
import { createRecovery, type Recovery } from "./ingest/recovery.ts";
import { createRegistry, type Registry } from "./ingest/registry.ts";
import { createLearner, type Learner } from "./learner.ts";
import { openJournal } from "./log/disk-journal.ts";
import { type LogFiles, systemFiles } from "./log/files.ts";
import { type Findings, type Journal, memoryJournal } from "./log/journal.ts";
import type { ResolvedGatewayOptions } from "./options.ts";
import { createRefetch, type Refetch } from "./refetch/refetch.ts";
import { createSampleStore, type SampleStore } from "./sample-store.ts";
import type { GatewayEvent } from "./status.ts";

/** The parts of a gateway, wired to each other, before there is a link. */
export interface Parts {
  readonly options: ResolvedGatewayOptions;
  readonly hub: EventHub<GatewayEvent>;
  readonly registry: Registry;
  readonly store: SampleStore;
  readonly task: GroupTask;
  readonly ingest: Ingest;
  readonly control: ControlGate;
  readonly receipts: Receipts;
  readonly learner: Learner;
  readonly refetch: Refetch;
  readonly journal: Journal;
  readonly recovery: Recovery;
  /** What was found wrong with the log. */
  readonly findings: Findings;
  readonly outlet: Outlet;
}

/** How the parts publish, once the link is there. */
export interface Outlet {
  link: Link | undefined;
}

type Hub = EventHub<GatewayEvent>;

function createDesk(
  { group, limits, clock, receipts: pace }: ResolvedGatewayOptions,
  outlet: Outlet,
  hub: Hub,
  journal: Journal,
) {
  const failed = (error: unknown): void => hub.emit({ type: "error", error });
  const registry = createRegistry(limits, (device, record) => {
    const { session, sequences } = record;
    receipts.forget(record);
    journal.forget(device.id, session, sequences);
    hub.emit({ type: "forgotten", device: device.id, session });
  });
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
      gap: (device, { session, sequences }, age) =>
        hub.emit({ type: "gap", device, session, missing: sequences.missing, age }),
    },
    pace,
  );
  return { failed, registry, command, receipts };
}

function createParts(options: ResolvedGatewayOptions, hub: Hub, journal: Journal): Omit<Parts, "findings"> {
  const { clock, group, window, limits, training } = options;
  const outlet: Outlet = { link: undefined };
  const { failed, registry, command, receipts } = createDesk(options, outlet, hub, journal);
  const store = createSampleStore(window, journal.saved.rows);
  const task = createGroupTask(training, (made) => hub.emit({ type: "task", task: made }));
  const unusable = (device: string, reason: string): void => hub.emit({ type: "unusable", device, reason });
  const refetch = createRefetch({ clock, command }, options.refetch);
  const ingest = createIngest({
    clock,
    registry,
    limits,
    task,
    command,
    unusable,
    log: journal,
    store: (frame) => {
      store.add(frame);
      const { device, session, sequence, rows } = frame;
      hub.emit({ type: "stored", device, session, sequence, rows });
      learner.grown();
    },
    answered: refetch.take,
    receipt: receipts.mark,
    refused: (device, error) => hub.emit({ type: "refused", device, reason: error.message, error }),
  });
  const control = createControlGate({
    clock,
    registry,
    limits,
    refused: (device, reason) =>
      hub.emit({ type: "refused", device, reason, error: new GatewayError("limit", `device ${device}: ${reason}`) }),
  });
  const learner = createLearner(
    {
      clock,
      store,
      failed,
      exactRows: refetch.rowsOf,
      task: () => task.task,
      checkpoint: (trained) => journal.checkpoint(trained).catch(failed),
      publish: (message) => {
        outlet.link?.publish({ kind: "model", audience: "all", group }, "model", message).catch(failed);
      },
      trained: (model) => hub.emit({ type: "trained", model }),
    },
    options,
  );
  const recovery = createRecovery({ registry, task, unusable, store: store.add, answered: refetch.restore });
  return {
    options,
    hub,
    registry,
    store,
    task,
    ingest,
    control,
    receipts,
    learner,
    refetch,
    journal,
    recovery,
    outlet,
  };
}

async function openLog(options: ResolvedGatewayOptions, hub: Hub, files: LogFiles): Promise<Journal> {
  const { directory, clock, log, training } = options;
  if (directory === undefined) return memoryJournal();
  return openJournal({
    directory,
    clock,
    options: log,
    files,
    random: cryptoRandom(),
    seed: training.seed ?? 1,
    failing: (failing) => hub.emit({ type: "log", failing }),
    failed: (error) => hub.emit({ type: "error", error }),
  });
}

/**
 * Makes the parts of a gateway; with a directory, brings back what an earlier run has stored.
 *
 * @param options Checked options.
 * @param files The file system of the log.
 * @throws `LogError` where the directory can't be used.
 */
export async function openParts(options: ResolvedGatewayOptions, files = systemFiles()): Promise<Parts> {
  const hub = createEventHub<GatewayEvent>();
  const journal = await openLog(options, hub, files);
  try {
    const parts = createParts(options, hub, journal);
    const findings = await journal.recover(parts.recovery, parts.store.isPast);
    parts.learner.resume(journal.saved, parts.task.task);
    if (parts.store.stored > 0) parts.learner.grown(); // what had come before the end may be due
    return { ...parts, findings };
  } catch (error) {
    await journal.close();
    throw error;
  }
}
