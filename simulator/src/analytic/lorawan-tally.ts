import { dutyWindow } from "../engine/duty-ledger.ts";
import { latencyBin } from "../engine/latency-histogram.ts";
import type { FactorPlan, LorawanPlan } from "../engine/lorawan-plan.ts";
import { meanLoss } from "../engine/loss-process.ts";
import { outagesOf } from "../engine/outages.ts";
import { outcome, outcomeCount } from "../engine/outcome.ts";
import { createTally, type Tally } from "../engine/tally.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond } from "../scenario/weather.ts";
import { expectedFrames } from "./expected-frames.ts";
import { type Standing, survival, type Traffic } from "./lorawan-success.ts";
import { erlangLoss } from "./queue.ts";

/** Rounds after which load and repetitions agree. */
const rounds = 12;

/** What becomes of one transmission from a standing: chances, by outcome. */
type Chances = Float64Array;

/** What the frames of one spreading factor come to. */
interface FactorMeans {
  readonly plan: FactorPlan;
  /** Frames of a device. */
  readonly frames: number;
  /** How many of them have each size. */
  readonly sizes: readonly (readonly [bytes: number, count: number])[];
  /** Mean time on air of a frame, s. */
  readonly airtime: number;
  /** Frames that arrive, of devices that the duty cycle does not hold back and of those that it does. */
  readonly delivered: { free: number; held: number };
}

function meansOf(scenario: Scenario, plan: FactorPlan): FactorMeans {
  const frames = expectedFrames(scenario, plan.frames);
  const sizes = plan.sizes.amongFirst(frames);
  const { airtimes } = plan;
  const total = sizes.reduce((sum, [bytes, count]) => sum + count * (airtimes[bytes] as number), 0);
  const count = sizes.reduce((sum, [, some]) => sum + some, 0);
  const airtime = (count === 0 ? (airtimes[0] as number) : total / count) / microsecond;
  return { plan, frames, sizes, airtime, delivered: { free: 0, held: 0 } };
}

/** Share of the time, and of the cells, that gateways or the broker are out. */
function outShare(scenario: Scenario): number {
  const end = scenario.durationHours * 3600 * microsecond;
  const cells = Math.min(scenario.gateways.count, 64);
  if (scenario.outages.length === 0) return 0;
  let open = 0;
  for (let i = 0; i < cells; i++) {
    const cell = Math.floor((i * scenario.gateways.count) / cells);
    const [gateway, broker] = [outagesOf(scenario, cell, "gateway"), outagesOf(scenario, cell, "broker")];
    open += (1 - gateway.shareOf(end)) * (1 - broker.shareOf(end));
  }
  return 1 - open / cells;
}

/** What a scenario's LoRaWAN fleet is expected to do, standing by standing. */
class Expectation {
  readonly #scenario: Scenario;
  readonly #largest: number;
  readonly #places: readonly Standing[];
  readonly #factors: readonly (FactorMeans | undefined)[];
  readonly #lost: number;
  /** Devices of a cell. */
  readonly #devices: number;
  readonly #seconds: number;
  /** Transmissions a frame, by standing. */
  readonly #repeats: Float64Array;
  /** Share of the frames that the duty cycle lets out, by standing. */
  readonly #allowed: Float64Array;

  constructor(scenario: Scenario, plan: LorawanPlan, places: readonly Standing[]) {
    this.#scenario = scenario;
    this.#largest = plan.largest;
    this.#places = places;
    this.#factors = plan.factors.map((factor) => (factor === undefined ? undefined : meansOf(scenario, factor)));
    this.#lost = 1 - (1 - meanLoss(scenario.loss)) * (1 - outShare(scenario));
    this.#devices = scenario.fleet.devices / scenario.gateways.count;
    this.#seconds = scenario.durationHours * 3600;
    const { confirmed, transmissions } = scenario.links.lorawan;
    this.#repeats = new Float64Array(this.#places.length).fill(confirmed ? 1 : transmissions);
    this.#allowed = new Float64Array(this.#places.length).fill(1);
  }

