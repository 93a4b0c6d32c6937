import type { FleetLayout } from "../scenario/fleet.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type EventWords, eventWords, microsecond, type Weather } from "../scenario/weather.ts";
import { createDeviceStates, type DeviceStates } from "./device-states.ts";
import { EventHeap } from "./event-heap.ts";
import { framesDue, oldestKept } from "./frame-clock.ts";
import { latencyBin } from "./latency-histogram.ts";
import { createLossProcess, type LossProcess } from "./loss-process.ts";
import { OutageTimes, outagesOf } from "./outages.ts";
import { outcome, outcomeCount } from "./outcome.ts";
import { receiptBytes } from "./scenario-link.ts";
import { classOfGroup, type SessionPlan } from "./session-plan.ts";
import { receiptSizes, type Tally } from "./tally.ts";
import type { TracedFrame } from "./traced-frames.ts";

/** Transmissions that a frame's random words are numbered for. */
const wordsPerFrame = 1024;
const never = Number.POSITIVE_INFINITY;

/** What cells of one simulation have in common. */
export interface SessionCells {
  readonly scenario: Scenario;
  readonly plan: SessionPlan;
  readonly layout: FleetLayout;
  readonly weather: Weather;
  /** Devices of the largest cell. */
  readonly capacity: number;
  readonly tally: Tally;
  /** Devices that are followed, by number in the fleet, and where their frames are told. */
  readonly traced: ReadonlySet<number>;
  readonly trace: TracedFrame[];
}

/**
 * The cells of a fleet on any link but LoRaWAN, one at a time: devices keep a session, send frame after frame, wait for
 * their turn where they share a medium, send again what was lost, and wait while something is out.
 */
export class SessionCell {
  readonly #cells: SessionCells;
  readonly #plan: SessionPlan;
  readonly #tally: Tally;
  readonly #states: DeviceStates;
  readonly #heap: EventHeap;
  readonly #loss: LossProcess;
  readonly #words: EventWords;
  readonly #weather: Weather;
  readonly #end: number;
  readonly #expire: number;
  readonly #queue: number;
  readonly #attempts: number;
  readonly #resend: number;
  #gatewayOut: OutageTimes = new OutageTimes([]);
  #brokerOut: OutageTimes = new OutageTimes([]);
  #mediumFree = 0;
  #first = 0;
  #count = 0;

  /** @param cells What they have in common. */
  constructor(cells: SessionCells) {
    const { scenario, plan, capacity, weather, tally } = cells;
    const { expireSeconds, queue, attempts, resendSeconds } = scenario.delivery;
    this.#cells = cells;
    this.#plan = plan;
    this.#tally = tally;
    this.#weather = weather;
    this.#states = createDeviceStates(capacity);
    this.#heap = new EventHeap(capacity);
    this.#loss = createLossProcess(scenario.loss, scenario.seed, capacity);
    this.#words = eventWords(scenario.seed, "resend");
    this.#end = Math.round(scenario.durationHours * 3600 * microsecond);
    this.#expire = expireSeconds * microsecond;
    this.#queue = queue;
    this.#attempts = attempts;
    this.#resend = Math.round(resendSeconds * microsecond);
  }

