import { ratioOfDecibels } from "../links/elementary.ts";
import { captureThresholdsDb } from "../links/lorawan/interference.ts";
import { outcome } from "./outcome.ts";

/** Spreading factors 7 to 12. */
const factorCount = 6;
/** No verdict yet, or no transmission. */
const pending = 255;
const firstCapacity = 16;

/** How a gateway receives. */
export interface ReceiverOptions {
  readonly channels: number;
  /** Signals at a time. */
  readonly demodulators: number;
  /** Ratio at which the stronger of two signals of one spreading factor survives, dB. */
  readonly captureDb: number;
  /** Signals of other spreading factors interfere as well. */
  readonly crossInterference: boolean;
}

/**
 * Least ratio of energies, by wanted and interfering factor. At the very threshold the same factor loses and another
 * survives, as in `withstands`: hence the little more and the little less.
 */
function thresholds({ captureDb, crossInterference }: ReceiverOptions): Float64Array {
  const table = new Float64Array(factorCount * factorCount);
  for (let wanted = 0; wanted < factorCount; wanted++)
    for (let other = 0; other < factorCount; other++) {
      const decibels = wanted === other ? captureDb : (captureThresholdsDb.value[wanted]?.[other] ?? 0);
      if (wanted !== other && !crossInterference) continue;
      table[wanted * factorCount + other] = ratioOfDecibels(decibels) * (wanted === other ? 1 + 2e-10 : 1 - 2e-10);
    }
  return table;
}

/**
 * The receiver of one LoRaWAN gateway: signals on its channels, the energy that each gets from the others while it lasts
 * (Goursaud and Gorce 2015, as ns-3 computes it: every spreading factor is judged alone, signals of one add up),
 * demodulators, and downlinks during which it hears nothing. A device sends one signal at a time; signals and downlinks are
 * told in the order of their starts. `destroyedBy` and `GatewayRadio` are the same rules for a few signals at a time.
 */
export class GatewayReceiver {
  readonly #thresholds: Float64Array;
  readonly #counts: Int32Array;
  readonly #demodulators: Float64Array;
  #capacity = firstCapacity;
  // by signal: channel · capacity + place
  #devices: Int32Array;
  #starts: Float64Array;
  #ends: Float64Array;
  #powers: Float64Array;
  #factors: Uint8Array;
  #refusals: Uint8Array;
  #energies: Float64Array;
  // by device
  readonly #slots: Int32Array;
  readonly #verdicts: Uint8Array;
  readonly #channelOf: Uint8Array;
  #sendingUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param devices Most devices of a cell.
   * @param options How it receives.
   */
  constructor(devices: number, options: ReceiverOptions) {
    const places = options.channels * firstCapacity;
    this.#thresholds = thresholds(options);
    this.#counts = new Int32Array(options.channels);
    this.#demodulators = new Float64Array(options.demodulators);
    this.#devices = new Int32Array(places);
    this.#starts = new Float64Array(places);
    this.#ends = new Float64Array(places);
    this.#powers = new Float64Array(places);
    this.#factors = new Uint8Array(places);
    this.#refusals = new Uint8Array(places);
    this.#energies = new Float64Array(places * factorCount);
    this.#slots = new Int32Array(devices);
    this.#verdicts = new Uint8Array(devices);
    this.#channelOf = new Uint8Array(devices);
    this.clear();
  }

  /** Forgets everything: the next cell. */
  clear(): void {
    this.#counts.fill(0);
    this.#demodulators.fill(Number.NEGATIVE_INFINITY);
    this.#verdicts.fill(pending);
    this.#sendingUntil = Number.NEGATIVE_INFINITY;
  }

