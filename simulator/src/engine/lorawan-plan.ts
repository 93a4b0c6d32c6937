import { chunkSizes } from "../links/chunks.ts";
import { loraAirtimesUs, loraAirtimeUs, symbolUs } from "../links/lorawan/airtime.ts";
import { dataRateOf, dataRateOfSpreadingFactor, eu868Constants } from "../links/lorawan/eu868.ts";
import { SimulationError } from "../scenario/errors.ts";
import { type FramePlan, planFrames } from "../scenario/frame-plan.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { createWeather, microsecond } from "../scenario/weather.ts";
import { dutyWindow } from "./duty-ledger.ts";
import { radioPlace } from "./propagation.ts";
import { type FrameSizes, type MeasuredSizes, measuredSizes, plannedSizes } from "./size-steps.ts";

/** What devices of one spreading factor send. */
export interface FactorPlan {
  readonly frames: FramePlan;
  readonly sizes: FrameSizes;
  /** Time on air by bytes of the application payload, µs. */
  readonly airtimes: Float64Array;
  /** Bytes of the uplinks that a birth takes; none where births do not travel. */
  readonly births: Int32Array;
  /** Time on air of an acknowledgement, µs. */
  readonly acknowledgement: number;
  /** Most transmissions of a device in any hour, as far as its traffic goes. */
  readonly hourly: number;
  /** The duty cycle may hold a transmission back. */
  readonly isLimited: boolean;
}

/** What a LoRaWAN fleet sends, by spreading factor 7 … 12; undefined for a factor that no device uses. */
export interface LorawanPlan {
  readonly factors: readonly (FactorPlan | undefined)[];
  /** Bytes of a birth. */
  readonly birth: number;
  /** Bytes of the largest frame or chunk. */
  readonly largest: number;
  /** Air time that an hour may hold, µs. */
  readonly budget: number;
  /** Time on air of an acknowledgement in the second window, µs. */
  readonly secondAcknowledgement: number;
  /** Time from the end of an uplink until the device may send again, µs: both windows. */
  readonly windows: number;
}

/** Largest application payload at a spreading factor. */
function payloadLimit(scenario: Scenario, factor: number): { bytes: number; why: string } {
  const { optionBytes, repeaterCompatible } = scenario.links.lorawan;
  const rate = dataRateOf(dataRateOfSpreadingFactor(factor), repeaterCompatible);
  const bytes = rate.maxPayloadBytes - optionBytes;
  const phy = rate.maxPayloadBytes + eu868Constants.macOverheadBytes.value;
  const why = `LoRaWAN at SF${factor} carries ${bytes} (PHY payload ${phy}, and no modem more than 255)`;
  return { bytes, why };
}

function airtimesOf(factor: number, most: number, optionBytes: number): Float64Array {
  const overhead = eu868Constants.macOverheadBytes.value + optionBytes;
  return loraAirtimesUs({ spreadingFactor: factor }, overhead, overhead + most);
}

/** The longest that a device waits after its windows before it sends a frame again, µs. */
const longestTimeout = 3 * microsecond;

/** Most transmissions in any hour, as far as traffic and receive windows go. */
function mostHourly(scenario: Scenario, frames: FramePlan, births: number, airtimes: Float64Array): number {
  const { transmissions } = scenario.links.lorawan;
  const jitter = Math.round(scenario.batch.jitterSeconds * microsecond);
  const windows = eu868Constants.receive2DelayUs.value;
  const atMost = Math.ceil(dutyWindow / ((airtimes[0] as number) + windows)) + 1;
  const longest = transmissions * ((airtimes.at(-1) as number) + 2 * windows + longestTimeout);
  // Frames that take longer than they are apart pile up, and then go as fast as the windows let them.
  if (longest > frames.period) return atMost;
  const queued = Math.floor((dutyWindow + jitter) / frames.period) + 2;
  return Math.min(atMost, births + transmissions * Math.min(queued, frames.framesFrom(0) + 1));
}