  tally(): Tally {
    const { confirmed } = this.#scenario.links.lorawan;
    let chances = this.#round();
    for (let round = 0; confirmed && round < rounds; round++) {
      this.#repeat(chances);
      chances = this.#round();
    }
    const tally = createTally(this.#largest, 1);
    for (const [i, place] of this.#places.entries()) this.#add(tally, place, i, chances[i] as Chances);
    for (const factor of this.#factors) if (factor !== undefined) this.#addLatencies(tally, factor);
    return tally;
  }

  #factor(at: number): FactorMeans {
    const means = this.#factors[at];
    if (means === undefined) throw new RangeError(`no device was expected at spreading factor ${at + 7}`);
    return means;
  }

  /** Chances of every standing's transmissions under the present load. */
  #round(): readonly Chances[] {
    const { channels, dutyCycle } = this.#scenario.links.lorawan;
    const traffic = this.#places.map((place, i): Traffic => {
      const { airtime, frames } = this.#factor(place.factor);
      const wanted = (frames / this.#seconds) * (this.#repeats[i] as number);
      this.#allowed[i] = Math.min(1, dutyCycle / (wanted * airtime));
      // A device never disturbs itself.
      const others = Math.max(0, this.#devices - 1) * place.share;
      return { rate: (others * wanted * (this.#allowed[i] as number)) / channels, airtime };
    });
    const clear = survival(this.#scenario, this.#places, traffic);
    const load = traffic.reduce(
      (sum, { rate, airtime }, i) => sum + (this.#places[i]?.isAudible ? rate * airtime : 0),
      0,
    );
    const blocked = erlangLoss(load * channels, this.#scenario.gateways.demodulators);
    const busy = this.#busy(traffic, channels);
    return this.#places.map((place, i) =>
      this.#chances(place, clear[i] as number, blocked, busy * (traffic[i] as Traffic).airtime),
    );
  }

  /** Downlinks a second of a cell, each of which spoils what it overlaps. */
  #busy(traffic: readonly Traffic[], channels: number): number {
    if (!this.#scenario.links.lorawan.confirmed) return 0;
    return traffic.reduce((sum, { rate }, i) => sum + (rate * channels) / (this.#repeats[i] as number), 0);
  }

  #chances(place: Standing, clear: number, blocked: number, downlinks: number): Chances {
    const chances = new Float64Array(outcomeCount);
    if (!place.isAudible) {
      chances[outcome.underSensitivity] = 1;
      return chances;
    }
    const heard = Math.exp(-downlinks);
    chances[outcome.noDemodulator] = blocked;
    chances[outcome.gatewayBusy] = (1 - blocked) * (1 - heard);
    chances[outcome.collided] = (1 - blocked) * heard * (1 - clear);
    chances[outcome.lost] = (1 - blocked) * heard * clear * this.#lost;
    chances[outcome.received] = (1 - blocked) * heard * clear * (1 - this.#lost);
    return chances;
  }

  /** Confirmed uplinks: attempts until one is received, half of the way to the new number. */
  #repeat(chances: readonly Chances[]): void {
    const { transmissions } = this.#scenario.links.lorawan;
    for (let i = 0; i < this.#repeats.length; i++) {
      const failed = 1 - ((chances[i] as Chances)[outcome.received] as number);
      const wanted = failed === 1 ? transmissions : (1 - failed ** transmissions) / (1 - failed);
      this.#repeats[i] = ((this.#repeats[i] as number) + wanted) / 2;
    }
  }

  #add(tally: Tally, place: Standing, i: number, chances: Chances): void {
    const { factor, share } = place;
    const means = this.#factor(factor);
    const { plan, frames } = means;
    const devices = this.#scenario.fleet.devices * share;
    const due = devices * frames;
    const sent = due * (this.#allowed[i] as number);
    const repeats = this.#repeats[i] as number;
    const { transmissions, confirmed } = this.#scenario.links.lorawan;
    const received = chances[outcome.received] as number;
    const delivered = sent * (1 - (1 - received) ** (confirmed || transmissions > 1 ? transmissions : 1));
    const births = devices * plan.births.length;
    const add = (table: Float64Array, at: number, count: number): void => {
      table[at] = (table[at] as number) + count;
    };
    for (let o = 0; o < outcomeCount; o++) {
      const at = factor * outcomeCount + o;
      add(tally.transmissions, at, (sent * repeats + births) * (chances[o] as number));
      if (o !== outcome.received && received < 1)
        add(tally.frames, at, ((sent - delivered) * (chances[o] as number)) / (1 - received));
    }
    add(tally.frames, factor * outcomeCount, delivered);
    add(tally.frames, factor * outcomeCount + outcome.dutyBlocked, due - sent);
    const row = factor * (tally.largest + 1);
    for (const [bytes, count] of means.sizes) {
      const part = count / frames;
      add(tally.sentBySize, row + bytes, sent * repeats * part);
      add(tally.receivedBySize, row + bytes, delivered * part);
    }
    for (const size of plan.births) add(tally.controlBySize, row + size, devices);
    if (confirmed) add(tally.acknowledgements, 2 * factor, delivered);
    add(tally.devices, factor, devices);
    add(tally.sessions, factor, devices);
    add(tally.rows, factor, delivered * plan.frames.rows);
    this.#addAirtime(tally, means, place, i);
    means.delivered[(this.#allowed[i] as number) < 1 ? "held" : "free"] += delivered;
    add(tally.groups, 0, due);
    add(tally.groups, 1, delivered);
  }

  #addAirtime(tally: Tally, { plan, frames, airtime }: FactorMeans, { factor, share }: Standing, i: number): void {
    const born = plan.births.reduce((sum, bytes) => sum + (plan.airtimes[bytes] as number), 0);
    const each = airtime * microsecond;
    const own = frames * (this.#allowed[i] as number) * (this.#repeats[i] as number) * each + born;
    tally.airtime[factor] = (tally.airtime[factor] as number) + own * this.#scenario.fleet.devices * share;
    tally.mostAirtime[factor] = Math.max(tally.mostAirtime[factor] as number, own + each);
  }

  /** Spreads the frames of a factor that arrive over the times that they take. */
  #addLatencies(tally: Tally, { plan, airtime, delivered }: FactorMeans): void {
    const jitter = this.#scenario.batch.jitterSeconds * microsecond;
    const steps = jitter === 0 ? 1 : 64;
    const waits = [
      [0, delivered.free],
      [this.#heldBack(plan), delivered.held],
    ] as const;
    for (const [held, frames] of waits)
      for (let step = 0; frames > 0 && step < steps; step++) {
        const latency = airtime * microsecond + held + ((step + 0.5) / steps) * jitter;
        const bin = latencyBin(Math.floor(latency));
        tally.latencies[bin] = (tally.latencies[bin] as number) + frames / steps;
        tally.latencySum[0] = (tally.latencySum[0] as number) + (latency * frames) / steps;
      }
  }

  /** Age of the frame that goes next where more is sealed than may be sent: the queue is full, or frames expire. */
  #heldBack({ frames }: FactorPlan): number {
    const { queue, expireSeconds } = this.#scenario.delivery;
    return Math.min(
      queue * frames.period,
      expireSeconds * microsecond,
      this.#seconds * microsecond,
      24 * dutyWindow * 365,
    );
  }
}

/**
 * What a LoRaWAN fleet is expected to count, in closed form. It assumes transmissions at random times; births count, but are
 * not part of the load; of confirmed uplinks every acknowledgement is taken to come.
 *
 * @param scenario The scenario.
 * @param plan How its frames are laid out.
 * @param places Where devices stand.
 */
export function expectedLorawan(scenario: Scenario, plan: LorawanPlan, places: readonly Standing[]): Tally {
  return new Expectation(scenario, plan, places).tally();
}
