import { type EventWords, eventWords, microsecond, type Weather } from "../scenario/weather.ts";
import { createDeviceStates, type DeviceStates, mark } from "./device-states.ts";
import { Downlinks } from "./downlinks.ts";
import type { DutyLedger } from "./duty-ledger.ts";
import { EventHeap } from "./event-heap.ts";
import { oldestKept } from "./frame-clock.ts";
import { GatewayReceiver } from "./gateway-receiver.ts";
import { latencyBin } from "./latency-histogram.ts";
import {
  airtimeTable,
  byFactor,
  createLedger,
  type LorawanCells,
  placeDevice,
  planOfFactor,
  tableWidth,
} from "./lorawan-devices.ts";
import type { FactorPlan } from "./lorawan-plan.ts";
import { createLossProcess, type LossProcess } from "./loss-process.ts";
import { OutageTimes, outagesOf } from "./outages.ts";
import { outcome, outcomeCount } from "./outcome.ts";
import type { Tally } from "./tally.ts";

/** What the event of a device is. */
const phase = Object.freeze({ send: 0, ended: 1, windowsOver: 2 } as const);
/** Transmissions that a frame's random words are numbered for. */
const wordsPerFrame = 16;
/** From here on words are for answers. */
const answerWords = 0x40000000;
const never = Number.POSITIVE_INFINITY;

/**
 * The cells of a LoRaWAN fleet, one at a time: every device sends frame after frame on a random channel to its gateway,
 * which hears those that are strong enough, while it has a demodulator, and is not sending itself.
 */
export class LorawanCell {
  readonly #cells: LorawanCells;
  readonly #tally: Tally;
  readonly #states: DeviceStates;
  readonly #heap: EventHeap;
  readonly #receiver: GatewayReceiver;
  readonly #ledger: DutyLedger | undefined;
  readonly #loss: LossProcess;
  readonly #channelWords: EventWords;
  readonly #weather: Weather;
  readonly #end: number;
  readonly #expire: number;
  readonly #queue: number;
  readonly #transmissions: number;
  readonly #channels: number;
  readonly #confirmed: boolean;
  readonly #windows: number;
  /** By factor: time from frame to frame, and age at which a frame may no longer be sent. */
  readonly #periods: Float64Array;
  readonly #stale: Float64Array;
  /** By factor and bytes: time on air. */
  readonly #airtimes: Float64Array;
  readonly #isTraced: boolean;
  /** One transmission a frame and no answer: the verdict can wait until the device's next event. */
  readonly #isPlain: boolean;
  readonly #downlinks: Downlinks;
  #gatewayOut: OutageTimes = new OutageTimes([]);
  #brokerOut: OutageTimes = new OutageTimes([]);
  #first = 0;
  #count = 0;

  /** @param cells What they have in common. */
  constructor(cells: LorawanCells) {
    const { scenario, plan, capacity, weather, tally } = cells;
    const { lorawan } = scenario.links;
    this.#cells = cells;
    this.#tally = tally;
    this.#weather = weather;
    this.#states = createDeviceStates(capacity);
    this.#heap = new EventHeap(2 * capacity);
    this.#receiver = new GatewayReceiver(capacity, { ...lorawan, demodulators: scenario.gateways.demodulators });
    this.#ledger = createLedger(cells);
    this.#loss = createLossProcess(scenario.loss, scenario.seed, capacity);
    this.#channelWords = eventWords(scenario.seed, "channel");
    this.#end = Math.round(scenario.durationHours * 3600 * microsecond);
    this.#expire = scenario.delivery.expireSeconds * microsecond;
    this.#queue = scenario.delivery.queue;
    this.#transmissions = lorawan.transmissions;
    this.#channels = lorawan.channels;
    this.#confirmed = lorawan.confirmed;
    this.#windows = plan.windows;
    this.#periods = byFactor(plan, ({ frames }) => frames.period);
    this.#stale = byFactor(plan, ({ frames }) => Math.min(this.#expire, this.#queue * frames.period));
    this.#airtimes = airtimeTable(plan);
    this.#isTraced = cells.traced.size > 0;
    this.#isPlain = !lorawan.confirmed && lorawan.transmissions === 1;
    this.#downlinks = new Downlinks(capacity, plan, lorawan, this.#receiver, tally);
  }

