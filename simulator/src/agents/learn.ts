import { createGateway, type Gateway } from "@zipml/gateway";
import { hashOrder, lagValues, type Rows, rawRows, taskOf } from "@zipml/gateway/data";
import { packedEngine } from "@zipml/gateway/engines";
import { createEmulatedCard, fpgaEngine, platformNamed } from "@zipml/gateway/fpga";
import {
  type Engine,
  type Evaluation,
  evaluate,
  type LagLayout,
  type LinearModel,
  layOutLags,
  referenceEngine,
  rowsWithHistory,
  type Task,
  TrainingError,
  train,
} from "@zipml/gateway/train";
import type { Transport } from "@zipml/protocol";
import { createMemoryBroker, createVirtualClock } from "@zipml/protocol/memory";
import { simulatedEpoch } from "../engine/control-size.ts";
import { SimulationError } from "../scenario/errors.ts";
import { groupName } from "../scenario/fleet.ts";
import type { Scenario, TrainingChoice } from "../scenario/scenario.ts";
import { microsecond, type Weather } from "../scenario/weather.ts";
import type { Readings } from "./readings.ts";
import { type AgentFrame, type AgentRun, quietTraining, upTopic } from "./run-agents.ts";

/** A frame of an agent that came through. */
export interface Arrival {
  readonly frame: AgentFrame;
  /** Time at the gateway, whole µs from the simulation's start. */
  readonly atUs: number;
}

/** What was learnt by one time. */
export interface LearningPoint {
  readonly hours: number;
  /** Frames and rows that had arrived. */
  readonly frames: number;
  readonly rows: number;
  /** On the exact readings of the agents kept for the test; undefined where there was too little to train on. */
  readonly test: Evaluation | undefined;
}

/** What a group has learnt from the frames that arrived. */
export interface Learning {
  readonly points: readonly LearningPoint[];
  /** The model at the end; undefined where there was too little to train on. */
  readonly model: LinearModel | undefined;
  /** Of the same rows in full precision, none of them lost. */
  readonly full: Evaluation;
  /** Loss at the end over that of full precision, less 1; null without a model. */
  readonly excess: number | null;
  /** What the trainer says of the last model. */
  readonly warnings: readonly string[];
}

/** What {@link learn} needs. */
export interface LearnOptions {
  readonly scenario: Scenario;
  readonly group: number;
  readonly weather: Weather;
  readonly readings: Readings;
  /** Devices that train. */
  readonly agents: readonly number[];
  /** Devices kept for the test. */
  readonly testers: readonly number[];
  readonly run: AgentRun;
  readonly arrivals: readonly Arrival[];
}

/**
 * Shares the agents of a group out: those that train, and those kept for the test, spread evenly.
 *
 * @param agents Their numbers.
 * @param testShare Share kept for the test, 0.01 to 0.9: at least one, and at least one trains.
 */
export function shareAgents(
  agents: readonly number[],
  testShare: number,
): { readonly training: readonly number[]; readonly testers: readonly number[] } {
  const count = Math.max(1, Math.min(agents.length - 1, Math.round(agents.length * testShare)));
  const chosen = new Set(
    Array.from({ length: count }, (_, i) => agents[Math.floor(((i + 0.5) * agents.length) / count)]),
  );
  return {
    training: agents.filter((agent) => !chosen.has(agent)),
    testers: agents.filter((agent) => chosen.has(agent)),
  };
}

/** A card that hangs is no part of a simulation: nothing has to be waited out. */
const patience = { sleep: () => new Promise<never>(() => {}) };

/** The engine of a scenario; `fpga` is an emulated card harp-v1 with lanes of pairs for `double`, and of codes else. */
export function engineOf({ engine, estimator }: Pick<TrainingChoice, "engine" | "estimator">): Engine {
  if (engine === "reference") return referenceEngine();
  if (engine === "packed") return packedEngine({ threads: 1 });
  const card = createEmulatedCard({ platform: platformNamed("harp-v1") });
  return fpgaEngine({ card, clock: patience, layout: estimator === "double" ? "pairs" : "code" });
}

/** The task's columns: features, then the target unless it is one of them. */
function columnsOf(scenario: Scenario): { readonly names: readonly string[]; readonly task: Task } {
  const { features = [], target = "" } = quietTraining(scenario);
  const isOwn = features.includes(target);
  const names = isOwn ? features : [...features, target];
  const column = (name: string) => ({ name, unit: "", column: names.indexOf(name) });
  return { names, task: isOwn ? { features: features.map(column), target: column(target) } : taskOf(names) };
}

/** Exact rows of devices over the whole run, in the schema's units, and how many each has. */
function exactRows({ scenario, readings, weather }: LearnOptions, devices: readonly number[]) {
  const { names } = columnsOf(scenario);
  const places = names.map((name) => scenario.schema.findIndex((channel) => channel.name === name));
  const end = scenario.durationHours * 3600 * microsecond;
  const interval = Math.round(scenario.sensors.intervalSeconds * 1000) * 1000;
  const counts = devices.map((device) => Math.ceil((end - weather.startOf(device)) / interval));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const values = new Float64Array(total * names.length);
  let at = 0;
  for (const [i, device] of devices.entries()) {
    const source = readings.of(device);
    for (let row = 0; row < (counts[i] ?? 0); row++) {
      const full = source.next();
      for (const place of places) values[at++] = full[place] as number;
    }
  }
  return { rows: { names, values } satisfies Rows, runs: counts };
}

