import { planTraffic, type TrafficPlan } from "../engine/cells.ts";
import { outcome } from "../engine/outcome.ts";
import { radioPlace } from "../engine/propagation.ts";
import type { MeasuredSizes } from "../engine/size-steps.ts";
import type { TracedFrame } from "../engine/traced-frames.ts";
import type { SimulationResult } from "../results/result.ts";
import { simulateEvents } from "../results/simulate.ts";
import { layOutFleet } from "../scenario/fleet.ts";
import type { FramePlan } from "../scenario/frame-plan.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { createWeather, type Weather } from "../scenario/weather.ts";
import { type Arrival, type Learning, learn, shareAgents } from "./learn.ts";
import { createReadings, type Readings } from "./readings.ts";
import { type AgentRun, runAgents } from "./run-agents.ts";

/** How {@link simulateFleet} runs. None of it changes what comes out. */
export interface SimulateFleetOptions {
  /** Threads, 1 to 64; by default one a processor, and only where there is work for them. */
  readonly workers?: number;
  /** Told what is being done, and how much of it of how much. */
  progress?(stage: SimulationStage, done: number, all: number): void;
  /** Ends the run early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a simulation is at: agents group by group, events cell by cell, learning group by group. */
export type SimulationStage = "agents" | "events" | "learning";

/** What a group has learnt. */
export interface GroupLearning extends Learning {
  readonly group: number;
  /** Devices whose frames were trained on, and devices kept for the test. */
  readonly agents: { readonly training: number; readonly testing: number };
}

/** What a fleet comes to, and what is learnt from it. */
export interface FleetResult extends SimulationResult {
  /** By group; empty without training. */
  readonly learning: readonly GroupLearning[];
}

interface Group {
  readonly number: number;
  readonly training: readonly number[];
  readonly testers: readonly number[];
  readonly run: AgentRun;
}

/** How each device's rows become frames. */
function framePlans(scenario: Scenario, traffic: TrafficPlan, weather: Weather): (device: number) => FramePlan {
  if (traffic.kind === "sessions") return () => traffic.sessions.frames;
  const { factors } = traffic.lorawan;
  const { lorawan } = scenario.links;
  return (device) => {
    const { factor } = radioPlace(lorawan, weather.positionOf(device).metres, weather.shadowOf(device));
    const plan = factors[factor];
    if (plan === undefined) throw new RangeError(`no plan for spreading factor ${factor + 7}`);
    return plan.frames;
  };
}

/** Frames that arrived, with when. */
function arrivalsOf({ frames }: AgentRun, trace: readonly TracedFrame[]): Arrival[] {
  const arrived = new Map<string, number>();
  for (const { device, sequence, outcome: what, arrival } of trace)
    if (what === outcome.received) arrived.set(`${device}/${sequence}`, arrival);
  return frames.flatMap((frame) => {
    const atUs = arrived.get(`${frame.device}/${frame.sequence}`);
    return atUs === undefined ? [] : [{ frame, atUs }];
  });
}

/** Bytes of each agent's frames by sequence. */
function sizesOf(groups: readonly Group[]): MeasuredSizes[] {
  const byDevice = new Map<number, number[]>();
  for (const { run } of groups)
    for (const { device, bytes } of run.frames) {
      const sizes = byDevice.get(device) ?? [];
      byDevice.set(device, sizes);
      sizes.push(bytes.length);
    }
  return [...byDevice].map(([device, sizes]) => ({ device, bytes: Uint32Array.from(sizes) }));
}

async function runGroups(
  scenario: Scenario,
  weather: Weather,
  readings: Readings,
  { progress, signal }: SimulateFleetOptions,
): Promise<Group[]> {
  const layout = layOutFleet(scenario);
  const planOf = framePlans(scenario, planTraffic({ scenario }), weather);
  const groups: Group[] = [];
  for (let number = 0; number < layout.groups; number++) {
    signal?.throwIfAborted();
    const all = layout.agentsOf(number);
    const { training, testers } =
      scenario.training === undefined ? { training: all, testers: [] } : shareAgents(all, scenario.training.testShare);
    const run = await runAgents({ scenario, group: number, agents: training, planOf, weather, readings });
    groups.push({ number, training, testers, run });
    progress?.("agents", number + 1, layout.groups);
  }
  return groups;
}

/**
 * Simulates a scenario at both depths. The agents of each group run the real device code; every device, they among them,
 * is then simulated event by event with the bytes that the codec or the agents say; and the agents' frames that come
 * through are trained on. Agents run only where something hangs on them: with training, or a coding whose sizes depend on
 * the readings.
 *
 * @param scenario The scenario, of mode `events`.
 * @param options Threads, progress, a signal.
 * @throws SimulationError as `simulateEvents`; DataError for a file of readings.
 */
export async function simulateFleet(scenario: Scenario, options: SimulateFleetOptions = {}): Promise<FleetResult> {
  const { workers, progress, signal } = options;
  const isMeasured = scenario.grid.coding !== "packed";
  const weather = createWeather(scenario);
  const isRun = scenario.fleet.agents > 0 && (isMeasured || scenario.training !== undefined);
  const readings = isRun ? await createReadings(scenario, weather) : undefined;
  const groups = readings === undefined ? [] : await runGroups(scenario, weather, readings, options);
  const { result, trace } = await simulateEvents(scenario, {
    traced: groups.flatMap(({ training }) => training),
    ...(isMeasured && isRun ? { measured: sizesOf(groups) } : {}),
    ...(workers === undefined ? {} : { workers }),
    ...(signal === undefined ? {} : { signal }),
    progress: (done, cells) => progress?.("events", done, cells),
  });
  const learning: GroupLearning[] = [];
  for (const { number, training, testers, run } of groups) {
    if (scenario.training === undefined || readings === undefined || testers.length === 0) break;
    signal?.throwIfAborted();
    const arrivals = arrivalsOf(run, trace);
    const learnt = await learn({
      scenario,
      group: number,
      weather,
      readings,
      agents: training,
      testers,
      run,
      arrivals,
    });
    learning.push({ ...learnt, group: number, agents: { training: training.length, testing: testers.length } });
    progress?.("learning", learning.length, groups.length);
  }
  return { ...result, learning };
}
