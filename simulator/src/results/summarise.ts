import { batteryLifeSecond, yearSecond } from "../energy/battery.ts";
import type { TrafficPlan } from "../engine/cells.ts";
import { latencyCurve, latencyQuantile } from "../engine/latency-histogram.ts";
import { outcomeCount, outcomeNames } from "../engine/outcome.ts";
import type { DeviceWords } from "../engine/scenario-link.ts";
import { mostClasses, sumOf, type Tally } from "../engine/tally.ts";
import { addLayers, type LayerBytes, noBytes, wireBytes } from "../links/link.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond } from "../scenario/weather.ts";
import { accountClass, type ClassAccount, type EnergySplit, framesOfClass } from "./class-account.ts";
import { manifestOf } from "./manifest.ts";
import type { ClassResult, DirectionBytes, OutcomeCounts, SimulationResult } from "./result.ts";

const day = 86_400;
const joulePerWattHour = 3600;

function outcomesOf(table: Float64Array, at: number): OutcomeCounts {
  const from = at * outcomeCount;
  const counts = Object.fromEntries(outcomeNames.map((name, i) => [name, table[from + i] as number]));
  return { sent: sumOf(table, from, from + outcomeCount), ...counts } as OutcomeCounts;
}

function addOutcomes(all: readonly OutcomeCounts[]): OutcomeCounts {
  const names = ["sent", ...outcomeNames] as const;
  const sums = names.map((name) => [name, all.reduce((sum, counts) => sum + counts[name], 0)]);
  return Object.fromEntries(sums) as OutcomeCounts;
}

/** Years that a battery lasts under a mean power. */
function yearsAt(scenario: Scenario, watt: number): number {
  const { batteryWattHours, selfDischargePerYear } = scenario.energy;
  const seconds = batteryLifeSecond({
    capacityJoule: batteryWattHours * joulePerWattHour,
    sleepMilliwatt: watt * 1e3,
    messageJoule: 0,
    intervalSecond: Number.POSITIVE_INFINITY,
    selfDischargeAYear: selfDischargePerYear,
  });
  return seconds / yearSecond;
}

/** On LoRaWAN frames travel bare: no name does. */
const noWords: DeviceWords = Object.freeze({
  data: 0,
  birth: 0,
  receipt: 0,
  desired: 0,
  reported: 0,
  opening: { clientIdBytes: 0 },
});

const joulesOf = (split: EnergySplit): number =>
  Object.values(split).reduce((sum: number, part: number) => sum + part, 0);

/** What a class is summed up from. */
interface ClassPart {
  readonly at: number;
  readonly account: ClassAccount;
  readonly result: ClassResult;
  /** Mean power of a device, and of the one that sends most, W. */
  readonly watt: { readonly mean: number; readonly worst: number };
}

function summariseClass(scenario: Scenario, traffic: TrafficPlan, tally: Tally, at: number): ClassPart {
  const words = traffic.kind === "sessions" ? traffic.sessions.words[at] : noWords;
  if (words === undefined) throw new RangeError(`no device was expected in class ${at}`);
  const account = accountClass(scenario, traffic, tally, at, words);
  const frames = framesOfClass(traffic, at);
  const devices = tally.devices[at] as number;
  const seconds = scenario.durationHours * 3600;
  const width = tally.largest + 1;
  const airtime = (tally.airtime[at] as number) / microsecond;
  const most = (tally.mostAirtime[at] as number) / microsecond;
  const watt = joulesOf(account.energy) / devices / seconds;
  const worst = watt + (Math.max(0, most - airtime / devices) / seconds) * account.transmitWatt;
  const sent = sumOf(tally.sentBySize, at * width, (at + 1) * width);
  let bytes = 0;
  for (let size = 0; size < width; size++) bytes += size * (tally.sentBySize[at * width + size] as number);
  const channels = traffic.kind === "lorawan" ? scenario.links.lorawan.channels : 1;
  const result: ClassResult = {
    name: traffic.kind === "lorawan" ? `SF${at + 7}` : "all",
    devices,
    frames: outcomesOf(tally.frames, at),
    transmissions: outcomesOf(tally.transmissions, at),
    rowsPerFrame: frames.rows,
    isSplit: frames.isSplit,
    frameBytes: sent === 0 ? 0 : bytes / sent,
    batchingSeconds: frames.sealing / microsecond,
    load: airtime / (seconds * channels * scenario.gateways.count),
    airtimeShare: { mean: airtime / devices / seconds, most: most / seconds },
    energyJoulesPerDeviceDay: watt * day,
    batteryYears:
      scenario.link === "ethernet" ? null : { mean: yearsAt(scenario, watt), worst: yearsAt(scenario, worst) },
  };
  return { at, account, result, watt: { mean: watt, worst } };
}

