import { type Cell, type FleetResult, resultCells, type StoredPoint } from "@zipml/simulator";
import Table from "cli-table3";
import { digits } from "../train/show-report.ts";

const percent = (share: number): string => `${digits(Number((100 * share).toPrecision(3)))} %`;
const figure = (value: number): string => digits(Number(value.toPrecision(4)));

function outcomes({ frames }: FleetResult): string {
  return Object.entries(frames)
    .filter(([name, count]) => name !== "sent" && count > 0)
    .map(([name, count]) => `${Math.round(count).toLocaleString("en-US")} ${name}`)
    .join(", ");
}

function learnt({ learning }: FleetResult): string[] {
  return learning.slice(0, 8).map(({ group, points, full, excess, agents }) => {
    const end = points.at(-1);
    const of = `group ${group}, ${agents.training} agents`;
    if (end?.test === undefined || excess === null) return `learning   ${of}: too little arrived to learn from`;
    const figures = `RMSE ${figure(end.test.rmse)}, R² ${end.test.r2.toFixed(4)} (full precision ${full.r2.toFixed(4)})`;
    return `learning   ${of}: ${figures}; loss ${percent(excess)} over full precision with nothing lost`;
  });
}

/**
 * A result for people.
 *
 * @param result The result.
 * @returns Lines with line ends.
 */
export function showResult(result: FleetResult): string {
  const { manifest, mode, devices, bytes, airtime, energy, batteryYears, latency } = result;
  const { durationHours } = manifest.scenario;
  const headroom =
    airtime.dutyHeadroomShare === null
      ? ""
      : `; ${percent(airtime.dutyHeadroomShare)} of the duty cycle left to the busiest`;
  return [
    `fleet      ${manifest.name}: ${devices.toLocaleString("en-US")} devices, ${durationHours} hours, ${mode === "events" ? "event by event" : "in closed form"}`,
    `link       ${manifest.links.join("; ")}`,
    `delivery   ${percent(result.deliveryShare)} of the frames (worst group ${percent(result.worstGroupDeliveryShare)}): ${outcomes(result)}`,
    `bytes      ${figure(bytes.wirePerReceivedReading)} on the wire a reading received; ${figure(bytes.payloadPerReading)} in frames a reading`,
    `air time   ${figure(airtime.secondsPerDeviceDay)} s a device and day${headroom}`,
    `energy     ${figure(energy.joulesPerDeviceDay)} J a device and day`,
    ...(batteryYears === null
      ? []
      : [`battery    ${figure(batteryYears.mean)} years, the worst ${figure(batteryYears.worst)}`]),
    ...(latency === null
      ? []
      : [`latency    median ${figure(latency.p50Seconds)} s, 99 % within ${figure(latency.p99Seconds)} s of sealing`]),
    ...learnt(result),
    "",
  ].join("\n");
}

/**
 * The points of a sweep as a table.
 *
 * @param points In the order of the grid.
 * @returns Lines with line ends.
 */
export function showPoints(points: readonly StoredPoint[]): string {
  const axes = [...new Set(points.flatMap(({ point }) => Object.keys(point)))];
  const head = [...axes, "delivered", "bytes a reading", "J a day", "battery, years", "excess loss"];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { point, result, refused } of points) {
    const own = axes.map((axis) => String(point[axis]));
    if (result === undefined) {
      table.push([...own, { colSpan: 5, content: `refused: ${refused}` }]);
      continue;
    }
    const { learning = [] } = result as FleetResult;
    const excess = learning[0]?.excess;
    table.push([
      ...own,
      percent(result.deliveryShare),
      figure(result.bytes.wirePerReceivedReading),
      figure(result.energy.joulesPerDeviceDay),
      result.batteryYears === null ? "mains" : figure(result.batteryYears.mean),
      excess === undefined || excess === null ? "" : percent(excess),
    ]);
  }
  return `${table.toString()}\n`;
}

/** A figure of two results. */
export interface Comparison {
  readonly name: string;
  readonly first: Cell;
  readonly second: Cell;
  /** second / first, where both are numbers and the first is not 0. */
  readonly ratio: number | null;
}

/** The figures in which two results differ. */
export function compareResults(first: FleetResult, second: FleetResult): Comparison[] {
  const other = new Map(resultCells(second));
  return resultCells(first).flatMap(([name, cell]) => {
    const its = other.get(name) ?? null;
    if (its === cell) return [];
    const ratio = typeof cell === "number" && typeof its === "number" && cell !== 0 ? its / cell : null;
    return [{ name, first: cell, second: its, ratio }];
  });
}

const shown = (cell: Cell): string => (typeof cell === "number" ? figure(cell) : String(cell ?? ""));

/** Comparisons as a table. */
export function showComparison(rows: readonly Comparison[]): string {
  if (rows.length === 0) return "the two do not differ\n";
  const table = new Table({ head: ["figure", "first", "second", "ratio"], style: { head: [], border: [] } });
  for (const { name, first, second, ratio } of rows)
    table.push([name, shown(first), shown(second), ratio === null ? "" : figure(ratio)]);
  return `${table.toString()}\n`;
}