function planFactor(scenario: Scenario, factor: number, birth: number, measured: readonly MeasuredSizes[]): FactorPlan {
  const { optionBytes, dutyCycle } = scenario.links.lorawan;
  const limit = payloadLimit(scenario, factor);
  const frames = planFrames(scenario, limit);
  const sizes =
    measured.length === 0 ? plannedSizes(frames, Math.max(1, frames.framesFrom(0))) : measuredSizes(measured);
  if (sizes.largest > limit.bytes)
    throw new SimulationError("limit", `has frames of ${sizes.largest} bytes, but ${limit.why}`, {
      key: "grid.coding",
      limit: limit.bytes,
    });
  const airtimes = airtimesOf(factor, limit.bytes, optionBytes);
  const births = Int32Array.from(
    scenario.delivery.birth ? chunkSizes("a birth over LoRaWAN", birth, limit.bytes, true) : [],
  );
  const longest = airtimes[limit.bytes] as number;
  const budget = Math.round(dutyCycle * dutyWindow);
  if (longest > budget)
    throw new SimulationError("limit", `${dutyCycle} allows ${budget} µs an hour: one frame takes ${longest}`, {
      key: "links.lorawan.dutyCycle",
      limit: budget,
    });
  const hourly = mostHourly(scenario, frames, births.length, airtimes);
  return {
    frames,
    sizes,
    airtimes,
    births,
    acknowledgement: loraAirtimeUs({
      spreadingFactor: factor,
      phyBytes: eu868Constants.emptyPhyBytes.value,
      crc: false,
    }),
    hourly,
    isLimited: hourly * (airtimes[Math.max(sizes.largest, ...births)] as number) > budget,
  };
}

/** Spreading factors that some device may have: with auto up to what the furthest needs, and any under shadowing. */
function factorsInUse(scenario: Scenario): readonly number[] {
  const { lorawan } = scenario.links;
  if (lorawan.spreadingFactor !== "auto") return [lorawan.spreadingFactor];
  const { metres, kind } = scenario.fleet.placement;
  if (lorawan.shadowingDb > 0) return [7, 8, 9, 10, 11, 12];
  const furthest = radioPlace(lorawan, metres, 0).factor + 7;
  const nearest = kind === "ring" ? furthest : 7;
  return Array.from({ length: furthest - nearest + 1 }, (_, i) => nearest + i);
}

/** Agents of one spreading factor: the link's limit gives each factor frames of its own. */
function ofFactor(scenario: Scenario, factor: number, measured: readonly MeasuredSizes[]): readonly MeasuredSizes[] {
  if (measured.length === 0) return measured;
  const weather = createWeather(scenario);
  const { lorawan } = scenario.links;
  return measured.filter(({ device }) => {
    const shadow = lorawan.shadowingDb > 0 ? weather.shadowOf(device) : 0;
    return radioPlace(lorawan, weather.metresOf(device), shadow).factor === factor - 7;
  });
}

/**
 * What the devices of a scenario send over LoRaWAN.
 *
 * @param scenario The scenario.
 * @param birth Bytes of a birth.
 * @param measured Sizes of frames that agents have measured, in place of the codec's of coding `packed`, which factors
 *   without an agent keep.
 * @throws SimulationError `limit` where a frame can't be carried, with the limit named.
 */
export function planLorawan(scenario: Scenario, birth: number, measured: readonly MeasuredSizes[] = []): LorawanPlan {
  const used = factorsInUse(scenario);
  const factors = [7, 8, 9, 10, 11, 12].map((factor) =>
    used.includes(factor) ? planFactor(scenario, factor, birth, ofFactor(scenario, factor, measured)) : undefined,
  );
  const { receiveWindowSymbols, receive2DelayUs, emptyPhyBytes } = eu868Constants;
  const { rx2SpreadingFactor, dutyCycle } = scenario.links.lorawan;
  return {
    factors,
    birth,
    largest: factors.reduce((most, plan) => Math.max(most, plan?.sizes.largest ?? 0, ...(plan?.births ?? [])), 0),
    budget: Math.round(dutyCycle * dutyWindow),
    secondAcknowledgement: loraAirtimeUs({
      spreadingFactor: rx2SpreadingFactor,
      phyBytes: emptyPhyBytes.value,
      crc: false,
    }),
    windows: receive2DelayUs.value + receiveWindowSymbols.value * symbolUs(rx2SpreadingFactor),
  };
}
