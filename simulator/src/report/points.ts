import type { FleetResult } from "../agents/simulate-fleet.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** A result with the words that tell it from others. */
export interface ReportPoint {
  readonly label: string;
  readonly result: FleetResult;
}

/** What results usually differ in, in words. */
const features: readonly ((scenario: Scenario) => string)[] = [
  ({ link }) => link,
  ({ grid }) => `${grid.bits} bits`,
  ({ grid }) => grid.scheme,
  ({ grid }) => grid.coding,
  ({ grid }) => `${grid.levels} levels`,
  ({ batch }) => `${batch.rows} rows`,
  ({ fleet }) => `${fleet.devices.toLocaleString("en-US")} devices`,
  ({ gateways }) => `${gateways.count} gateways`,
  ({ links }) => `${links.ble.connectionIntervalMilliseconds} ms`,
  ({ links }) => `SF ${links.lorawan.spreadingFactor}`,
  ({ sensors }) => `every ${sensors.intervalSeconds} s`,
  ({ seed }) => `seed ${seed}`,
  ({ mode }) => mode,
  ({ name }) => name,
];

/**
 * Names results by what they differ in; results that differ in nothing of that are numbered.
 *
 * @param results At least one.
 */
export function pointsOf(results: readonly FleetResult[]): ReportPoint[] {
  const scenarios = results.map(({ manifest }) => manifest.scenario);
  const telling = features.filter((feature) => new Set(scenarios.map(feature)).size > 1);
  const labels = scenarios.map((scenario) => telling.map((feature) => feature(scenario)).join(", ") || scenario.name);
  const seen = new Map<string, number>();
  return results.map((result, i) => {
    const label = labels[i] ?? "";
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    return { label: before === 0 ? label : `${label} (${before + 1})`, result };
  });
}

/** Mean over groups of the loss at the end, on the exact readings of the test; NaN where some group learnt nothing. */
export function finalLoss({ learning }: FleetResult): number {
  if (learning.length === 0) return Number.NaN;
  return mean(learning.map(({ points }) => points.at(-1)?.test?.loss ?? Number.NaN));
}

/** The same in full precision without loss of messages. */
export function fullLoss({ learning }: FleetResult): number {
  return learning.length === 0 ? Number.NaN : mean(learning.map(({ full }) => full.loss));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
