import { ratioOfDecibels } from "../links/elementary.ts";
import { captureThresholdsDb } from "../links/lorawan/interference.ts";
import { outcome } from "./outcome.ts";

/** Spreading factors 7 to 12. */
const factorCount = 6;
/** In place of an outcome: the signal has not ended, or nobody has asked. */
export const pending = 255;
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
 * demodulators, and downlinks during which it hears nothing. Signals have numbers, which may be used again once a signal's
 * verdict is there; signals and downlinks are told in the order of their starts. `destroyedBy` and `GatewayRadio` are the
 * same rules for a few signals at a time.
 */
export class GatewayReceiver {
  readonly #thresholds: Float64Array;
  readonly #counts: Int32Array;
  readonly #demodulators: Float64Array;
  #capacity = firstCapacity;
  // by slot: channel · capacity + place
  #signals: Int32Array;
  #starts: Float64Array;
  #ends: Float64Array;
  #powers: Float64Array;
  #factors: Uint8Array;
  #refusals: Uint8Array;
  /** 1 where another signal has been on the channel at the same time: only then are the energies of any use. */
  #shared: Uint8Array;
  #energies: Float64Array;
  // by signal
  #slots: Int32Array;
  #verdicts: Uint8Array;
  #sendingUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param signals Numbers of signals to begin with: 0 and on.
   * @param options How it receives.
   */
  constructor(signals: number, options: ReceiverOptions) {
    const places = options.channels * firstCapacity;
    this.#thresholds = thresholds(options);
    this.#counts = new Int32Array(options.channels);
    this.#demodulators = new Float64Array(options.demodulators);
    this.#signals = new Int32Array(places);
    this.#starts = new Float64Array(places);
    this.#ends = new Float64Array(places);
    this.#powers = new Float64Array(places);
    this.#factors = new Uint8Array(places);
    this.#refusals = new Uint8Array(places);
    this.#shared = new Uint8Array(places);
    this.#energies = new Float64Array(places * factorCount);
    this.#slots = new Int32Array(signals);
    this.#verdicts = new Uint8Array(signals).fill(pending);
    this.clear();
  }

  /** Forgets everything: the next cell. */
  clear(): void {
    this.#counts.fill(0);
    this.#demodulators.fill(Number.NEGATIVE_INFINITY);
    this.#sendingUntil = Number.NEGATIVE_INFINITY;
  }

  /** What became of signals, by number: an outcome's number, or {@link pending}. A view; `reserve` makes another. */
  get verdicts(): Uint8Array {
    return this.#verdicts;
  }

