import type { FaultFleet, Role } from "./fault-fleet.ts";
import { type Balance, balance, readAccepted } from "./ledger.ts";
import type { GatewayReport, TrainedReport } from "./messages.ts";
import { distinctFrames, type LoggedFrame, type LoggedStore, readStore } from "./stored.ts";
import { trainTwin } from "./twin.ts";

/** What a scenario came to. */
export interface Outcome {
  readonly scenario: string;
  readonly seconds: number;
  /** What is printed, in order. */
  readonly counts: Readonly<Record<string, number | string>>;
  /** What does not hold; empty where all holds. */
  readonly violations: readonly string[];
}

/** What an undisturbed end looks like. */
export interface Settled {
  readonly window: number;
  readonly balance: Balance;
  readonly store: LoggedStore;
  readonly report: GatewayReport;
  readonly trained: TrainedReport;
  readonly twin: TrainedReport;
  readonly restarted: TrainedReport | undefined;
  readonly retrained: TrainedReport;
  /** A twin without the newest frames: it must differ, or the comparison would prove nothing. */
  readonly control: TrainedReport | undefined;
}

/** What may differ from one scenario to the next. */
export interface SettleOptions {
  readonly seed: string;
  /** Most rows that a device has under way. */
  readonly burst?: number;
  /** Longest wait for all receipts, ms. */
  readonly timeout?: number;
  /** Trains another twin that lacks frames. */
  readonly control?: boolean;
}

/** All but each device's newest: one of these is the newest of all, which any window holds. */
function withoutNewest(frames: readonly LoggedFrame[]): readonly LoggedFrame[] {
  const newest = new Map<string, LoggedFrame>();
  for (const frame of frames) {
    const known = newest.get(frame.device);
    const isNewer =
      known === undefined ||
      frame.session > known.session ||
      (frame.session === known.session && frame.sequence > known.sequence);
    if (isNewer) newest.set(frame.device, frame);
  }
  return frames.filter((frame) => newest.get(frame.device) !== frame);
}

async function acceptedBy(fleet: FaultFleet): Promise<Map<string, Set<number>>> {
  const accepted = new Map<string, Set<number>>();
  for (const { id, ledger } of fleet.devices) accepted.set(id, await readAccepted(ledger));
  return accepted;
}

/** Ends the pushing, waits for all receipts, trains, and compares with the ledgers and with an undisturbed twin. */
export async function settle(fleet: FaultFleet, options: SettleOptions): Promise<Settled> {
  const { seed, burst = 4, timeout = 120_000, control = false } = options;
  await fleet.drain(timeout);
  const trained = await fleet.gateway<TrainedReport>("train", 300_000);
  const report = await fleet.gateway("report");
  await fleet.stopGateway();
  const store = await readStore(await fleet.keptLog());
  const frames = distinctFrames(store.frames);
  // What a start on the same folder has, and makes.
  fleet.startGateway();
  const restarted = await fleet.gateway<TrainedReport | undefined>("model");
  const retrained = await fleet.gateway<TrainedReport>("train", 300_000);
  const twin = await trainTwin(frames, store.notes, seed, fleet.window);
  return {
    window: fleet.window,
    balance: balance(await acceptedBy(fleet), frames, burst),
    store,
    report,
    trained,
    twin,
    restarted,
    retrained,
    control: control ? await trainTwin(withoutNewest(frames), store.notes, seed, fleet.window) : undefined,
  };
}

/** What of it does not hold. */
export function violationsOf(settled: Settled): string[] {
  const { balance: sums, store, report, trained, twin, restarted, retrained, control } = settled;
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const { lost, duplicated, unexpected, stored, accepted } = sums;
  must(accepted > 0, "no row was accepted");
  must(lost === 0, `${lost} accepted rows are not stored: ${sums.examples.join(", ")}`);
  must(duplicated === 0, `${duplicated} rows are stored more than once: ${sums.examples.join(", ")}`);
  must(unexpected === 0, `${unexpected} rows were stored that nobody pushed: ${sums.examples.join(", ")}`);
  must(report.rows === stored, `the gateway counts ${report.rows} rows, its log has ${stored}`);
  const trainable = Math.min(stored, settled.window);
  must(trained.rows === trainable, `${trained.rows} rows were trained on, not ${trainable}`);
  must(report.missing === 0, `${report.missing} frames are missing at the end`);
  must(report.damage.frames === 0, `${report.damage.frames} frames of the log are damaged`);
  must(report.unusable === 0, `${report.unusable} devices were called unusable`);
  must(trained.hash === twin.hash, `model ${trained.hash} is not the twin's ${twin.hash}`);
  must(trained.model === twin.model, "the master model differs from the twin's");
  must(restarted?.hash === trained.hash, `a restart has model ${restarted?.hash}, not ${trained.hash}`);
  must(retrained.model === trained.model, "training after a restart gives another model");
  must(
    control?.hash !== trained.hash,
    "a twin that lacks the newest frames has the same model: the comparison is blind",
  );
  const twice = store.frames.length - distinctFrames(store.frames).length;
  must(twice === 0, `${twice} frames lie in the log twice`);
  return wrong;
}

/** Counts of a fleet's run. */
export function countsOf(fleet: FaultFleet, settled: Settled): Record<string, number | string> {
  const { balance: sums, store, trained } = settled;
  const { kills, counts, proxy } = fleet;
  const killed = (Object.keys(kills) as Role[]).map((role) => `${role} ${kills[role]}`).join(", ");
  const network = proxy?.counts();
  return {
    "rows accepted": sums.accepted,
    "rows stored": sums.stored,
    lost: sums.lost,
    duplicated: sums.duplicated,
    "stored, push not confirmed before a kill": sums.unconfirmed,
    unexpected: sums.unexpected,
    frames: store.frames.length,
    "log segments": store.segments,
    "log bytes": store.bytes,
    killed,
    "frames resent": counts.resent,
    "duplicates suppressed": counts.suppressed,
    deferred: counts.deferred,
    "messages refused": counts.refused,
    ...(network === undefined
      ? {}
      : {
          network: Object.entries(network)
            .map(([name, count]) => `${name} ${count}`)
            .join(", "),
        }),
    model: trained.hash.slice(0, 16),
    ...Object.fromEntries(Object.entries(counts.errors).map(([text, count]) => [`told: ${text}`, count])),
  };
}
