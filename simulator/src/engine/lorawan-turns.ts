import { microsecond, type Weather } from "../scenario/weather.ts";
import { type DeviceStates, mark } from "./device-states.ts";
import type { DutyLedger } from "./duty-ledger.ts";
import { oldestKept } from "./frame-clock.ts";
import type { LorawanCounts } from "./lorawan-counts.ts";
import { createLedger, type LorawanCells, type LorawanTables, planOfFactor, tableWidth } from "./lorawan-devices.ts";
import type { LorawanPlan } from "./lorawan-plan.ts";

const never = Number.POSITIVE_INFINITY;

/** When devices of a LoRaWAN cell send what: when frames are due, which have grown too old, what the duty cycle allows. */
export class LorawanTurns {
  readonly #plan: LorawanPlan;
  readonly #states: DeviceStates;
  readonly #counts: LorawanCounts;
  readonly #tables: LorawanTables;
  readonly #ledger: DutyLedger | undefined;
  readonly #weather: Weather;
  readonly #expire: number;
  readonly #queue: number;
  #first = 0;

  /**
   * @param cells What the cells have in common.
   * @param states Of the devices, counted from the cell's first.
   * @param counts Are told of frames that are left out.
   * @param tables By factor.
   */
  constructor(cells: LorawanCells, states: DeviceStates, counts: LorawanCounts, tables: LorawanTables) {
    const { expireSeconds, queue } = cells.scenario.delivery;
    this.#plan = cells.plan;
    this.#states = states;
    this.#counts = counts;
    this.#tables = tables;
    this.#ledger = createLedger(cells);
    this.#weather = cells.weather;
    this.#expire = expireSeconds * microsecond;
    this.#queue = queue;
  }

  /**
   * Turns to the next cell.
   *
   * @param first Number of its first device in the fleet.
   * @param count Its devices.
   */
  begin(first: number, count: number): void {
    this.#first = first;
    this.#ledger?.clear(count);
  }

  /** When it is a device's turn to send its head, the duty cycle aside, µs; infinite where it has none. */
  next(device: number): number {
    const states = this.#states;
    const head = states.head[device] as number;
    const free = states.free[device] as number;
    if (head < 0) return free;
    if (head >= (states.due[device] as number)) return never;
    const period = this.#tables.periods[states.factor[device] as number] as number;
    const due = (states.origin[device] as number) + head * period + this.#weather.jitterOf(this.#first + device, head);
    return due > free ? due : free;
  }

  /**
   * A device's turn. Where it sends its head now, the head's bytes are in its state, and the time on air is noted.
   *
   * @param device Whose.
   * @param time Now, µs.
   * @returns Now, or when it is its turn again: it does not send now.
   */
  take(device: number, time: number): number {
    const states = this.#states;
    const factor = states.factor[device] as number;
    if (states.attempts[device] === 0 && this.#skip(device, factor, time)) {
      const next = this.next(device);
      if (next > time) return next;
    }
    const head = states.head[device] as number;
    const plan = planOfFactor(this.#plan, factor);
    const bytes =
      head < 0 ? (plan.births[head + plan.births.length] as number) : plan.sizes.bytesOf(this.#first + device, head);
    states.bytes[device] = bytes;
    if (this.#ledger === undefined || !plan.isLimited) return time;
    const airtime = this.#tables.airtimes[factor * tableWidth + bytes] as number;
    const allowed = this.#ledger.earliest(device, time, airtime);
    if (allowed > time) states.marks[device] = (states.marks[device] as number) | mark.blocked;
    else this.#ledger.add(device, time, airtime);
    return allowed;
  }

  /** Leaves out frames that are too old, or for which there was no room. @returns Whether there were any. */
  #skip(device: number, factor: number, time: number): boolean {
    const states = this.#states;
    const head = states.head[device] as number;
    const origin = states.origin[device] as number;
    const period = this.#tables.periods[factor] as number;
    if (head < 0 || time - origin - head * period < (this.#tables.stale[factor] as number)) return false;
    const oldest = oldestKept(time, origin, period, this.#expire, this.#queue);
    if (oldest <= head) return false;
    const next = Math.min(oldest, states.due[device] as number);
    this.#counts.unsent(device, head, next - head);
    states.head[device] = next;
    return true;
  }
}
