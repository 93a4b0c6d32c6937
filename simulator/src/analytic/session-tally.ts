import { latencyBin } from "../engine/latency-histogram.ts";
import { meanLoss } from "../engine/loss-process.ts";
import { outagesOf } from "../engine/outages.ts";
import { outcome, outcomeCount } from "../engine/outcome.ts";
import { receiptBytes } from "../engine/scenario-link.ts";
import { classOfGroup, type MessageTimes, type SessionPlan } from "../engine/session-plan.ts";
import { createTally, mostClasses, receiptSizes, type Tally } from "../engine/tally.ts";
import { layOutFleet } from "../scenario/fleet.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond } from "../scenario/weather.ts";
import { expectedFrames } from "./expected-frames.ts";
import { waitFor } from "./queue.ts";

/** Devices by class: groups whose numbers have as many digits. */
function devicesByClass(scenario: Scenario): Float64Array {
  const layout = layOutFleet(scenario);
  const devices = new Float64Array(mostClasses);
  for (let at = 0, first = 0; at < mostClasses && first < layout.groups; at++) {
    const next = Math.min(layout.groups, 10 ** (at + 1));
    devices[classOfGroup(first)] = layout.firstOfGroup(next) - layout.firstOfGroup(first);
    first = next;
  }
  return devices;
}

/** Share of the cells' time that something is out, how often that is the broker, and how long an outage lasts. */
interface OutageFigures {
  readonly share: number;
  readonly brokerCount: number;
  readonly meanLength: number;
}

function outageFigures(scenario: Scenario): OutageFigures {
  if (scenario.outages.length === 0) return { share: 0, brokerCount: 0, meanLength: 0 };
  const end = scenario.durationHours * 3600 * microsecond;
  const cells = Math.min(scenario.gateways.count, 64);
  let share = 0;
  let brokerCount = 0;
  let count = 0;
  for (let i = 0; i < cells; i++) {
    const cell = Math.floor((i * scenario.gateways.count) / cells);
    const [gateway, broker] = [outagesOf(scenario, cell, "gateway"), outagesOf(scenario, cell, "broker")];
    share += 1 - (1 - gateway.shareOf(end)) * (1 - broker.shareOf(end));
    brokerCount += broker.count;
    count += gateway.count + broker.count;
  }
  return {
    share: share / cells,
    brokerCount: brokerCount / cells,
    meanLength: count === 0 ? 0 : (share * end) / count,
  };
}

/** Adds a time that a share of the frames takes. */
function addLatency(tally: Tally, latency: number, count: number): void {
  const bin = latencyBin(Math.max(0, Math.floor(latency)));
  tally.latencies[bin] = (tally.latencies[bin] as number) + count;
  tally.latencySum[0] = (tally.latencySum[0] as number) + latency * count;
}

/** Evenly spread delays are taken at so many points. */
const steps = 16;

/** What the times of a class's frames come to. */
interface Times {
  readonly duration: number;
  readonly wait: number;
  readonly utilisation: number;
  readonly outages: OutageFigures;
}

/** Spreads the frames of a class that come through over the times that they take. */
function addLatencies(tally: Tally, scenario: Scenario, plan: SessionPlan, frames: number, times: Times): void {
  const { resendSeconds, attempts } = scenario.delivery;
  const lost = meanLoss(scenario.loss);
  const jitter = scenario.batch.jitterSeconds * microsecond;
  const resend = resendSeconds * microsecond;
  const { duration, wait, utilisation, outages } = times;
  let late = 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const reached = frames * (1 - lost) * lost ** attempt;
    for (let step = 0; step < steps; step++) {
      const put = ((step + 0.5) / steps) * jitter;
      const base = put + late + duration * (attempt + 1) + plan.oneWay;
      const count = reached / steps;
      addLatency(tally, base, count * (1 - outages.share) * (1 - utilisation));
      // Who waits at all waits for mean / utilisation.
      if (utilisation > 0) addLatency(tally, base + wait / utilisation, count * (1 - outages.share) * utilisation);
      if (outages.share > 0)
        addLatency(tally, base + ((step + 0.5) / steps) * outages.meanLength + resend / 2, count * outages.share);
    }
    late += resend * 2 ** Math.min(attempt, 20);
    if (reached < 1e-9 * frames) break;
  }
}