/** Classes of groups' names, which only topics tell apart, are one to a reader. */
function merged(scenario: Scenario, parts: readonly ClassPart[]): readonly ClassResult[] {
  const [first] = parts;
  if (scenario.link === "lorawan" || first === undefined || parts.length === 1)
    return parts.map(({ result }) => result);
  const devices = parts.reduce((sum, { result }) => sum + result.devices, 0);
  const mean = (of: (result: ClassResult) => number): number =>
    parts.reduce((sum, { result }) => sum + of(result) * result.devices, 0) / devices;
  const watt = mean((result) => result.energyJoulesPerDeviceDay) / day;
  const worst = Math.max(...parts.map((part) => part.watt.worst));
  return [
    {
      ...first.result,
      devices,
      frames: addOutcomes(parts.map(({ result }) => result.frames)),
      transmissions: addOutcomes(parts.map(({ result }) => result.transmissions)),
      frameBytes: mean((result) => result.frameBytes),
      load: parts.reduce((sum, { result }) => sum + result.load, 0),
      airtimeShare: {
        mean: mean((result) => result.airtimeShare.mean),
        most: Math.max(...parts.map(({ result }) => result.airtimeShare.most)),
      },
      energyJoulesPerDeviceDay: watt * day,
      batteryYears:
        first.result.batteryYears === null ? null : { mean: yearsAt(scenario, watt), worst: yearsAt(scenario, worst) },
    },
  ];
}

function addDirections(all: readonly DirectionBytes[]): DirectionBytes {
  const add = (way: "up" | "down"): LayerBytes => all.reduce((sum, bytes) => addLayers(sum, bytes[way]), noBytes);
  return { up: add("up"), down: add("down") };
}

function latencyOf(tally: Tally, received: number): SimulationResult["latency"] {
  if (received === 0) return null;
  const at = (share: number): number => latencyQuantile(tally.latencies, share) / microsecond;
  return {
    meanSeconds: (tally.latencySum[0] as number) / received / microsecond,
    p50Seconds: at(0.5),
    p95Seconds: at(0.95),
    p99Seconds: at(0.99),
    curve: latencyCurve(tally.latencies).map(([time, share]) => [time / microsecond, share]),
  };
}

function worstGroup(groups: Float64Array): number {
  let worst = 1;
  for (let i = 0; i < groups.length; i += 2)
    if ((groups[i] as number) > 0) worst = Math.min(worst, (groups[i + 1] as number) / (groups[i] as number));
  return worst;
}

function energyOf(
  parts: readonly ClassPart[],
  perDeviceDay: number,
  sent: number,
  readings: number,
): SimulationResult["energy"] {
  const names = ["transmit", "receive", "idle", "session", "sleep", "sensing"] as const;
  const split = Object.fromEntries(
    names.map((name) => [name, parts.reduce((sum, { account }) => sum + account.energy[name], 0)]),
  ) as unknown as EnergySplit;
  const totalJoules = joulesOf(split);
  return {
    totalJoules,
    split,
    joulesPerDeviceDay: totalJoules / perDeviceDay,
    millijoulesPerFrame: (1e3 * totalJoules) / sent,
    millijoulesPerReceivedReading: (1e3 * totalJoules) / readings,
  };
}

