import { energyNj } from "../energy/energy.ts";
import type { TrafficPlan } from "../engine/cells.ts";
import { gridChangeBytes } from "../engine/control-size.ts";
import { type DeviceWords, linkOf, profileOf } from "../engine/scenario-link.ts";
import { receiptSizes, type Tally } from "../engine/tally.ts";
import { addLayers, type LayerBytes, type LinkModel, noBytes, type StateTimes, type Transfer } from "../links/link.ts";
import { loraAirtimeUs, symbolUs } from "../links/lorawan/airtime.ts";
import { eu868Constants } from "../links/lorawan/eu868.ts";
import type { FramePlan } from "../scenario/frame-plan.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond } from "../scenario/weather.ts";

/** Bytes, times and energy of one class of devices. */
export interface ClassAccount {
  /** Bytes of frames by layer. */
  readonly data: { readonly up: LayerBytes; readonly down: LayerBytes };
  /** Bytes of everything else by layer: connections, births, receipts, pings, the link's acknowledgements, other grids. */
  readonly control: { readonly up: LayerBytes; readonly down: LayerBytes };
  /** Time of all devices in each state, µs. */
  readonly states: StateTimes;
  /** Energy of all devices by what it went to, J. */
  readonly energy: EnergySplit;
  /** Energy of one transmission second of the device, W. */
  readonly transmitWatt: number;
}

/** Energy by what it went to, J. */
export interface EnergySplit {
  readonly transmit: number;
  readonly receive: number;
  readonly idle: number;
  /** Opening and closing radio sessions. */
  readonly session: number;
  readonly sleep: number;
  /** Reading the sensors and coding. */
  readonly sensing: number;
}

/** Adds up transfers, each so many times. */
class Adder {
  readonly data: { up: LayerBytes; down: LayerBytes } = { up: noBytes, down: noBytes };
  readonly control: { up: LayerBytes; down: LayerBytes } = { up: noBytes, down: noBytes };
  transmit = 0;
  receive = 0;
  idle = 0;
  sessions = 0;

  bytes(kind: "data" | "control", way: "up" | "down", layers: LayerBytes, count: number): void {
    const { payload, messaging, tls, transport, link } = layers;
    this[kind][way] = addLayers(this[kind][way], {
      payload: payload * count,
      messaging: messaging * count,
      tls: tls * count,
      transport: transport * count,
      link: link * count,
    });
  }

  times({ states, sessions }: Transfer, count: number): void {
    this.transmit += states.transmitUs * count;
    this.receive += states.receiveUs * count;
    this.idle += states.idleUs * count;
    this.sessions += sessions * count;
  }

  add(kind: "data" | "control", transfer: Transfer, count: number): void {
    if (count === 0) return;
    this.bytes(kind, "up", transfer.up, count);
    this.bytes(kind, "down", transfer.down, count);
    this.times(transfer, count);
  }
}

/** What a class is accounted from. */
interface ClassInput {
  readonly scenario: Scenario;
  readonly tally: Tally;
  /** Class. */
  readonly at: number;
  readonly link: LinkModel;
  readonly frames: FramePlan;
  readonly words: DeviceWords;
  /** Bytes of a birth. */
  readonly birth: number;
}

/** Counts of a class in a table by bytes that are not 0. */
function* sizesOf(table: Float64Array, at: number, width: number): Generator<readonly [bytes: number, count: number]> {
  for (let bytes = 0; bytes < width; bytes++) {
    const count = table[at * width + bytes] as number;
    if (count !== 0) yield [bytes, count];
  }
}

/** Pings of a class: those that fall into the silence between frames. */
function pingsOf({ tally, at, link, frames, scenario }: ClassInput): number {
  const interval = link.keepAliveIntervalUs;
  if (interval === undefined) return 0;
  const duration = scenario.durationHours * 3600 * microsecond;
  const between = Math.max(0, Math.ceil(frames.period / interval) - 1);
  return Math.floor((tally.devices[at] as number) * (duration / frames.period)) * between;
}

/** Messages of a group that is given another grid: to each device what is asked for, from each its answer and a birth. */
function addGridChanges(adder: Adder, { scenario, tally, at, link, words }: ClassInput): void {
  const count = scenario.grid.changes * (tally.devices[at] as number);
  if (count === 0) return;
  const { desired, reported, birth } = gridChangeBytes(scenario);
  adder.add("control", link.send({ kind: "desired", bytes: desired, topicBytes: words.desired }), count);
  adder.add("control", link.send({ kind: "reported", bytes: reported, topicBytes: words.reported }), count);
  adder.add("control", link.send({ kind: "birth", bytes: birth, topicBytes: words.birth }), count);
}