/** Times of a message on average over a device's frames, µs. */
function meanTimes(
  plan: SessionPlan,
  at: number,
  sizes: readonly (readonly [bytes: number, count: number])[],
  frames: number,
): MessageTimes {
  const mean = { duration: 0, airtime: 0, service: 0 };
  for (const [bytes, count] of sizes) {
    const times = plan.timesOf(at, bytes);
    mean.duration += (times.duration * count) / frames;
    mean.airtime += (times.airtime * count) / frames;
    mean.service += (times.service * count) / frames;
  }
  return mean;
}

/** Receipts of frames from the first on: how many of each size. */
function addReceipts(tally: Tally, at: number, devices: number, frames: number, received: number): void {
  let from = 0;
  for (const to of [23, 255, 65_535, Number.POSITIVE_INFINITY]) {
    const count = Math.max(0, Math.min(frames, to) - from);
    const slot = at * receiptSizes + receiptBytes(from);
    tally.receiptBySize[slot] = (tally.receiptBySize[slot] as number) + devices * count * received;
    from = to;
  }
}

/**
 * What a fleet is expected to count on any link but LoRaWAN, in closed form: losses independent of each other, devices that
 * share a medium as an M/D/1 queue, nothing expired.
 *
 * @param scenario The scenario.
 * @param plan How its frames are laid out.
 * @throws SimulationError `limit` where more is sent than a shared medium carries.
 */
export function expectedSessions(scenario: Scenario, plan: SessionPlan): Tally {
  const tally = createTally(plan.largest, 1);
  const devices = devicesByClass(scenario);
  const frames = expectedFrames(scenario, plan.frames);
  const seconds = scenario.durationHours * 3600;
  const { attempts } = scenario.delivery;
  const lost = meanLoss(scenario.loss);
  const delivered = 1 - lost ** attempts;
  const repeats = lost === 1 ? attempts : delivered / (1 - lost);
  const sizes = plan.sizes.amongFirst(frames);
  const outages = outageFigures(scenario);
  const perCell = (scenario.fleet.devices / scenario.gateways.count) * frames * repeats;
  for (let at = 0; at < mostClasses; at++) {
    const count = devices[at] as number;
    if (count === 0) continue;
    const { duration, airtime, service } = meanTimes(plan, at, sizes, frames);
    const utilisation = plan.isShared ? (perCell * service) / (seconds * microsecond) : 0;
    const wait = plan.isShared ? waitFor(utilisation, service) : 0;
    const due = count * frames;
    const row = at * outcomeCount;
    tally.devices[at] = count;
    tally.sessions[at] = count * (1 + outages.brokerCount * Math.min(1, outages.meanLength / plan.frames.period));
    tally.frames[row + outcome.received] = due * delivered;
    tally.frames[row + outcome.lost] = due * (1 - delivered);
    tally.transmissions[row + outcome.received] = due * delivered;
    tally.transmissions[row + outcome.lost] = due * (repeats - delivered);
    for (const [bytes, some] of sizes) {
      const size = at * (tally.largest + 1) + bytes;
      tally.sentBySize[size] = count * some * repeats;
      tally.receivedBySize[size] = count * some * delivered;
    }
    tally.airtime[at] = due * repeats * airtime;
    tally.mostAirtime[at] = (frames * repeats + 1) * airtime;
    tally.rows[at] = due * delivered * plan.frames.rows;
    addReceipts(tally, at, count, frames, delivered);
    addLatencies(tally, scenario, plan, due, { duration, wait, utilisation, outages });
    tally.groups[0] = (tally.groups[0] as number) + due;
    tally.groups[1] = (tally.groups[1] as number) + due * delivered;
  }
  return tally;
}
