import { LinkError } from "../errors.ts";
import type { Uniforms } from "./uniforms.ts";

/** The Gilbert–Elliott model by packet, in the letters of `tc netem loss gemodel p r 1-h 1-k`. */
export interface GilbertElliott {
  /** Chance that a packet turns the state from good to bad, 0 … 1. */
  readonly p: number;
  /** Chance that it turns from bad to good, above 0, at most 1. */
  readonly r: number;
  /** Chance to arrive in the bad state, 0 … 1. Default 0. */
  readonly h?: number;
  /** Chance to arrive in the good state, 0 … 1. Default 1. */
  readonly k?: number;
}

function share(name: string, value: number, least = 0): number {
  if (value >= least && value <= 1) return value;
  throw new LinkError("option", `${name} must be a chance from ${least} to 1, not ${value}`, {
    limit: name,
    actual: value,
    allowed: 1,
  });
}

const smallest = Number.MIN_VALUE;

/** Checks a model. */
function checked({ p, r, h = 0, k = 1 }: GilbertElliott): Required<GilbertElliott> {
  return { p: share("p", p), r: share("r", r, smallest), h: share("h", h), k: share("k", k) };
}

/** Closed forms of a Gilbert–Elliott model. */
export interface GilbertElliottTheory {
  /** Share of packets met in the bad state: p / (p + r). */
  readonly badShare: number;
  /** Mean loss: badShare · (1 − h) + (1 − badShare) · (1 − k). */
  readonly loss: number;
  /** Mean length of a stay in the bad state, packets: 1 / r. */
  readonly meanBadRun: number;
  /** Correlation of the states of neighbouring packets: 1 − p − r. */
  readonly correlation: number;
}

/**
 * What a model gives on average (Gilbert 1960, Elliott 1963).
 *
 * @param model The model.
 * @throws LinkError code `option` for a chance outside its range
 */
export function gilbertElliottTheory(model: GilbertElliott): GilbertElliottTheory {
  const { p, r, h, k } = checked(model);
  const badShare = p / (p + r);
  return {
    badShare,
    loss: badShare * (1 - h) + (1 - badShare) * (1 - k),
    meanBadRun: 1 / r,
    correlation: 1 - p - r,
  };
}

/**
 * The model that loses everything in the bad state and nothing in the good one, from a loss and a correlation:
 * p = L(1 − ρ), r = (1 − L)(1 − ρ).
 *
 * @param loss Mean loss, 0 … below 1.
 * @param correlation Of neighbouring packets' states, 0 … below 1.
 * @throws LinkError code `option`
 */
export function fitGilbertElliott(loss: number, correlation: number): GilbertElliott {
  share("loss", loss);
  share("correlation", correlation);
  return checked({ p: loss * (1 - correlation), r: (1 - loss) * (1 - correlation) });
}

/** Losses of one device's packets, one after the other: two numbers a packet, one for the state and one for the loss. */
export class PacketLosses {
  readonly #model: Required<GilbertElliott>;
  readonly #uniforms: Uniforms;
  readonly #device: number;
  #position = 0;
  #isBad: boolean;

  /**
   * @param model The model; the first packet meets either state with its long-run share.
   * @param uniforms Numbers of this purpose.
   * @param device Which device's.
   * @throws LinkError code `option`
   */
  constructor(model: GilbertElliott, uniforms: Uniforms, device: number) {
    this.#model = checked(model);
    this.#uniforms = uniforms;
    this.#device = device;
    this.#isBad = this.#uniform() < gilbertElliottTheory(model).badShare;
  }

  #uniform(): number {
    return this.#uniforms.at(this.#device, this.#position++);
  }

  /** Whether the last packet met the bad state, or the first one will. */
  get isBad(): boolean {
    return this.#isBad;
  }

  /** Sends one packet. @returns Whether it is lost. */
  next(): boolean {
    const { p, r, h, k } = this.#model;
    const isLost = this.#uniform() >= (this.#isBad ? h : k);
    const turn = this.#uniform();
    this.#isBad = this.#isBad ? turn >= r : turn < p;
    return isLost;
  }
}

/** The same model in time: stays in either state are exponential. Right for devices that send seldom. */
export interface TimedGilbertElliott {
  /** Mean stay in the good state, s, above 0. */
  readonly meanGoodSecond: number;
  /** Mean stay in the bad state, s, above 0. */
  readonly meanBadSecond: number;
  /** Chance to be lost in the good state. Default 0. */
  readonly goodLoss?: number;
  /** Chance to be lost in the bad state. Default 1. */
  readonly badLoss?: number;
}