function addSessions(adder: Adder, input: ClassInput): void {
  const { scenario, tally, at, link, words, birth } = input;
  const width = tally.largest + 1;
  for (const [bytes, count] of sizesOf(tally.sentBySize, at, width)) {
    const transfer = link.send({ kind: "data", bytes, topicBytes: words.data, aliased: true });
    const received = tally.receivedBySize[at * width + bytes] as number;
    adder.bytes("data", "up", transfer.up, count);
    adder.bytes("data", "down", transfer.down, received);
    adder.times(transfer, count);
  }
  const sessions = tally.sessions[at] as number;
  const first = input.frames.bytesOf(0);
  const named = link.send({ kind: "data", bytes: first, topicBytes: words.data, aliased: false });
  const short = link.send({ kind: "data", bytes: first, topicBytes: words.data, aliased: true });
  adder.bytes("data", "up", named.up, sessions);
  adder.bytes("data", "up", short.up, -sessions);
  adder.add("control", link.connect(words.opening), sessions);
  if (scenario.delivery.birth)
    adder.add("control", link.send({ kind: "birth", bytes: birth, topicBytes: words.birth }), sessions);
  for (const [bytes, count] of sizesOf(tally.receiptBySize, at, receiptSizes))
    adder.add("control", link.send({ kind: "receipt", bytes, topicBytes: words.receipt }), count);
  adder.add("control", link.keepAlive(), pingsOf(input));
  addGridChanges(adder, input);
}

function addLorawan(adder: Adder, input: ClassInput): void {
  const { scenario, tally, at } = input;
  const { lorawan } = scenario.links;
  const width = tally.largest + 1;
  const plain = linkOf(
    { ...scenario, links: { ...scenario.links, lorawan: { ...lorawan, confirmed: false } } },
    at + 7,
  );
  const send = (bytes: number): Transfer => plain.send({ kind: "data", bytes, topicBytes: 0 });
  for (const [bytes, count] of sizesOf(tally.sentBySize, at, width)) adder.add("data", send(bytes), count);
  const isChunked = input.birth > plain.maxPayload("data");
  for (const [bytes, count] of sizesOf(tally.controlBySize, at, width)) {
    const transfer = send(bytes);
    const header = isChunked ? 1 : 0;
    const up = { ...transfer.up, payload: transfer.up.payload - header, messaging: transfer.up.messaging + header };
    adder.bytes("control", "up", up, count);
    adder.times(transfer, count);
  }
  const { emptyPhyBytes, receiveWindowSymbols } = eu868Constants;
  const windows = [at + 7, lorawan.rx2SpreadingFactor] as const;
  for (const [window, spreadingFactor] of windows.entries()) {
    const count = tally.acknowledgements[2 * at + window] as number;
    const phyBytes = emptyPhyBytes.value;
    adder.bytes("control", "down", { ...noBytes, link: phyBytes }, count);
    // The acknowledgement fills its window; after the first there is no second.
    const listened = receiveWindowSymbols.value * symbolUs(spreadingFactor);
    const spared = window === 0 ? receiveWindowSymbols.value * symbolUs(windows[1]) : 0;
    adder.receive += count * (loraAirtimeUs({ spreadingFactor, phyBytes, crc: false }) - listened - spared);
  }
  addGridChanges(adder, { ...input, link: plain });
}

function energyOf(scenario: Scenario, adder: Adder, devices: number, rows: number): EnergySplit {
  const profile = profileOf(scenario);
  const states = { transmitUs: adder.transmit, receiveUs: adder.receive, idleUs: adder.idle };
  const duration = scenario.durationHours * 3600;
  const awake = (adder.transmit + adder.receive + adder.idle) / microsecond;
  const split = energyNj(profile, { states, sessions: adder.sessions });
  const sleepWatt = profile.sleepMilliwatt / 1e3;
  return {
    transmit: split.transmitNj / 1e9,
    receive: split.receiveNj / 1e9,
    idle: split.idleNj / 1e9,
    session: split.sessionNj / 1e9,
    sleep:
      sleepWatt * Math.max(0, devices * duration - awake) +
      (scenario.energy.sleepMicrowatts / 1e6) * devices * duration,
    sensing: (rows * scenario.energy.rowMicrojoules) / 1e6,
  };
}

/**
 * What the devices of a class come to.
 *
 * @param scenario The scenario.
 * @param traffic How their frames are laid out.
 * @param tally Their counts.
 * @param at The class; it has devices.
 */
export function accountClass(
  scenario: Scenario,
  traffic: TrafficPlan,
  tally: Tally,
  at: number,
  words: DeviceWords,
): ClassAccount {
  const adder = new Adder();
  const frames = framesOfClass(traffic, at);
  const link = traffic.kind === "lorawan" ? linkOf(scenario, at + 7) : traffic.sessions.link;
  const { birth } = traffic.kind === "lorawan" ? traffic.lorawan : traffic.sessions;
  const input = { scenario, tally, at, link, frames, words, birth };
  if (traffic.kind === "lorawan") addLorawan(adder, input);
  else addSessions(adder, input);
  const devices = tally.devices[at] as number;
  const rows = Math.floor((devices * scenario.durationHours * 3600) / scenario.sensors.intervalSeconds);
  return {
    data: adder.data,
    control: adder.control,
    states: { transmitUs: adder.transmit, receiveUs: adder.receive, idleUs: adder.idle },
    energy: energyOf(scenario, adder, devices, rows),
    transmitWatt: profileOf(scenario).transmitMilliwatt / 1e3,
  };
}

/**
 * How the frames of a class are laid out.
 *
 * @param traffic Of the scenario.
 * @param at The class.
 * @throws RangeError for a class without devices.
 */
export function framesOfClass(traffic: TrafficPlan, at: number): FramePlan {
  if (traffic.kind === "sessions") return traffic.sessions.frames;
  const plan = traffic.lorawan.factors[at];
  if (plan === undefined) throw new RangeError(`no device has spreading factor ${at + 7}`);
  return plan.frames;
}
