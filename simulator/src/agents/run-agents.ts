import { createStream, decodeFrame } from "@zipml/codec";
import { createDevice, type Device } from "@zipml/device";
import { createGateway, type Gateway, type TrainingOptions } from "@zipml/gateway";
import { type Clock, type Connector, createTopics } from "@zipml/protocol";
import { createMemoryBroker, createVirtualClock, type VirtualClock } from "@zipml/protocol/memory";
import { simulatedEpoch } from "../engine/control-size.ts";
import type { SessionOpening } from "../links/link.ts";
import { gridOf, schemaOf } from "../scenario/check-scenario.ts";
import { deviceName, groupName, simulatedSession } from "../scenario/fleet.ts";
import type { FramePlan } from "../scenario/frame-plan.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Weather } from "../scenario/weather.ts";
import { type AgentMessage, loggedConnector, type MessageLog } from "./message-log.ts";
import type { Readings } from "./readings.ts";

/** A frame that an agent sealed and sent. */
export interface AgentFrame {
  /** Number of the device. */
  readonly device: number;
  readonly sequence: number;
  /** Time of its sealing, whole µs from the simulation's start. */
  readonly sealedUs: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

/** What the agents of one group did, on a link that loses nothing. */
export interface AgentRun {
  /** By device, then sequence. */
  readonly frames: readonly AgentFrame[];
  /** Births, in the order in which they were sent. */
  readonly births: readonly { readonly device: number; readonly bytes: Uint8Array }[];
  /** Every message to and from agents, data included, in the order of time. */
  readonly messages: readonly AgentMessage[];
  /** What each agent said when it connected, by device. */
  readonly openings: ReadonlyMap<number, SessionOpening>;
}

/** What {@link runAgents} needs. */
export interface AgentRunOptions {
  readonly scenario: Scenario;
  readonly group: number;
  /** Numbers of the devices. */
  readonly agents: readonly number[];
  /** How a device's rows become frames: on some links that differs. */
  readonly planOf: (device: number) => FramePlan;
  readonly weather: Weather;
  readonly readings: Readings;
}

const topics = createTopics();

/** A secret and ids from the scenario's seed in place of the system's generator. */
function randomOf(seed: string, device: number): () => number {
  const stream = createStream(`simulate/device/${seed}`, device);
  return () => stream.word();
}

/**
 * A device as the scenario has it: the device agent itself. Health is not told by the clock, and readings are not counted,
 * so that only frames and what they need travel.
 */
export function createAgent(
  { scenario, planOf, group }: Pick<AgentRunOptions, "scenario" | "planOf" | "group">,
  device: number,
  surroundings: { readonly transport: Connector; readonly clock: Clock },
): Device {
  return createDevice({
    ...surroundings,
    id: deviceName(device),
    group: groupName(group),
    schema: schemaOf(scenario),
    grid: gridOf(scenario),
    batch: planOf(device).batch,
    interval: Math.round(scenario.sensors.intervalSeconds * 1000),
    healthInterval: 0,
    levels: { everySeconds: 0 },
    session: simulatedSession,
    random: randomOf(scenario.seed, device),
  });
}

/** What a group's gateway trains where the scenario does not say: anything, as it is not asked to. */
function anyTask({ schema }: Scenario): TrainingOptions {
  const [first, ...others] = schema.map(({ name }) => name);
  if (first === undefined || others.length === 0) return { features: [first ?? ""], target: first ?? "", lags: 1 };
  return { features: others, target: first };
}

/** What a gateway takes in, and never trains of its own accord. */
export function quietTraining(scenario: Scenario): TrainingOptions {
  const { training } = scenario;
  if (training === undefined) return { ...anyTask(scenario), everyRows: 0 };
  const { target, lags, features } = training;
  const named = features ?? scenario.schema.map(({ name }) => name).filter((name) => name !== target);
  return { features: named, target, lags, estimator: training.estimator, everyRows: 0, minimum: 2 };
}

/** Pushes a row at every interval until the signal fires. */
async function readOn(
  { scenario, readings }: AgentRunOptions,
  agent: Device,
  device: number,
  clock: VirtualClock,
  signal: AbortSignal,
): Promise<void> {
  const names = scenario.schema.map(({ name }) => name);
  const source = readings.of(device);
  const interval = Math.round(scenario.sensors.intervalSeconds * 1000);
  const first = clock.now();
  for (let row = 0; !signal.aborted; row++) {
    const values = source.next();
    await agent.push(Object.fromEntries(names.map((name, c) => [name, values[c] as number])), {
      elapsed: row * interval,
    });
    try {
      await clock.sleep(first + (row + 1) * interval - clock.now(), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

class Recorder implements MessageLog {
  readonly frames: AgentFrame[] = [];
  readonly births: { device: number; bytes: Uint8Array }[] = [];
  readonly messages: AgentMessage[] = [];
  readonly openings = new Map<number, SessionOpening>();
  isOpen = true;

  opened(device: number, opening: SessionOpening): void {
    if (this.isOpen) this.openings.set(device, opening);
  }

  message(message: AgentMessage, payload: Uint8Array): void {
    if (!this.isOpen) return;
    this.messages.push(message);
    const { device, kind, atUs } = message;
    if (kind === "birth") this.births.push({ device, bytes: payload.slice() });
    if (kind !== "data") return;
    const { sequence, rows } = decodeFrame(payload);
    this.frames.push({ device, sequence, sealedUs: atUs, rows, bytes: payload.slice() });
  }

  run(): AgentRun {
    const frames = this.frames.sort((a, b) => a.device - b.device || a.sequence - b.sequence);
    return { frames, births: this.births, messages: this.messages, openings: this.openings };
  }
}

async function closeAll(devices: readonly Device[], gateway: Gateway, clock: VirtualClock): Promise<void> {
  const closed = Promise.all(devices.map((device) => device.close({ timeout: 1 })));
  await clock.advance(10_000);
  await closed;
  const ended = gateway.close();
  await clock.advance(10_000);
  await ended;
}

/**
 * Runs the agents of a group: the device code of the SDK, on a clock and a broker of their own and with a real gateway, over
 * a link that loses nothing and takes no time. What a real link does to the frames is decided afterwards, for all devices
 * together.
 *
 * @throws What device or gateway throw for options that a scenario let pass.
 */
export async function runAgents(options: AgentRunOptions): Promise<AgentRun> {
  const { scenario, group, agents, weather } = options;
  const clock = createVirtualClock(simulatedEpoch);
  const broker = createMemoryBroker({ clock });
  const now = (): number => Math.round((clock.now() - simulatedEpoch) * 1000);
  const gateway = await createGateway({
    group: groupName(group),
    transport: broker.connector(),
    clock,
    training: quietTraining(scenario),
  });
  const ready = gateway.ready();
  await clock.settle();
  await ready;
  const recorder = new Recorder();
  const endings: AbortController[] = [];
  const devices: Device[] = [];
  const begin = async (device: number): Promise<void> => {
    await clock.sleep(weather.startOf(device) / 1000);
    const transport = loggedConnector(broker.connector(), device, now, recorder);
    const agent = createAgent(options, device, { transport, clock });
    devices.push(agent);
    const ending = new AbortController();
    endings.push(ending);
    await readOn(options, agent, device, clock, ending.signal);
  };
  const running = Promise.all(agents.map(begin));
  // Until just before the end: a row that falls on it belongs to what comes after.
  await clock.advance(scenario.durationHours * 3_600_000 - 1 / 1024);
  recorder.isOpen = false;
  for (const ending of endings) ending.abort();
  await running;
  await closeAll(devices, gateway, clock);
  return recorder.run();
}

/** Topic of a device's messages of a kind. */
export function upTopic(kind: "birth" | "data", group: number, device: number): string {
  return topics.build({ kind, group: groupName(group), device: deviceName(device) });
}
