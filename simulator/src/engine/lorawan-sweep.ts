import { type EventWords, eventWords, microsecond, type Weather } from "../scenario/weather.ts";
import { createDeviceStates, type DeviceStates } from "./device-states.ts";
import { GatewayReceiver, pending } from "./gateway-receiver.ts";
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
import { TimeOrder } from "./time-order.ts";
import { UplinkCounts } from "./uplink-counts.ts";
import { Uplinks } from "./uplinks.ts";

const never = Number.POSITIVE_INFINITY;

/** Uplinks of a window of time, about: few enough for a processor's cache, many enough that a window costs nothing. */
const perWindow = 8192;

/**
 * The cells of a LoRaWAN fleet whose uplinks are sent once and not answered, one at a time. When a device sends does then not
 * depend on what became of what it or others sent, so there is no need of a queue of events: for one window of time after
 * the other all devices tell their uplinks, these are put in order, and the gateway hears them. What comes out is what
 * `LorawanCell` makes of it, to the last digit.
 */
export class LorawanSweep {
  readonly #cells: LorawanCells;
  readonly #states: DeviceStates;
  readonly #tables: LorawanTables;
  readonly #counts: LorawanCounts;
  readonly #uplinkCounts: UplinkCounts;
  readonly #turns: LorawanTurns;
  readonly #receiver: GatewayReceiver;
  readonly #uplinks: Uplinks;
  readonly #order = new TimeOrder();
  readonly #loss: LossProcess;
  readonly #weather: Weather;
  readonly #channelWords: EventWords;
  readonly #channels: number;
  readonly #windows: number;
  readonly #end: number;
  /** Least time between two uplinks of a device, about, µs. */
  readonly #spacing: number;
  readonly #isTraced: boolean;
  /** When it is each device's turn, µs. */
  readonly #next: Float64Array;
  /** Of each device's random words. */
  readonly #jitterKeys: Int32Array;
  readonly #channelKeys: Int32Array;
  #gatewayOut: OutageTimes = new OutageTimes([]);
  #brokerOut: OutageTimes = new OutageTimes([]);
  #first = 0;
  #count = 0;

  /** @param cells What they have in common. */
  constructor(cells: LorawanCells) {
    const { scenario, plan, capacity } = cells;
    const { lorawan } = scenario.links;
    this.#cells = cells;
    this.#states = createDeviceStates(capacity);
    this.#tables = lorawanTables(cells);
    this.#counts = new LorawanCounts(cells, this.#states, this.#tables);
    this.#uplinkCounts = new UplinkCounts(cells.tally, this.#tables);
    this.#turns = new LorawanTurns(cells, this.#states, this.#counts, this.#tables);
    this.#uplinks = new Uplinks(perWindow);
    this.#receiver = new GatewayReceiver(perWindow, { ...lorawan, demodulators: scenario.gateways.demodulators });
    this.#loss = createLossProcess(scenario.loss, scenario.seed, capacity);
    this.#weather = cells.weather;
    this.#channelWords = eventWords(scenario.seed, "channel");
    this.#channels = lorawan.channels;
    this.#windows = plan.windows;
    this.#end = Math.round(scenario.durationHours * 3600 * microsecond);
    this.#spacing = Math.max(plan.windows, Math.min(...this.#tables.periods.filter((period) => period > 0)));
    this.#isTraced = cells.traced.size > 0;
    this.#next = new Float64Array(capacity);
    this.#jitterKeys = new Int32Array(capacity);
    this.#channelKeys = new Int32Array(capacity);
  }

