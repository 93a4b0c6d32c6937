import { type EventWords, eventWords, microsecond } from "../scenario/weather.ts";
import { createDeviceStates, type DeviceStates, mark } from "./device-states.ts";
import { Downlinks } from "./downlinks.ts";
import { EventHeap } from "./event-heap.ts";
import { GatewayReceiver } from "./gateway-receiver.ts";
import { LorawanCounts } from "./lorawan-counts.ts";
import {
  type LorawanCells,
  type LorawanTables,
  lorawanTables,
  placeDevice,
  planOfFactor,
  tableWidth,
  wordsPerFrame,
} from "./lorawan-devices.ts";
import { LorawanTurns } from "./lorawan-turns.ts";
import { createLossProcess, type LossProcess } from "./loss-process.ts";
import { OutageTimes, outagesOf } from "./outages.ts";
import { outcome } from "./outcome.ts";

/** What the event of a device is. */
const phase = Object.freeze({ send: 0, ended: 1, windowsOver: 2 } as const);
/** From here on words are for answers. */
const answerWords = 0x40000000;
const never = Number.POSITIVE_INFINITY;

/**
 * The cells of a LoRaWAN fleet, one at a time: every device sends frame after frame on a random channel to its gateway,
 * which hears those that are strong enough, while it has a demodulator, and is not sending itself. Uplinks may be repeated
 * and answered; where they are neither, `LorawanSweep` comes to the same far sooner.
 */
export class LorawanCell {
  readonly #cells: LorawanCells;
  readonly #states: DeviceStates;
  readonly #tables: LorawanTables;
  readonly #counts: LorawanCounts;
  readonly #turns: LorawanTurns;
  readonly #heap: EventHeap;
  readonly #receiver: GatewayReceiver;
  readonly #loss: LossProcess;
  readonly #channelWords: EventWords;
  readonly #end: number;
  readonly #transmissions: number;
  readonly #channels: number;
  readonly #confirmed: boolean;
  readonly #windows: number;
  readonly #downlinks: Downlinks;
  #gatewayOut: OutageTimes = new OutageTimes([]);
  #brokerOut: OutageTimes = new OutageTimes([]);
  #first = 0;
  #count = 0;

  /** @param cells What they have in common. */
  constructor(cells: LorawanCells) {
    const { scenario, plan, capacity, tally } = cells;
    const { lorawan } = scenario.links;
    this.#cells = cells;
    this.#states = createDeviceStates(capacity);
    this.#tables = lorawanTables(cells);
    this.#counts = new LorawanCounts(cells, this.#states, this.#tables);
    this.#turns = new LorawanTurns(cells, this.#states, this.#counts, this.#tables);
    this.#heap = new EventHeap(2 * capacity);
    this.#receiver = new GatewayReceiver(capacity, { ...lorawan, demodulators: scenario.gateways.demodulators });
    this.#loss = createLossProcess(scenario.loss, scenario.seed, capacity);
    this.#channelWords = eventWords(scenario.seed, "channel");
    this.#end = Math.round(scenario.durationHours * 3600 * microsecond);
    this.#transmissions = lorawan.transmissions;
    this.#channels = lorawan.channels;
    this.#confirmed = lorawan.confirmed;
    this.#windows = plan.windows;
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
    this.#counts.begin(this.#first);
    this.#turns.begin(this.#first, this.#count);
    this.#loss.begin(this.#first, this.#count);
    this.#downlinks.clear();
    this.#gatewayOut = outagesOf(scenario, cell, "gateway");
    this.#brokerOut = outagesOf(scenario, cell, "broker");
    for (let device = 0; device < this.#count; device++) {
      placeDevice(this.#cells, this.#states, device, this.#first + device, this.#end);
      const first = this.#turns.next(device);
      if (first < this.#end) this.#heap.push(first, device);
    }
  }

  #airtimeOf(device: number): number {
    const { factor, bytes } = this.#states;
    return this.#tables.airtimes[(factor[device] as number) * tableWidth + (bytes[device] as number)] as number;
  }

  /** A device's turn to send. @returns The time of its next event. */
  #send(device: number, time: number): number {
    const states = this.#states;
    if (((states.marks[device] as number) & mark.underway) !== 0) this.#closeBirth(device);
    if (time >= this.#end) return never;
    const turn = this.#turns.take(device, time);
    if (turn > time) return turn < this.#end ? turn : never;
    return this.#transmit(device, time);
  }

  #transmit(device: number, time: number): number {
    const states = this.#states;
    const factor = states.factor[device] as number;
    const head = states.head[device] as number;
    const attempt = states.attempts[device] as number;
    const airtime = this.#airtimeOf(device);
    const place = head * wordsPerFrame + attempt;
    const channel = Math.floor((this.#channelWords.word(this.#first + device, place) / 0x100000000) * this.#channels);
    const isLost =
      this.#gatewayOut.covers(time) || this.#brokerOut.covers(time) || this.#loss.isLost(device, time, place);
    const audible = states.audible[device] === 1;
    this.#receiver.start(device, channel, time, airtime, factor, states.power[device] as number, audible);
    states.attempts[device] = attempt + 1;
    states.sentAt[device] = time;
    states.free[device] = time + airtime + this.#windows;
    states.marks[device] =
      ((states.marks[device] as number) & ~mark.lost) | (isLost ? mark.underway | mark.lost : mark.underway);
    if (head < 0) return this.#afterBirth(device);
    states.phase[device] = phase.ended;
    return time + airtime;
  }

  /** Parts of births are neither repeated nor answered: the device comes back for the verdict with what it sends next. */
  #afterBirth(device: number): number {
    const states = this.#states;
    const head = states.head[device] as number;
    states.head[device] = head + 1;
    const next = this.#turns.next(device);
    states.head[device] = head;
    return next < this.#end ? next : never;
  }

  #closeBirth(device: number): void {
    this.#close(device, this.#collect(device));
  }