  /**
   * A signal begins.
   *
   * @param device Whose it is; its last one was taken or has ended.
   * @param channel 0 and on.
   * @param time When, µs; not before anything told earlier.
   * @param airtime How long it lasts, µs.
   * @param factor 0 for spreading factor 7 … 5 for 12.
   * @param power At the gateway, mW.
   * @param audible Whether it is above the sensitivity.
   */
  start(
    device: number,
    channel: number,
    time: number,
    airtime: number,
    factor: number,
    power: number,
    audible: boolean,
  ): void {
    const end = time + airtime;
    const slot = this.#makeRoom(channel, time);
    const energies = this.#energies;
    const mine = slot * factorCount;
    for (let other = 0; other < factorCount; other++) energies[mine + other] = 0;
    for (let i = channel * this.#capacity; i < slot; i++) {
      const otherEnd = this.#ends[i] as number;
      const shared = (otherEnd < end ? otherEnd : end) - time;
      const its = i * factorCount + factor;
      energies[its] = (energies[its] as number) + power * shared;
      const at = mine + (this.#factors[i] as number);
      energies[at] = (energies[at] as number) + (this.#powers[i] as number) * shared;
    }
    this.#devices[slot] = device;
    this.#starts[slot] = time;
    this.#ends[slot] = end;
    this.#powers[slot] = power;
    this.#factors[slot] = factor;
    this.#refusals[slot] = audible ? this.#bind(time, end) : outcome.underSensitivity;
    this.#slots[device] = slot;
    this.#channelOf[device] = channel;
  }

  /** Settles the signals of a channel that have ended, and takes a place for one more. @returns The place. */
  #makeRoom(channel: number, time: number): number {
    const base = channel * this.#capacity;
    let after = base + (this.#counts[channel] as number);
    for (let i = base; i < after; ) {
      if ((this.#ends[i] as number) > time) {
        i += 1;
        continue;
      }
      this.#settle(i);
      after -= 1;
      if (i < after) this.#move(after, i);
    }
    const count = after - base;
    this.#counts[channel] = count;
    if (count === this.#capacity) this.#grow();
    this.#counts[channel] = count + 1;
    return channel * this.#capacity + count;
  }

  /**
   * What became of a device's signal, which has ended; the signal is forgotten.
   *
   * @returns An outcome's number.
   */
  take(device: number): number {
    let verdict = this.#verdicts[device] as number;
    if (verdict === pending) {
      const slot = this.#slots[device] as number;
      const channel = this.#channelOf[device] as number;
      this.#settle(slot);
      verdict = this.#verdicts[device] as number;
      const last = channel * this.#capacity + (this.#counts[channel] as number) - 1;
      if (slot < last) this.#move(last, slot);
      this.#counts[channel] = (this.#counts[channel] as number) - 1;
    }
    this.#verdicts[device] = pending;
    return verdict;
  }

  /**
   * A downlink begins. It cuts off whatever is being received, and nothing is heard until it ends.
   *
   * @param time When; not before anything told earlier.
   * @param end When it ends.
   * @returns False if the gateway is sending already: then there is no downlink.
   */
  send(time: number, end: number): boolean {
    if (time < this.#sendingUntil) return false;
    this.#sendingUntil = end;
    this.#demodulators.fill(Number.NEGATIVE_INFINITY);
    for (let channel = 0; channel < this.#counts.length; channel++) {
      const base = channel * this.#capacity;
      for (let i = base; i < base + (this.#counts[channel] as number); i++)
        if ((this.#ends[i] as number) > time && this.#refusals[i] === 0) this.#refusals[i] = outcome.gatewayBusy;
    }
    return true;
  }

  /** Binds a demodulator. @returns Why there is none, or 0. */
  #bind(time: number, end: number): number {
    if (time < this.#sendingUntil) return outcome.gatewayBusy;
    const demodulators = this.#demodulators;
    for (let i = 0; i < demodulators.length; i++)
      if ((demodulators[i] as number) <= time) {
        demodulators[i] = end;
        return 0;
      }
    return outcome.noDemodulator;
  }

  #settle(slot: number): void {
    const device = this.#devices[slot] as number;
    const refusal = this.#refusals[slot] as number;
    if (refusal !== 0) {
      this.#verdicts[device] = refusal;
      return;
    }
    const own = (this.#powers[slot] as number) * ((this.#ends[slot] as number) - (this.#starts[slot] as number));
    const row = (this.#factors[slot] as number) * factorCount;
    const at = slot * factorCount;
    let verdict: number = outcome.received;
    for (let other = 0; other < factorCount; other++)
      if (own < (this.#thresholds[row + other] as number) * (this.#energies[at + other] as number))
        verdict = outcome.collided;
    this.#verdicts[device] = verdict;
  }

  #move(from: number, to: number): void {
    const device = this.#devices[from] as number;
    this.#devices[to] = device;
    this.#starts[to] = this.#starts[from] as number;
    this.#ends[to] = this.#ends[from] as number;
    this.#powers[to] = this.#powers[from] as number;
    this.#factors[to] = this.#factors[from] as number;
    this.#refusals[to] = this.#refusals[from] as number;
    const energies = this.#energies;
    for (let other = 0; other < factorCount; other++)
      energies[to * factorCount + other] = energies[from * factorCount + other] as number;
    this.#slots[device] = to;
  }

  /** Twice the room on every channel. */
  #grow(): void {
    const before = this.#capacity;
    const after = 2 * before;
    const channels = this.#counts.length;
    const places = channels * after;
    const widen = <Values extends Float64Array | Int32Array | Uint8Array>(from: Values, into: Values, width = 1) => {
      for (let c = 0; c < channels; c++)
        into.set(from.subarray(c * before * width, (c + 1) * before * width), c * after * width);
      return into;
    };
    this.#capacity = after;
    this.#devices = widen(this.#devices, new Int32Array(places));
    this.#starts = widen(this.#starts, new Float64Array(places));
    this.#ends = widen(this.#ends, new Float64Array(places));
    this.#powers = widen(this.#powers, new Float64Array(places));
    this.#factors = widen(this.#factors, new Uint8Array(places));
    this.#refusals = widen(this.#refusals, new Uint8Array(places));
    this.#energies = widen(this.#energies, new Float64Array(places * factorCount), factorCount);
    for (let c = 0; c < channels; c++)
      for (let i = c * after; i < c * after + (this.#counts[c] as number); i++)
        this.#slots[this.#devices[i] as number] = i;
  }
}
