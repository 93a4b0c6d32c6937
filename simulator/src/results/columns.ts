import type { GroupLearning } from "../agents/simulate-fleet.ts";
import { outcomeNames } from "../engine/outcome.ts";
import { layerNames } from "../links/link.ts";
import type { GridPoint } from "./grid-axes.ts";
import type { SimulationResult } from "./result.ts";

/** A cell of a table; null where there is no such figure. */
export type Cell = string | number | boolean | null;

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

function outcomeCells(prefix: string, counts: SimulationResult["frames"]): [string, Cell][] {
  const names = ["sent", ...outcomeNames] as const;
  return names.map((name) => [`${prefix}_${name.replaceAll("-", "_")}`, finite(counts[name])]);
}

function byteCells({ data, control, ...sums }: SimulationResult["bytes"]): [string, Cell][] {
  const kinds = { data, control } as const;
  const cells = Object.entries(kinds).flatMap(([kind, ways]) =>
    (["up", "down"] as const).flatMap((way) =>
      layerNames.map((layer): [string, Cell] => [`bytes_${kind}_${way}_${layer}`, finite(ways[way][layer])]),
    ),
  );
  return [
    ["bytes_wire", finite(sums.wire)],
    ["wire_bytes_per_received_reading", finite(sums.wirePerReceivedReading)],
    ["frame_bytes_per_reading", finite(sums.payloadPerReading)],
    ...cells,
  ];
}

function energyCells({ energy, batteryYears }: SimulationResult): [string, Cell][] {
  const split = Object.entries(energy.split).map(([part, joules]): [string, Cell] => [
    `energy_${part}_J`,
    finite(joules),
  ]);
  return [
    ["energy_J_per_device_day", finite(energy.joulesPerDeviceDay)],
    ["energy_mJ_per_frame", finite(energy.millijoulesPerFrame)],
    ["energy_mJ_per_received_reading", finite(energy.millijoulesPerReceivedReading)],
    ...split,
    ["battery_mean_years", finite(batteryYears?.mean)],
    ["battery_worst_years", finite(batteryYears?.worst)],
  ];
}

/** A result, with what was learnt where something was. */
export type RunResult = SimulationResult & { readonly learning?: readonly GroupLearning[] };

/** Means over the groups that have learnt something. */
function learningCells(learning: readonly GroupLearning[]): [string, Cell][] {
  const mean = (of: (group: GroupLearning) => number | undefined): number | null => {
    const values = learning.map(of).filter((value): value is number => value !== undefined && Number.isFinite(value));
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return [
    ["learning_groups", learning.length],
    ["learning_rows", mean(({ points }) => points.at(-1)?.rows)],
    ["learning_loss", mean(({ points }) => points.at(-1)?.test?.loss)],
    ["learning_full_loss", mean(({ full }) => full.loss)],
    ["learning_excess_share", mean(({ excess }) => excess ?? undefined)],
    ["learning_r2", mean(({ points }) => points.at(-1)?.test?.r2)],
  ];
}

/**
 * The figures of a result as one row of a tidy table; every name says its unit.
 *
 * @param result The result.
 * @returns Names and cells; always the same names in the same order.
 */
export function resultCells(result: RunResult): readonly (readonly [name: string, cell: Cell])[] {
  const { manifest, latency, airtime } = result;
  const { scenario } = manifest;
  return [
    ["mode", result.mode],
    ["link", scenario.link],
    ["seed", manifest.seed],
    ["devices", result.devices],
    ["bits", scenario.grid.bits],
    ["batch_rows", scenario.batch.rows],
    ["duration_h", scenario.durationHours],
    ["delivery_share", finite(result.deliveryShare)],
    ["delivery_worst_group_share", finite(result.worstGroupDeliveryShare)],
    ...outcomeCells("frames", result.frames),
    ...outcomeCells("transmissions", result.transmissions),
    ["readings_sent", finite(result.readings.sent)],
    ["readings_received", finite(result.readings.received)],
    ...byteCells(result.bytes),
    ["airtime_s_per_device_day", finite(airtime.secondsPerDeviceDay)],
    ["airtime_ms_per_transmission", finite(airtime.millisecondsPerTransmission)],
    ["duty_headroom_share", finite(airtime.dutyHeadroomShare ?? undefined)],
    ...energyCells(result),
    ["latency_mean_s", finite(latency?.meanSeconds)],
    ["latency_p50_s", finite(latency?.p50Seconds)],
    ["latency_p95_s", finite(latency?.p95Seconds)],
    ["latency_p99_s", finite(latency?.p99Seconds)],
    ...learningCells(result.learning ?? []),
    ["scenario_hash", manifest.scenarioHash],
  ];
}

/** What a sweep has found at one point: figures, or why there are none. */
export interface PointRow {
  readonly point: GridPoint;
  readonly cells: readonly (readonly [name: string, cell: Cell])[];
  /** Why the scenario of this point was refused. */
  readonly refused?: string;
}

function quoted(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "";
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Rows as CSV with a header line: the sweep's parameters first, as `grid_NAME`, then the figures, then why a point was refused.
 *
 * @param rows The rows; those that were refused have empty figures.
 * @returns CSV with line ends.
 */
export function toCsv(rows: readonly PointRow[]): string {
  const axes = [...new Set(rows.flatMap(({ point }) => Object.keys(point)))];
  const figures = [...new Set(rows.flatMap(({ cells }) => cells.map(([name]) => name)))];
  const lines = rows.map(({ point, cells, refused }) => {
    const known = new Map(cells);
    return [...axes.map((name) => point[name]), ...figures.map((name) => known.get(name)), refused]
      .map(quoted)
      .join(",");
  });
  return `${[[...axes.map((name) => `grid_${name}`), ...figures, "refused"].map(quoted).join(","), ...lines].join("\n")}\n`;
}