  /** The verdict on the transmission under way, which has ended. */
  #collect(device: number): number {
    const states = this.#states;
    const marks = states.marks[device] as number;
    let verdict = this.#receiver.take(device);
    if (verdict === outcome.received && (marks & mark.lost) !== 0) verdict = outcome.lost;
    states.marks[device] = marks & ~mark.underway;
    states.verdict[device] = verdict;
    const isFrame = (states.head[device] as number) >= 0;
    this.#counts.transmission(device, isFrame, states.bytes[device] as number, this.#airtimeOf(device), verdict);
    return verdict;
  }

  /** The head is done with. */
  #close(device: number, verdict: number): void {
    const states = this.#states;
    const head = states.head[device] as number;
    const arrival = (states.sentAt[device] as number) + this.#airtimeOf(device);
    if (head >= 0) this.#counts.frames(device, head, verdict, 1, states.attempts[device] as number, arrival);
    states.head[device] = head + 1;
    states.attempts[device] = 0;
    states.marks[device] = 0;
    states.phase[device] = phase.send;
  }

  /** An uplink that may be answered or repeated has ended. */
  #ended(device: number, time: number): number {
    const states = this.#states;
    const verdict = this.#collect(device);
    if (verdict === outcome.received) this.#receive(device, time);
    states.phase[device] = phase.windowsOver;
    if (!this.#confirmed) return states.free[device] as number;
    if (verdict === outcome.received) this.#heap.push(this.#downlinks.ask(device, time), this.#count + device);
    return time + this.#downlinks.patience;
  }

  #receive(device: number, arrival: number): void {
    const states = this.#states;
    const marks = states.marks[device] as number;
    if ((marks & mark.received) !== 0) {
      this.#counts.duplicate(device);
      return;
    }
    states.marks[device] = marks | mark.received;
    this.#counts.received(device, states.head[device] as number, states.bytes[device] as number, arrival);
  }

  /** A receive window opens for a device: the gateway answers if it can. */
  #answer(device: number, time: number): number {
    const states = this.#states;
    const factor = states.factor[device] as number;
    const { answered, again } = this.#downlinks.answer(
      device,
      factor,
      planOfFactor(this.#cells.plan, factor).acknowledgement,
      time,
    );
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
    const next = this.#turns.next(device);
    return next < this.#end ? next : never;
  }

  /** The simulation is over: the verdict on what is under way, and frames that were due and never sent. */
  #finish(device: number): void {
    const states = this.#states;
    if (((states.marks[device] as number) & mark.underway) !== 0) this.#closeBirth(device);
    if (states.attempts[device] !== 0) {
      const isReceived = ((states.marks[device] as number) & mark.received) !== 0;
      this.#close(device, isReceived ? outcome.received : (states.verdict[device] as number));
    }
    this.#counts.end(device);
  }
}