function airtimeOf(scenario: Scenario, tally: Tally, deviceDays: number, sent: number): SimulationResult["airtime"] {
  const totalSeconds = sumOf(tally.airtime) / microsecond;
  // The band counts by the hour: a shorter run is one in an hour that is silent otherwise.
  const seconds = Math.max(3600, scenario.durationHours * 3600);
  const most = Math.max(...tally.mostAirtime) / microsecond / seconds;
  return {
    totalSeconds,
    secondsPerDeviceDay: totalSeconds / deviceDays,
    millisecondsPerTransmission: (1e3 * totalSeconds) / sent,
    dutyHeadroomShare: scenario.link === "lorawan" ? 1 - most / scenario.links.lorawan.dutyCycle : null,
  };
}

/**
 * What the counts of a fleet mean: bytes by layer, air time, energy, battery life, delay.
 *
 * @param scenario The scenario.
 * @param traffic How its frames are laid out.
 * @param tally What was counted, or expected.
 */
export function summarise(scenario: Scenario, traffic: TrafficPlan, tally: Tally): SimulationResult {
  const used = Array.from({ length: mostClasses }, (_, at) => at).filter((at) => (tally.devices[at] as number) > 0);
  const parts = used.map((at) => summariseClass(scenario, traffic, tally, at));
  const classes = merged(scenario, parts);
  const devices = sumOf(tally.devices);
  const deviceDays = (devices * scenario.durationHours) / 24;
  const frames = addOutcomes(parts.map(({ result }) => result.frames));
  const transmissions = addOutcomes(parts.map(({ result }) => result.transmissions));
  const channels = scenario.schema.length;
  const rowsSent = parts.reduce((sum, { result }) => sum + result.frames.sent * result.rowsPerFrame, 0);
  const rowsReceived = sumOf(tally.rows);
  const data = addDirections(parts.map(({ account }) => account.data));
  const control = addDirections(parts.map(({ account }) => account.control));
  const wire = [data, control].reduce((sum, { up, down }) => sum + wireBytes(up) + wireBytes(down), 0);
  const energy = energyOf(parts, deviceDays, frames.sent, rowsReceived * channels);
  const worstWatt = Math.max(...parts.map(({ watt }) => watt.worst));
  return {
    manifest: manifestOf(scenario, used),
    mode: scenario.mode,
    devices,
    frames,
    transmissions,
    deliveryShare: frames.sent === 0 ? 1 : frames.received / frames.sent,
    worstGroupDeliveryShare: worstGroup(tally.groups),
    duplicates: sumOf(tally.duplicates),
    rows: { sent: rowsSent, received: rowsReceived },
    readings: { sent: rowsSent * channels, received: rowsReceived * channels },
    bytes: {
      data,
      control,
      wire,
      wirePerReceivedReading: wire / (rowsReceived * channels),
      payloadPerReading: payloadPerReading(tally, classes, channels),
    },
    airtime: airtimeOf(scenario, tally, deviceDays, transmissions.sent),
    energy,
    batteryYears:
      scenario.link === "ethernet"
        ? null
        : { mean: yearsAt(scenario, energy.joulesPerDeviceDay / day), worst: yearsAt(scenario, worstWatt) },
    latency: latencyOf(tally, frames.received),
    classes,
  };
}

/** Bytes of a frame for each of its readings, over all that were sent. */
function payloadPerReading(tally: Tally, classes: readonly ClassResult[], channels: number): number {
  let bytes = 0;
  let readings = 0;
  for (const { transmissions, frameBytes, rowsPerFrame } of classes) {
    bytes += transmissions.sent * frameBytes;
    readings += transmissions.sent * rowsPerFrame * channels;
  }
  return readings === 0 || sumOf(tally.devices) === 0 ? 0 : bytes / readings;
}