  /** Makes room for more numbers of signals. */
  reserve(signals: number): void {
    if (signals <= this.#slots.length) return;
    const slots = new Int32Array(signals);
    const verdicts = new Uint8Array(signals).fill(pending);
    slots.set(this.#slots);
    verdicts.set(this.#verdicts);
    this.#slots = slots;
    this.#verdicts = verdicts;
  }

  /**
   * A signal begins.
   *
   * @param signal Its number; the signal that had it before has its verdict.
   * @param channel 0 and on.
   * @param time When, µs; not before anything told earlier.
   * @param airtime How long it lasts, µs.
   * @param factor 0 for spreading factor 7 … 5 for 12.
   * @param power At the gateway, mW.
   * @param audible Whether it is above the sensitivity.
   */
  start(
    signal: number,
    channel: number,
    time: number,
    airtime: number,
    factor: number,
    power: number,
    audible: boolean,
  ): void {
    const end = time + airtime;
    const slot = this.#makeRoom(channel, time);
    this.#signals[slot] = signal;
    this.#starts[slot] = time;
    this.#ends[slot] = end;
    this.#powers[slot] = power;
    this.#factors[slot] = factor;
    this.#refusals[slot] = audible ? this.#bind(time, end) : outcome.underSensitivity;
    this.#shared[slot] = 0;
    this.#slots[signal] = slot;
    this.#verdicts[signal] = pending;
    const base = channel * this.#capacity;
    if (slot > base) this.#overlap(base, slot);
  }

  /** Energy that the signals on a channel and the one that begins, in the last slot, get from each other. */
  #overlap(base: number, slot: number): void {
    const energies = this.#energies;
    const time = this.#starts[slot] as number;
    const end = this.#ends[slot] as number;
    const power = this.#powers[slot] as number;
    const factor = this.#factors[slot] as number;
    const mine = slot * factorCount;
    this.#share(slot);
    for (let other = base; other < slot; other++) {
      if (this.#shared[other] === 0) this.#share(other);
      const otherEnd = this.#ends[other] as number;
      const both = (otherEnd < end ? otherEnd : end) - time;
      const its = other * factorCount + factor;
      energies[its] = (energies[its] as number) + power * both;
      const at = mine + (this.#factors[other] as number);
      energies[at] = (energies[at] as number) + (this.#powers[other] as number) * both;
    }
  }

  /** A signal is no longer alone on its channel: from now on its energies count. */
  #share(slot: number): void {
    this.#shared[slot] = 1;
    for (let other = 0; other < factorCount; other++) this.#energies[slot * factorCount + other] = 0;
  }

  /** Settles the signals of a channel that have ended, and takes a slot for one more. @returns The slot. */
  #makeRoom(channel: number, time: number): number {
    const base = channel * this.#capacity;
    let after = base + (this.#counts[channel] as number);
    for (let i = base; i < after; ) {
      if ((this.#ends[i] as number) > time) {
        i += 1;
        continue;
      }
      this.#judge(i);
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
   * What became of a signal that has ended.
   *
   * @returns An outcome's number.
   */
  take(signal: number): number {
    const verdict = this.#verdicts[signal] as number;
    if (verdict !== pending) return verdict;
    const slot = this.#slots[signal] as number;
    const channel = Math.floor(slot / this.#capacity);
    this.#judge(slot);
    const last = channel * this.#capacity + (this.#counts[channel] as number) - 1;
    if (slot < last) this.#move(last, slot);
    this.#counts[channel] = (this.#counts[channel] as number) - 1;
    return this.#verdicts[signal] as number;
  }

  /** Gives all signals their verdict: nothing more is to come. */
  settle(): void {
    for (let channel = 0; channel < this.#counts.length; channel++) {
      const base = channel * this.#capacity;
      for (let i = base; i < base + (this.#counts[channel] as number); i++) this.#judge(i);
      this.#counts[channel] = 0;
    }
  }

  /** Gives a signal that has no verdict yet another number. */
  rename(signal: number, name: number): void {
    const slot = this.#slots[signal] as number;
    this.#signals[slot] = name;
    this.#slots[name] = slot;
    this.#verdicts[name] = pending;
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

  #judge(slot: number): void {
    const signal = this.#signals[slot] as number;
    const refusal = this.#refusals[slot] as number;
    if (refusal !== 0 || this.#shared[slot] === 0) {
      this.#verdicts[signal] = refusal;
      return;
    }
    const own = (this.#powers[slot] as number) * ((this.#ends[slot] as number) - (this.#starts[slot] as number));
    const row = (this.#factors[slot] as number) * factorCount;
    const at = slot * factorCount;
    let verdict: number = outcome.received;
    for (let other = 0; other < factorCount; other++)
      if (own < (this.#thresholds[row + other] as number) * (this.#energies[at + other] as number))
        verdict = outcome.collided;
    this.#verdicts[signal] = verdict;
  }

  #move(from: number, to: number): void {
    const signal = this.#signals[from] as number;
    this.#signals[to] = signal;
    this.#starts[to] = this.#starts[from] as number;
    this.#ends[to] = this.#ends[from] as number;
    this.#powers[to] = this.#powers[from] as number;
    this.#factors[to] = this.#factors[from] as number;
    this.#refusals[to] = this.#refusals[from] as number;
    this.#shared[to] = this.#shared[from] as number;
    const energies = this.#energies;
    for (let other = 0; other < factorCount; other++)
      energies[to * factorCount + other] = energies[from * factorCount + other] as number;
    this.#slots[signal] = to;
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
    this.#signals = widen(this.#signals, new Int32Array(places));
    this.#starts = widen(this.#starts, new Float64Array(places));
    this.#ends = widen(this.#ends, new Float64Array(places));
    this.#powers = widen(this.#powers, new Float64Array(places));
    this.#factors = widen(this.#factors, new Uint8Array(places));
    this.#refusals = widen(this.#refusals, new Uint8Array(places));
    this.#shared = widen(this.#shared, new Uint8Array(places));
    this.#energies = widen(this.#energies, new Float64Array(places * factorCount), factorCount);
    for (let c = 0; c < channels; c++)
      for (let i = c * after; i < c * after + (this.#counts[c] as number); i++)
        this.#slots[this.#signals[i] as number] = i;
  }
}
