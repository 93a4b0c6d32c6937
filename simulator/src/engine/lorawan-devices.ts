import type { FleetLayout } from "../scenario/fleet.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond, type Weather } from "../scenario/weather.ts";
import type { DeviceStates } from "./device-states.ts";
import { DutyLedger } from "./duty-ledger.ts";
import { framesDue } from "./frame-clock.ts";
import type { FactorPlan, LorawanPlan } from "./lorawan-plan.ts";
import { radioPlace } from "./propagation.ts";
import type { Tally } from "./tally.ts";
import type { TracedFrame } from "./traced-frames.ts";

/** What cells of one simulation have in common. */
export interface LorawanCells {
  readonly scenario: Scenario;
  readonly plan: LorawanPlan;
  readonly layout: FleetLayout;
  readonly weather: Weather;
  /** Devices of the largest cell. */
  readonly capacity: number;
  readonly tally: Tally;
  /** Devices that are followed, by number in the fleet, and where their frames are told. */
  readonly traced: ReadonlySet<number>;
  readonly trace: TracedFrame[];
}

/** Entries of the duty cycle's ledger that all devices of a cell share. */
const ledgerEntries = 2_000_000;

/**
 * The ledger of a cell's air time; undefined where no device can come near its budget.
 *
 * @param cells What the cells have in common.
 */
export function createLedger({ plan, capacity }: LorawanCells): DutyLedger | undefined {
  const plans = plan.factors.filter((factor) => factor?.isLimited);
  if (plans.length === 0) return undefined;
  const needed = Math.max(...plans.map((factor) => Math.floor(plan.budget / (factor?.airtimes[0] ?? 1)))) + 2;
  const slots = Math.max(16, Math.min(needed, Math.floor(ledgerEntries / capacity)));
  return new DutyLedger(capacity, plan.budget, slots, slots >= needed);
}

/** Transmissions that a frame's random words are numbered for. */
export const wordsPerFrame = 16;

/** Bytes that any data rate takes as one frame, and one more. */
export const tableWidth = 256;

/** A plan as numbers by spreading factor 7 … 12; 0 for a factor that no device uses. */
export interface LorawanTables {
  /** Time from frame to frame, µs. */
  readonly periods: Float64Array;
  /** Age from which a frame may be too old to be sent, or may have had to make room, µs. */
  readonly stale: Float64Array;
  /** Rows of a frame. */
  readonly rows: Float64Array;
  /** Time on air by bytes, µs: rows of {@link tableWidth}. */
  readonly airtimes: Float64Array;
}

/**
 * What all devices of a spreading factor have in common.
 *
 * @param cells What the cells have in common.
 */
export function lorawanTables({ plan: { factors }, scenario }: LorawanCells): LorawanTables {
  const { expireSeconds, queue } = scenario.delivery;
  const expire = expireSeconds * microsecond;
  const byFactor = (of: (plan: FactorPlan) => number): Float64Array =>
    Float64Array.from(factors, (plan) => (plan === undefined ? 0 : of(plan)));
  const airtimes = new Float64Array(factors.length * tableWidth);
  for (const [factor, plan] of factors.entries())
    if (plan !== undefined) airtimes.set(plan.airtimes, factor * tableWidth);
  return {
    periods: byFactor(({ frames }) => frames.period),
    stale: byFactor(({ frames }) => Math.min(expire, queue * frames.period)),
    rows: byFactor(({ frames }) => frames.rows),
    airtimes,
  };
}

/**
 * What devices of a spreading factor send.
 *
 * @param plan The fleet's plan.
 * @param factor 0 for spreading factor 7 … 5 for 12.
 * @throws RangeError for a factor that no device was expected at.
 */
export function planOfFactor(plan: LorawanPlan, factor: number): FactorPlan {
  const found = plan.factors[factor];
  if (found === undefined) throw new RangeError(`no device was expected at spreading factor ${factor + 7}`);
  return found;
}

/**
 * Puts a device at its start: where it stands, what it will send, nothing sent yet. Counts it.
 *
 * @param cells What the cells have in common.
 * @param states Is changed.
 * @param device Counted from the cell's first.
 * @param number In the fleet.
 * @param end Of the simulation, µs.
 */
export function placeDevice(
  { scenario, layout, weather, plan, tally }: LorawanCells,
  states: DeviceStates,
  device: number,
  number: number,
  end: number,
): void {
  const { lorawan } = scenario.links;
  const shadow = lorawan.shadowingDb > 0 ? weather.shadowOf(number) : 0;
  const radio = radioPlace(lorawan, weather.metresOf(number), shadow);
  const { frames, births } = planOfFactor(plan, radio.factor);
  const start = weather.startOf(number);
  const group = layout.groupOf(number);
  const due = framesDue(frames, weather, number, start, scenario.batch.jitterSeconds, end);
  states.factor[device] = radio.factor;
  states.power[device] = radio.power;
  states.audible[device] = radio.isAudible ? 1 : 0;
  states.group[device] = group;
  states.origin[device] = start + frames.sealing;
  states.head[device] = -births.length;
  states.due[device] = due;
  states.attempts[device] = 0;
  states.marks[device] = 0;
  states.free[device] = start;
  states.airtime[device] = 0;
  states.phase[device] = 0;
  const { devices, sessions, groups } = tally;
  devices[radio.factor] = (devices[radio.factor] as number) + 1;
  sessions[radio.factor] = (sessions[radio.factor] as number) + 1;
  groups[2 * group] = (groups[2 * group] as number) + due;
}