  /**
   * Runs a cell from beginning to end.
   *
   * @param cell Its number.
   */
  run(cell: number): void {
    const { layout, scenario } = this.#cells;
    this.#first = layout.firstOfCell(cell);
    this.#count = layout.firstOfCell(cell + 1) - this.#first;
    this.#heap.clear();
    this.#mediumFree = 0;
    this.#loss.begin(this.#first, this.#count);
    this.#gatewayOut = outagesOf(scenario, cell, "gateway");
    this.#brokerOut = outagesOf(scenario, cell, "broker");
    for (let device = 0; device < this.#count; device++) this.#place(device);
    const heap = this.#heap;
    while (heap.size > 0) {
      const next = this.#send(heap.device, heap.time);
      if (next < this.#end) heap.replace(next);
      else heap.pop();
    }
    for (let device = 0; device < this.#count; device++) this.#finish(device);
  }

  #place(device: number): void {
    const { scenario, layout } = this.#cells;
    const states = this.#states;
    const number = this.#first + device;
    const { frames } = this.#plan;
    const start = this.#weather.startOf(number);
    const group = layout.groupOf(number);
    const own = classOfGroup(group);
    const due = framesDue(frames, this.#weather, number, start, scenario.batch.jitterSeconds, this.#end);
    states.factor[device] = own;
    states.group[device] = group;
    states.origin[device] = start + frames.sealing;
    states.head[device] = 0;
    states.due[device] = due;
    states.attempts[device] = 0;
    states.free[device] = 0;
    states.airtime[device] = 0;
    const { devices, sessions, groups } = this.#tally;
    devices[own] = (devices[own] as number) + 1;
    sessions[own] = (sessions[own] as number) + 1;
    groups[2 * group] = (groups[2 * group] as number) + due;
    const first = this.#nextTime(device);
    if (first < this.#end) this.#heap.push(first, device);
  }

  /** When a device sends its head at the earliest. */
  #nextTime(device: number): number {
    const states = this.#states;
    const head = states.head[device] as number;
    if (head >= (states.due[device] as number)) return never;
    const sealed = (states.origin[device] as number) + head * this.#plan.frames.period;
    return Math.max(sealed + this.#weather.jitterOf(this.#first + device, head), states.free[device] as number);
  }

  /** A device's turn to send. @returns The time of its next event. */
  #send(device: number, time: number): number {
    const states = this.#states;
    if (this.#skip(device, time)) {
      const next = this.#nextTime(device);
      if (next > time) return next;
    }
    const isBrokerOut = this.#brokerOut.covers(time);
    if (isBrokerOut || this.#gatewayOut.covers(time)) return this.#waitFor(device, isBrokerOut);
    const bytes = this.#plan.sizes.bytesOf(this.#first + device, states.head[device] as number);
    return this.#attempt(device, time, bytes);
  }

  /** Something is out: the device waits until it is back, and then for a random while as all others do. */
  #waitFor(device: number, isBrokerOut: boolean): number {
    const states = this.#states;
    const own = states.factor[device] as number;
    const { sessions } = this.#tally;
    if (isBrokerOut) sessions[own] = (sessions[own] as number) + 1;
    const back = isBrokerOut ? this.#brokerOut.end : this.#gatewayOut.end;
    const word = this.#words.word(this.#first + device, states.head[device] as number);
    return back + Math.floor((word / 0x100000000) * this.#resend);
  }

  #attempt(device: number, time: number, bytes: number): number {
    const states = this.#states;
    const tally = this.#tally;
    const plan = this.#plan;
    const own = states.factor[device] as number;
    const head = states.head[device] as number;
    const attempt = states.attempts[device] as number;
    const { duration, airtime, service } = plan.timesOf(own, bytes);
    const start = plan.isShared && this.#mediumFree > time ? this.#mediumFree : time;
    this.#mediumFree = start + service;
    states.attempts[device] = attempt + 1;
    states.bytes[device] = bytes;
    states.airtime[device] = (states.airtime[device] as number) + airtime;
    tally.airtime[own] = (tally.airtime[own] as number) + airtime;
    const at = own * (tally.largest + 1) + bytes;
    tally.sentBySize[at] = (tally.sentBySize[at] as number) + 1;
    const isLost = this.#loss.isLost(device, time, head * wordsPerFrame + attempt);
    const verdict = isLost ? outcome.lost : outcome.received;
    const way = own * outcomeCount + verdict;
    tally.transmissions[way] = (tally.transmissions[way] as number) + 1;
    if (isLost && attempt + 1 < this.#attempts) return start + duration + this.#resend * 2 ** Math.min(attempt, 20);
    states.free[device] = start + duration;
    states.sentAt[device] = start + duration + plan.oneWay;
    if (!isLost) this.#receive(device, at);
    this.#countFrames(device, head, verdict, 1);
    states.head[device] = head + 1;
    states.attempts[device] = 0;
    return this.#nextTime(device);
  }

  #receive(device: number, at: number): void {
    const states = this.#states;
    const tally = this.#tally;
    const { frames } = this.#plan;
    const own = states.factor[device] as number;
    const head = states.head[device] as number;
    tally.receivedBySize[at] = (tally.receivedBySize[at] as number) + 1;
    tally.rows[own] = (tally.rows[own] as number) + frames.rows;
    const receipt = own * receiptSizes + receiptBytes(head);
    tally.receiptBySize[receipt] = (tally.receiptBySize[receipt] as number) + 1;
    const latency = (states.sentAt[device] as number) - (states.origin[device] as number) - head * frames.period;
    const bin = latencyBin(latency);
    tally.latencies[bin] = (tally.latencies[bin] as number) + 1;
    tally.latencySum[0] = (tally.latencySum[0] as number) + latency;
    const group = 2 * (states.group[device] as number) + 1;
    tally.groups[group] = (tally.groups[group] as number) + 1;
  }

  #countFrames(device: number, sequence: number, verdict: number, count: number): void {
    const states = this.#states;
    const { frames } = this.#tally;
    const at = (states.factor[device] as number) * outcomeCount + verdict;
    frames[at] = (frames[at] as number) + count;
    const { traced, trace } = this.#cells;
    const number = this.#first + device;
    if (traced.size === 0 || !traced.has(number)) return;
    const attempts = states.attempts[device] as number;
    const arrival = states.sentAt[device] as number;
    for (let i = 0; i < count; i++)
      trace.push({ device: number, sequence: sequence + i, outcome: verdict, attempts, arrival });
  }

  /** Leaves out frames that are too old, or for which there was no room. @returns Whether the head is another one. */
  #skip(device: number, time: number): boolean {
    const states = this.#states;
    const head = states.head[device] as number;
    const { period } = this.#plan.frames;
    const oldest = oldestKept(time, states.origin[device] as number, period, this.#expire, this.#queue);
    if (oldest <= head) return false;
    const next = Math.min(oldest, states.due[device] as number);
    this.#countFrames(device, head, outcome.expired, next - head);
    states.head[device] = next;
    states.attempts[device] = 0;
    return true;
  }

  /** The simulation is over: frames that were due and have not come through. */
  #finish(device: number): void {
    const states = this.#states;
    const head = states.head[device] as number;
    const left = (states.due[device] as number) - head;
    if (left > 0) this.#countFrames(device, head, outcome.expired, left);
    const own = states.factor[device] as number;
    const { mostAirtime } = this.#tally;
    mostAirtime[own] = Math.max(mostAirtime[own] as number, states.airtime[device] as number);
  }
}