  /**
   * Runs a cell from beginning to end.
   *
   * @param cell Its number.
   */
  run(cell: number): void {
    this.#begin(cell);
    const heap = this.#heap;
    const phases = this.#states.phase;
    while (heap.size > 0) {
      const device = heap.device;
      const time = heap.time;
      let next: number;
      if (device >= this.#count) next = this.#answer(device - this.#count, time);
      else if (phases[device] === phase.send) next = this.#send(device, time);
      else next = phases[device] === phase.ended ? this.#ended(device, time) : this.#windowsOver(device, time);
      if (next === never) heap.pop();
      else heap.replace(next);
    }
    for (let device = 0; device < this.#count; device++) this.#finish(device);
  }

  #begin(cell: number): void {
    const { layout, scenario } = this.#cells;
    this.#first = layout.firstOfCell(cell);
    this.#count = layout.firstOfCell(cell + 1) - this.#first;
    this.#heap.clear();
    this.#receiver.clear();
    this.#ledger?.clear(this.#count);
    this.#loss.begin(this.#first, this.#count);
    this.#downlinks.clear();
    this.#gatewayOut = outagesOf(scenario, cell, "gateway");
    this.#brokerOut = outagesOf(scenario, cell, "broker");
    for (let device = 0; device < this.#count; device++) {
      placeDevice(this.#cells, this.#states, device, this.#first + device, this.#end);
      const first = this.#nextTime(device);
      if (first < this.#end) this.#heap.push(first, device);
    }
  }

  #planOf(factor: number): FactorPlan {
    return planOfFactor(this.#cells.plan, factor);
  }

  /** When a device sends its head at the earliest, the duty cycle aside. */
  #nextTime(device: number): number {
    const states = this.#states;
    const head = states.head[device] as number;
    const free = states.free[device] as number;
    if (head < 0) return free;
    if (head >= (states.due[device] as number)) return never;
    const period = this.#periods[states.factor[device] as number] as number;
    const due = (states.origin[device] as number) + head * period + this.#weather.jitterOf(this.#first + device, head);
    return due > free ? due : free;
  }

  /** A device's turn to send: its head is due, unless it is stale. @returns The time of its next event. */
  #send(device: number, time: number): number {
    const states = this.#states;
    if (((states.marks[device] as number) & mark.underway) !== 0) this.#closePlain(device);
    const factor = states.factor[device] as number;
    if (states.attempts[device] === 0 && (states.head[device] as number) >= 0) {
      const sealed =
        (states.origin[device] as number) + (states.head[device] as number) * (this.#periods[factor] as number);
      const isSkipped = time - sealed >= (this.#stale[factor] as number) && this.#skip(device, time);
      if (isSkipped || (states.head[device] as number) >= (states.due[device] as number)) {
        const next = this.#nextTime(device);
        if (next > time) return next < this.#end ? next : never;
      }
    }
    if (time >= this.#end) return never;
    const head = states.head[device] as number;
    const plan = this.#planOf(factor);
    const bytes =
      head < 0 ? (plan.births[head + plan.births.length] as number) : plan.sizes.bytesOf(this.#first + device, head);
    const airtime = this.#airtimes[factor * tableWidth + bytes] as number;
    if (this.#ledger !== undefined && plan.isLimited) {
      const allowed = this.#ledger.earliest(device, time, airtime);
      if (allowed > time) {
        states.marks[device] = (states.marks[device] as number) | mark.blocked;
        return allowed < this.#end ? allowed : never;
      }
      this.#ledger.add(device, time, airtime);
    }
    return this.#transmit(device, time, bytes, airtime);
  }

  #transmit(device: number, time: number, bytes: number, airtime: number): number {
    const states = this.#states;
    const tally = this.#tally;
    const factor = states.factor[device] as number;
    const head = states.head[device] as number;
    const attempt = states.attempts[device] as number;
    const place = head * wordsPerFrame + attempt;
    const channel = Math.floor((this.#channelWords.word(this.#first + device, place) / 0x100000000) * this.#channels);
    const isLost =
      this.#gatewayOut.covers(time) || this.#brokerOut.covers(time) || this.#loss.isLost(device, time, place);
    const audible = states.audible[device] === 1;
    this.#receiver.start(device, channel, time, airtime, factor, states.power[device] as number, audible);
    states.attempts[device] = attempt + 1;
    states.sentAt[device] = time;
    states.bytes[device] = bytes;
    states.airtime[device] = (states.airtime[device] as number) + airtime;
    states.free[device] = time + airtime + this.#windows;
    states.marks[device] =
      ((states.marks[device] as number) & ~mark.lost) | (isLost ? mark.underway | mark.lost : mark.underway);
    const sizes = head < 0 ? tally.controlBySize : tally.sentBySize;
    const at = factor * (tally.largest + 1) + bytes;
    sizes[at] = (sizes[at] as number) + 1;
    tally.airtime[factor] = (tally.airtime[factor] as number) + airtime;
    if (this.#isPlain || head < 0) return this.#afterPlain(device);
    states.phase[device] = phase.ended;
    return time + airtime;
  }

  /** When the device comes back to ask for the verdict: with its next frame, if it has one. */
  #afterPlain(device: number): number {
    const states = this.#states;
    const head = states.head[device] as number;
    states.head[device] = head + 1;
    const next = this.#nextTime(device);
    states.head[device] = head;
    return next < this.#end ? next : never;
  }

  #closePlain(device: number): void {
    const verdict = this.#collect(device);
    if ((this.#states.head[device] as number) >= 0 && verdict === outcome.received) this.#receive(device);
    this.#close(device, verdict);
  }

  /** The verdict on the transmission under way, which has ended. */
  #collect(device: number): number {
    const states = this.#states;
    const marks = states.marks[device] as number;
    let verdict = this.#receiver.take(device);
    if (verdict === outcome.received && (marks & mark.lost) !== 0) verdict = outcome.lost;
    states.marks[device] = marks & ~mark.underway;
    states.verdict[device] = verdict;
    const { transmissions } = this.#tally;
    const at = (states.factor[device] as number) * outcomeCount + verdict;
    transmissions[at] = (transmissions[at] as number) + 1;
    return verdict;
  }

  /** The head has arrived, for the first time. */
  #receive(device: number): void {
    const states = this.#states;
    const tally = this.#tally;
    const factor = states.factor[device] as number;
    const bytes = states.bytes[device] as number;
    const arrival = (states.sentAt[device] as number) + (this.#airtimes[factor * tableWidth + bytes] as number);
    const period = this.#periods[factor] as number;
    const latency = arrival - (states.origin[device] as number) - (states.head[device] as number) * period;
    const at = factor * (tally.largest + 1) + bytes;
    tally.receivedBySize[at] = (tally.receivedBySize[at] as number) + 1;
    tally.rows[factor] = (tally.rows[factor] as number) + this.#planOf(factor).frames.rows;
    const bin = latencyBin(latency);
    tally.latencies[bin] = (tally.latencies[bin] as number) + 1;
    tally.latencySum[0] = (tally.latencySum[0] as number) + latency;
    const group = 2 * (states.group[device] as number) + 1;
    tally.groups[group] = (tally.groups[group] as number) + 1;
    states.marks[device] = (states.marks[device] as number) | mark.received;
  }

  /** The head is done with. */
  #close(device: number, verdict: number): void {
    const states = this.#states;
    const head = states.head[device] as number;
    if (head >= 0) this.#countFrames(device, head, verdict, 1);
    states.head[device] = head + 1;
    states.attempts[device] = 0;
    states.marks[device] = 0;
    states.phase[device] = phase.send;
  }

  #countFrames(device: number, sequence: number, verdict: number, count: number): void {
    const states = this.#states;
    const { frames } = this.#tally;
    const at = (states.factor[device] as number) * outcomeCount + verdict;
    frames[at] = (frames[at] as number) + count;
    if (!this.#isTraced || !this.#cells.traced.has(this.#first + device)) return;
    const attempts = states.attempts[device] as number;
    const bytes = states.bytes[device] as number;
    const arrival =
      (states.sentAt[device] as number) + (this.#planOf(states.factor[device] as number).airtimes[bytes] ?? 0);
    for (let i = 0; i < count; i++)
      this.#cells.trace.push({
        device: this.#first + device,
        sequence: sequence + i,
        outcome: verdict,
        attempts,
        arrival,
      });
  }

  /** Leaves out frames that are too old, or for which there was no room. @returns Whether there were any. */
  #skip(device: number, time: number): boolean {
    const states = this.#states;
    const head = states.head[device] as number;
    const period = this.#periods[states.factor[device] as number] as number;
    const oldest = oldestKept(time, states.origin[device] as number, period, this.#expire, this.#queue);
    if (oldest <= head) return false;
    const next = Math.min(oldest, states.due[device] as number);
    const isBlocked = ((states.marks[device] as number) & mark.blocked) !== 0;
    this.#countFrames(device, head, isBlocked ? outcome.dutyBlocked : outcome.expired, next - head);
    states.head[device] = next;
    return true;
  }

  /** An uplink that may be answered or repeated has ended. */
  #ended(device: number, time: number): number {
    const states = this.#states;
    const verdict = this.#collect(device);
    if (verdict === outcome.received) {
      if (((states.marks[device] as number) & mark.received) === 0) this.#receive(device);
      else
        this.#tally.duplicates[states.factor[device] as number] =
          (this.#tally.duplicates[states.factor[device] as number] as number) + 1;
    }
    states.phase[device] = phase.windowsOver;
    if (!this.#confirmed) return states.free[device] as number;
    if (verdict === outcome.received) this.#heap.push(this.#downlinks.ask(device, time), this.#count + device);
    return time + this.#downlinks.patience;
  }

  /** A receive window opens for a device: the gateway answers if it can. */
  #answer(device: number, time: number): number {
    const states = this.#states;
    const factor = states.factor[device] as number;
    const { answered, again } = this.#downlinks.answer(device, factor, this.#planOf(factor).acknowledgement, time);
    if (answered) {
      const place = (states.head[device] as number) * wordsPerFrame + (states.attempts[device] as number) - 1;
      // An answer is lost apart from its uplink: by a word of its own.
      if (!this.#loss.isLost(device, time, place + answerWords))
        states.marks[device] = (states.marks[device] as number) | mark.acknowledged;
    }
    return again;
  }

  #windowsOver(device: number, time: number): number {
    const states = this.#states;
    const marks = states.marks[device] as number;
    const attempts = states.attempts[device] as number;
    if ((marks & mark.acknowledged) === 0 && attempts < this.#transmissions) {
      states.phase[device] = phase.send;
      const word = this.#channelWords.word(
        -1 - this.#first - device,
        (states.head[device] as number) * wordsPerFrame + attempts,
      );
      // ACK_TIMEOUT of the LoRaWAN specification: 1 to 3 s.
      return time + microsecond + Math.floor((word / 0x100000000) * 2 * microsecond);
    }
    this.#close(device, (marks & mark.received) !== 0 ? outcome.received : (states.verdict[device] as number));
    const next = this.#nextTime(device);
    return next < this.#end ? next : never;
  }

  /** The simulation is over: the verdict on what is under way, and frames that were due and never sent. */
  #finish(device: number): void {
    const states = this.#states;
    if (((states.marks[device] as number) & mark.underway) !== 0) this.#closePlain(device);
    if (states.attempts[device] !== 0) {
      const isReceived = ((states.marks[device] as number) & mark.received) !== 0;
      this.#close(device, isReceived ? outcome.received : (states.verdict[device] as number));
    }
    const head = Math.max(0, states.head[device] as number);
    const left = (states.due[device] as number) - head;
    const isBlocked = ((states.marks[device] as number) & mark.blocked) !== 0;
    if (left > 0) this.#countFrames(device, head, isBlocked ? outcome.dutyBlocked : outcome.expired, left);
    const factor = states.factor[device] as number;
    const { mostAirtime } = this.#tally;
    mostAirtime[factor] = Math.max(mostAirtime[factor] as number, states.airtime[device] as number);
  }
}