/** Rows as the model looks at them: with their lags, where it has any. */
function lookedAt({ rows, runs }: ReturnType<typeof exactRows>, layout: LagLayout | undefined): Rows {
  if (layout === undefined) return rows;
  return lagValues(rows, layout, rowsWithHistory(runs, layout.lags));
}

function shuffled({ names, values }: Rows): Rows {
  const width = names.length;
  const order = hashOrder(values.length / width);
  const mixed = new Float64Array(values.length);
  for (const [to, from] of order.entries()) mixed.set(values.subarray(from * width, (from + 1) * width), to * width);
  return { names, values: mixed };
}

/** Options of training that the scenario names, for the gateway and for full precision alike. */
export function howToTrain(training: TrainingChoice, seed: string) {
  const { loss, solver, epochs, batch } = training;
  return { loss, solver, epochs, batch, seed };
}

async function fullPrecision(
  options: LearnOptions,
  training: TrainingChoice,
  layout: LagLayout | undefined,
  task: Task,
) {
  const { source } = rawRows(shuffled(lookedAt(exactRows(options, options.agents), layout)));
  const { model } = await train({
    ...howToTrain(training, options.scenario.seed),
    source,
    task,
    estimator: "full",
    engine: referenceEngine(),
  });
  return model;
}

/** A gateway on a clock and broker of its own, to which frames are brought as they arrive. */
async function openGateway({ scenario, group, run }: LearnOptions, training: TrainingChoice) {
  const clock = createVirtualClock(simulatedEpoch);
  const broker = createMemoryBroker({ clock });
  const gateway = await createGateway({
    group: groupName(group),
    transport: broker.connector(),
    clock,
    training: {
      ...quietTraining(scenario),
      ...howToTrain(training, scenario.seed),
      engine: engineOf(training),
    },
  });
  const ready = gateway.ready();
  await clock.settle();
  await ready;
  const bridge = broker.connector()({ clientId: "bridge" });
  for await (const event of bridge.events()) if (event.type === "online") break;
  for (const { device, bytes } of run.births)
    await bridge.publish(upTopic("birth", group, device), bytes, { qos: 1, retain: true });
  return { clock, gateway, bridge };
}

async function bring(bridge: Transport, group: number, arrivals: readonly Arrival[]): Promise<void> {
  for (const { frame } of arrivals)
    await bridge.publish(upTopic("data", group, frame.device), frame.bytes, { qos: 1, retain: false });
}

/** The model of what has arrived; none where that is too little. */
async function trainNow(gateway: Gateway): Promise<Pick<Learning, "model" | "warnings">> {
  const { held } = gateway.status().rows;
  if (held < 2) return { model: undefined, warnings: [`${held} rows have arrived: too few to train on`] };
  try {
    const { model, warnings } = await gateway.train();
    return { model, warnings };
  } catch (error) {
    // A few rows in a few bits can be alike, or worse than none: the gateway then publishes no model either.
    if (error instanceof TrainingError && (error.code === "diverged" || error.code === "target"))
      return { model: undefined, warnings: [error.message] };
    throw error;
  }
}

/**
 * Trains a group's gateway on the frames that arrived, as time goes on, and in full precision on the exact rows of the same
 * devices. Rows are trained on in the order device, session, sequence and row, so that only which frames arrived counts.
 *
 * @throws {@link SimulationError} `scenario` without training; what the trainer throws, as for an engine that can't run it.
 */
export async function learn(options: LearnOptions): Promise<Learning> {
  const { scenario, arrivals } = options;
  const { training } = scenario;
  if (training === undefined)
    throw new SimulationError("scenario", "is missing: nothing is learnt", { key: "training" });
  const columns = columnsOf(scenario);
  const layout = training.lags > 0 ? layOutLags(columns.task, training.lags) : undefined;
  const test = lookedAt(exactRows(options, options.testers), layout);
  const task = layout === undefined ? columns.task : taskOf(test.names);
  const judge = (model: LinearModel): Evaluation => evaluate(model, task, test.values, test.names.length);
  const full = judge(await fullPrecision(options, training, layout, task));
  const { clock, gateway, bridge } = await openGateway(options, training);
  const ordered = [...arrivals].sort(
    (a, b) => a.atUs - b.atUs || a.frame.device - b.frame.device || a.frame.sequence - b.frame.sequence,
  );
  const points: LearningPoint[] = [];
  let last: Awaited<ReturnType<typeof trainNow>> = { model: undefined, warnings: [] };
  let brought = 0;
  let rows = 0;
  for (let point = 1; point <= training.points; point++) {
    const hours = (scenario.durationHours * point) / training.points;
    const until = ordered.findIndex(({ atUs }) => atUs > hours * 3600 * microsecond);
    const now = ordered.slice(brought, until < 0 ? ordered.length : until);
    await bring(bridge, options.group, now);
    await clock.advance(1000);
    brought += now.length;
    rows += now.reduce((sum, { frame }) => sum + frame.rows, 0);
    last = await trainNow(gateway);
    points.push({ hours, frames: brought, rows, test: last.model && judge(last.model) });
  }
  const closed = Promise.all([bridge.close(), gateway.close()]);
  await clock.advance(10_000);
  await closed;
  const end = points.at(-1)?.test?.loss;
  return { points, ...last, full, excess: end === undefined ? null : end / full.loss - 1 };
}