  /**
   * Runs a cell from beginning to end.
   *
   * @param cell Its number.
   */
  run(cell: number): void {
    this.#begin(cell);
    const length = Math.ceil(this.#spacing * Math.max(1, perWindow / this.#count));
    for (let start = 0; start < this.#end; start += length) {
      const until = Math.min(start + length, this.#end);
      const from = this.#uplinks.size;
      this.#tell(until);
      this.#hear(from, start, until);
      this.#settle();
    }
    this.#receiver.settle();
    this.#settle();
    for (let device = 0; device < this.#count; device++) this.#counts.end(device);
  }

  /** Brings the tally up to date. */
  addUp(): void {
    this.#uplinkCounts.addUp();
  }

  #begin(cell: number): void {
    const { layout, scenario } = this.#cells;
    this.#first = layout.firstOfCell(cell);
    this.#count = layout.firstOfCell(cell + 1) - this.#first;
    this.#counts.begin(this.#first);
    this.#turns.begin(this.#first, this.#count);
    this.#receiver.clear();
    this.#loss.begin(this.#first, this.#count);
    this.#gatewayOut = outagesOf(scenario, cell, "gateway");
    this.#brokerOut = outagesOf(scenario, cell, "broker");
    for (let device = 0; device < this.#count; device++) {
      placeDevice(this.#cells, this.#states, device, this.#first + device, this.#end);
      this.#jitterKeys[device] = this.#weather.jitterKey(this.#first + device);
      this.#channelKeys[device] = this.#channelWords.keyOf(this.#first + device);
      this.#next[device] = this.#turns.next(device);
    }
  }

  /** All devices tell what they send before a time. */
  #tell(until: number): void {
    const next = this.#next;
    for (let device = 0; device < this.#count; device++) {
      let time = next[device] as number;
      while (time < until) {
        time = this.#steady(device, time, until);
        if (time >= until) break;
        const turn = this.#turns.take(device, time);
        time = turn > time ? turn : this.#send(device, time);
      }
      next[device] = time;
    }
  }

  /**
   * A device sends one frame after the other for as long as none has grown old and the duty cycle can't matter: what the turns
   * and `#send` do, with everything that stays the same looked up once.
   *
   * @returns When it is its turn again.
   */
  #steady(device: number, begin: number, until: number): number {
    const states = this.#states;
    const factor = states.factor[device] as number;
    const plan = planOfFactor(this.#cells.plan, factor);
    let head = states.head[device] as number;
    if (plan.isLimited || head < 0) return begin;
    const due = states.due[device] as number;
    const origin = states.origin[device] as number;
    const period = this.#tables.periods[factor] as number;
    const stale = this.#tables.stale[factor] as number;
    const key = this.#jitterKeys[device] as number;
    let airtimes = 0;
    let sealed = origin + head * period;
    let time = begin;
    while (time < until && time - sealed < stale) {
      const size = factor * tableWidth + plan.sizes.bytesOf(this.#first + device, head);
      const airtime = this.#tables.airtimes[size] as number;
      this.#add(device, head, size, time, time + airtime - sealed);
      airtimes += airtime;
      head += 1;
      sealed += period;
      const free = time + airtime + this.#windows;
      time = head < due ? sealed + this.#weather.jitterBy(key, head) : never;
      if (time < free) time = free;
      states.free[device] = free;
    }
    states.head[device] = head;
    states.airtime[device] = (states.airtime[device] as number) + airtimes;
    return time;
  }

  /** A device sends its head. @returns When it is its turn again. */
  #send(device: number, time: number): number {
    const states = this.#states;
    const factor = states.factor[device] as number;
    const head = states.head[device] as number;
    const size = factor * tableWidth + (states.bytes[device] as number);
    const airtime = this.#tables.airtimes[size] as number;
    const sealed = (states.origin[device] as number) + head * (this.#tables.periods[factor] as number);
    this.#add(device, head, size, time, time + airtime - sealed);
    states.airtime[device] = (states.airtime[device] as number) + airtime;
    states.head[device] = head + 1;
    states.marks[device] = 0;
    states.free[device] = time + airtime + this.#windows;
    return this.#turns.next(device);
  }

  #add(device: number, head: number, size: number, time: number, delay: number): void {
    const uplinks = this.#uplinks;
    const place = head * wordsPerFrame;
    const word = this.#channelWords.wordBy(this.#channelKeys[device] as number, place);
    const at = uplinks.add();
    uplinks.times[at] = time;
    uplinks.delays[at] = delay;
    uplinks.devices[at] = device;
    uplinks.sequences[at] = head;
    uplinks.sizes[at] = size;
    uplinks.channels[at] = Math.floor((word / 0x100000000) * this.#channels);
    uplinks.lost[at] = this.#loss.isLost(device, time, place) ? 1 : 0;
  }

  /** The gateway hears the uplinks from one on, in the order of their times. */
  #hear(from: number, start: number, until: number): void {
    const { size: to, capacity, times, devices, sizes, channels } = this.#uplinks;
    const { factor: factors, power, audible } = this.#states;
    const { airtimes } = this.#tables;
    const receiver = this.#receiver;
    receiver.reserve(capacity);
    const order = this.#order.of(times, from, to, start, until);
    this.#suffer(order, to - from);
    for (let i = 0; i < to - from; i++) {
      const uplink = order[i] as number;
      const device = devices[uplink] as number;
      receiver.start(
        uplink,
        channels[uplink] as number,
        times[uplink] as number,
        airtimes[sizes[uplink] as number] as number,
        factors[device] as number,
        power[device] as number,
        audible[device] === 1,
      );
    }
  }

  /** Uplinks are lost while the gateway or the broker is out. */
  #suffer(order: Int32Array, count: number): void {
    if (this.#gatewayOut.count + this.#brokerOut.count === 0) return;
    const { times, lost } = this.#uplinks;
    for (let i = 0; i < count; i++) {
      const uplink = order[i] as number;
      const time = times[uplink] as number;
      if (this.#gatewayOut.covers(time) || this.#brokerOut.covers(time)) lost[uplink] = 1;
    }
  }

  /** Counts the uplinks that have a verdict; those still on air are kept. */
  #settle(): void {
    const uplinks = this.#uplinks;
    const { verdicts } = this.#receiver;
    let kept = 0;
    for (let uplink = 0; uplink < uplinks.size; uplink++) {
      const verdict = verdicts[uplink] as number;
      if (verdict !== pending) this.#account(uplink, verdict);
      else {
        uplinks.move(uplink, kept);
        this.#receiver.rename(uplink, kept);
        kept += 1;
      }
    }
    uplinks.size = kept;
  }

  #account(uplink: number, heard: number): void {
    const { times, delays, devices, sequences, sizes, lost } = this.#uplinks;
    const verdict = heard === outcome.received && lost[uplink] === 1 ? outcome.lost : heard;
    const size = sizes[uplink] as number;
    const sequence = sequences[uplink] as number;
    if (sequence < 0) {
      this.#uplinkCounts.birth(size, verdict);
      return;
    }
    const device = devices[uplink] as number;
    this.#uplinkCounts.frame(size, verdict, delays[uplink] as number, this.#states.group[device] as number);
    if (!this.#isTraced) return;
    const arrival = (times[uplink] as number) + (this.#tables.airtimes[size] as number);
    this.#counts.trace(device, sequence, verdict, 1, 1, arrival);
  }
}