function checkedTimes(model: TimedGilbertElliott): Required<TimedGilbertElliott> {
  const { meanGoodSecond, meanBadSecond, goodLoss = 0, badLoss = 1 } = model;
  for (const [name, value] of Object.entries({ meanGoodSecond, meanBadSecond }))
    if (!(value >= 1e-6 && value <= 1e9))
      throw new LinkError("option", `${name} must be from 1e-6 to 1e9 s, not ${value}`, { limit: name, actual: value });
  return { meanGoodSecond, meanBadSecond, goodLoss: share("goodLoss", goodLoss), badLoss: share("badLoss", badLoss) };
}

/**
 * Mean loss of a model in time.
 *
 * @param model The model.
 * @throws LinkError code `option`
 */
export function timedLoss(model: TimedGilbertElliott): number {
  const { meanGoodSecond, meanBadSecond, goodLoss, badLoss } = checkedTimes(model);
  return (meanBadSecond * badLoss + meanGoodSecond * goodLoss) / (meanBadSecond + meanGoodSecond);
}

/**
 * Losses of many devices in time, each with a weather of its own, 9 bytes a device. Times of one device must not run back.
 * Stays are whole microseconds; the state at time 0 is drawn by its long-run share.
 */
export class TimedLosses {
  readonly #model: Required<TimedGilbertElliott>;
  readonly #stays: Uniforms;
  readonly #losses: Uniforms;
  readonly #until: Float64Array;
  readonly #turns: Uint32Array;
  readonly #startsBad: Uint8Array;
  readonly #firstDevice: number;

  /**
   * @param model The model.
   * @param stays Numbers for the stays.
   * @param losses Numbers for the losses, of another purpose.
   * @param devices How many devices.
   * @param firstDevice Number of the first, for streams; default 0. A cell of a fleet gives its own.
   * @throws LinkError code `option`
   */
  constructor(
    model: TimedGilbertElliott,
    stays: Uniforms,
    losses: Uniforms,
    { devices, firstDevice = 0 }: { readonly devices: number; readonly firstDevice?: number },
  ) {
    this.#model = checkedTimes(model);
    this.#stays = stays;
    this.#losses = losses;
    this.#firstDevice = firstDevice;
    this.#until = new Float64Array(devices);
    this.#turns = new Uint32Array(devices);
    this.#startsBad = new Uint8Array(devices);
    const { meanGoodSecond, meanBadSecond } = this.#model;
    const badShare = meanBadSecond / (meanGoodSecond + meanBadSecond);
    for (let device = 0; device < devices; device++) {
      this.#startsBad[device] = stays.at(firstDevice + device, 0) < badShare ? 1 : 0;
      this.#until[device] = this.#stayUs(device); // exponential stays have no memory: what is left is one too
    }
  }

  /**
   * Whether a device is in the bad state.
   *
   * @param device 0 … devices − 1.
   * @param timeUs Not before a time asked about earlier for this device.
   */
  isBad(device: number, timeUs: number): boolean {
    while ((this.#until[device] ?? Number.POSITIVE_INFINITY) <= timeUs) {
      this.#turns[device] = (this.#turns[device] ?? 0) + 1;
      this.#until[device] = (this.#until[device] ?? 0) + this.#stayUs(device);
    }
    return this.#state(device) === 1;
  }

  /**
   * Whether a message is lost.
   *
   * @param device 0 … devices − 1.
   * @param timeUs When it is sent; not before a time asked about earlier for this device.
   * @param message Its number in the device's life: the draw depends on nothing else.
   */
  isLost(device: number, timeUs: number, message: number): boolean {
    const { goodLoss, badLoss } = this.#model;
    const loss = this.isBad(device, timeUs) ? badLoss : goodLoss;
    if (loss === 0 || loss === 1) return loss === 1;
    return this.#losses.at(this.#firstDevice + device, message) < loss;
  }

  #state(device: number): number {
    return ((this.#startsBad[device] ?? 0) + (this.#turns[device] ?? 0)) % 2;
  }

  #stayUs(device: number): number {
    const { meanGoodSecond, meanBadSecond } = this.#model;
    const meanUs = 1e6 * (this.#state(device) === 1 ? meanBadSecond : meanGoodSecond);
    const position = 1 + (this.#turns[device] ?? 0);
    return Math.max(1, Math.round(meanUs * this.#stays.exponentialAt(this.#firstDevice + device, position)));
  }
}
