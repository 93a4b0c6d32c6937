import { type DeviceStates, mark } from "./device-states.ts";
import { latencyBin } from "./latency-histogram.ts";
import type { LorawanCells, LorawanTables } from "./lorawan-devices.ts";
import { outcome, outcomeCount } from "./outcome.ts";
import type { Tally } from "./tally.ts";

/** Adds up what becomes of the frames and transmissions of a LoRaWAN cell; devices are counted from the cell's first. */
export class LorawanCounts {
  readonly #cells: LorawanCells;
  readonly #states: DeviceStates;
  readonly #tally: Tally;
  /** Numbers by bytes that a class has in the tally. */
  readonly #width: number;
  readonly #isTraced: boolean;
  readonly #periods: Float64Array;
  readonly #rows: Float64Array;
  #first = 0;

  /**
   * @param cells What the cells have in common.
   * @param states Of the devices.
   * @param tables By factor.
   */
  constructor(cells: LorawanCells, states: DeviceStates, { periods, rows }: LorawanTables) {
    this.#cells = cells;
    this.#states = states;
    this.#tally = cells.tally;
    this.#width = cells.tally.largest + 1;
    this.#isTraced = cells.traced.size > 0;
    this.#periods = periods;
    this.#rows = rows;
  }

  /**
   * Turns to the next cell.
   *
   * @param first Number of its first device in the fleet.
   */
  begin(first: number): void {
    this.#first = first;
  }

  /**
   * A transmission.
   *
   * @param device Whose.
   * @param isFrame False for a part of a birth.
   * @param bytes Of the application.
   * @param airtime µs.
   * @param verdict What became of it.
   */
  transmission(device: number, isFrame: boolean, bytes: number, airtime: number, verdict: number): void {
    const tally = this.#tally;
    const { factor: factors, airtime: airtimes } = this.#states;
    const factor = factors[device] as number;
    const sizes = isFrame ? tally.sentBySize : tally.controlBySize;
    const at = factor * this.#width + bytes;
    const way = factor * outcomeCount + verdict;
    sizes[at] = (sizes[at] as number) + 1;
    tally.transmissions[way] = (tally.transmissions[way] as number) + 1;
    tally.airtime[factor] = (tally.airtime[factor] as number) + airtime;
    airtimes[device] = (airtimes[device] as number) + airtime;
  }

  /**
   * A frame has arrived, for the first time.
   *
   * @param device Whose.
   * @param sequence Of the frame.
   * @param bytes Of the frame.
   * @param arrival When, µs.
   */
  received(device: number, sequence: number, bytes: number, arrival: number): void {
    const states = this.#states;
    const tally = this.#tally;
    const factor = states.factor[device] as number;
    const latency = arrival - (states.origin[device] as number) - sequence * (this.#periods[factor] as number);
    const at = factor * this.#width + bytes;
    tally.receivedBySize[at] = (tally.receivedBySize[at] as number) + 1;
    tally.rows[factor] = (tally.rows[factor] as number) + (this.#rows[factor] as number);
    const bin = latencyBin(latency);
    tally.latencies[bin] = (tally.latencies[bin] as number) + 1;
    tally.latencySum[0] = (tally.latencySum[0] as number) + latency;
    const group = 2 * (states.group[device] as number) + 1;
    tally.groups[group] = (tally.groups[group] as number) + 1;
  }

  /** A frame of a device was received again. */
  duplicate(device: number): void {
    const { duplicates } = this.#tally;
    const factor = this.#states.factor[device] as number;
    duplicates[factor] = (duplicates[factor] as number) + 1;
  }

  /**
   * Frames are done with.
   *
   * @param device Whose.
   * @param sequence Of the first.
   * @param verdict What became of them.
   * @param count How many.
   * @param attempts Transmissions of each.
   * @param arrival When the last one ended, µs; of no use for frames that were not received.
   */
  frames(device: number, sequence: number, verdict: number, count: number, attempts: number, arrival: number): void {
    const { frames } = this.#tally;
    const at = (this.#states.factor[device] as number) * outcomeCount + verdict;
    frames[at] = (frames[at] as number) + count;
    if (this.#isTraced) this.trace(device, sequence, verdict, count, attempts, arrival);
  }

  /** Frames of a device that were never sent. */
  unsent(device: number, sequence: number, count: number): void {
    const isBlocked = ((this.#states.marks[device] as number) & mark.blocked) !== 0;
    this.frames(device, sequence, isBlocked ? outcome.dutyBlocked : outcome.expired, count, 0, 0);
  }

  /** The simulation is over for a device whose transmissions have been counted: frames that were due and never sent. */
  end(device: number): void {
    const states = this.#states;
    const head = Math.max(0, states.head[device] as number);
    const left = (states.due[device] as number) - head;
    if (left > 0) this.unsent(device, head, left);
    const factor = states.factor[device] as number;
    const { mostAirtime } = this.#tally;
    mostAirtime[factor] = Math.max(mostAirtime[factor] as number, states.airtime[device] as number);
  }

  /** Tells of frames of a device that is followed; see {@link LorawanCounts.frames}. */
  trace(device: number, first: number, verdict: number, count: number, attempts: number, arrival: number): void {
    const { traced, trace } = this.#cells;
    const number = this.#first + device;
    if (!traced.has(number)) return;
    for (let i = 0; i < count; i++)
      trace.push({ device: number, sequence: first + i, outcome: verdict, attempts, arrival });
  }
}
