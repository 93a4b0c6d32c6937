import { readTable } from "@zipml/gateway/data";
import type { Scenario } from "../scenario/scenario.ts";
import type { SensorSource, Signal } from "../scenario/sensors.ts";
import { microsecond, type Weather } from "../scenario/weather.ts";
import { createResidual, createSignal, type SignalOwner, type SignalSource } from "./signals.ts";

/** The readings of one device. */
export interface DeviceReadings {
  /** The next row's, in the schema's order; a new array. */
  next(): Float64Array;
}

/** What the sensors of a fleet read: the same for the same seed, whatever is done with it. */
export interface Readings {
  /** A device's readings, from its first row on. */
  of(device: number): DeviceReadings;
}

interface Column {
  /** Of a channel that depends on no other. */
  readonly source: SignalSource | undefined;
  /** Of a `linear` channel: what is added to the weighted sum, and the weights by channel. */
  readonly residual: (() => number) | undefined;
  readonly weights: readonly (readonly [channel: number, weight: number])[];
}

function columnOf(signal: Signal, owner: SignalOwner, names: readonly string[]): Column {
  if (signal.kind !== "linear") return { source: createSignal(signal, owner), residual: undefined, weights: [] };
  const weights = Object.entries(signal.weights).map(([name, weight]) => [names.indexOf(name), weight] as const);
  return { source: undefined, residual: createResidual(signal, owner), weights };
}

function generated(
  { schema, sensors, seed }: Scenario,
  channels: Readonly<Record<string, Signal>>,
  weather: Weather,
): Readings {
  const names = schema.map(({ name }) => name);
  const interval = sensors.intervalSeconds;
  return {
    of: (device) => {
      const position = weather.positionOf(device);
      const start = weather.startOf(device) / microsecond;
      const columns = schema.map(({ name, range }) =>
        columnOf(channels[name] as Signal, { seed, channel: name, range, device, position }, names),
      );
      let row = 0;
      return {
        next: () => {
          const seconds = start + row * interval;
          row += 1;
          const values = Float64Array.from(columns, ({ source }) => source?.(seconds) ?? 0);
          for (const [c, { residual, weights }] of columns.entries())
            if (residual !== undefined)
              values[c] = weights.reduce(
                (sum, [other, weight]) => sum + weight * (values[other] as number),
                residual(),
              );
          return values;
        },
      };
    },
  };
}

/** First row of a device's part of a file, and rows of the part. */
function partOf(spread: "offset" | "block" | "repeat", device: number, devices: number, rows: number) {
  if (spread === "repeat") return { first: 0, rows };
  if (spread === "offset") return { first: Math.floor((device * rows) / devices) % rows, rows };
  const first = Math.floor((device * rows) / devices);
  return { first, rows: Math.max(1, Math.floor(((device + 1) * rows) / devices) - first) };
}

async function replayed(
  { schema, fleet: { devices } }: Scenario,
  { file, columns, spread }: Extract<SensorSource, { kind: "csv" }>,
): Promise<Readings> {
  const wanted = schema.map(({ name }) => columns[name] ?? name);
  const table = await readTable(file, { columns: [...new Set(wanted)] });
  const series = wanted.map((name) => table.columns.get(name) as Float64Array);
  return {
    of: (device) => {
      const { first, rows } = partOf(spread, device, devices, table.rows);
      let row = 0;
      return {
        next: () => {
          const place = spread === "block" ? first + (row % rows) : (first + row) % table.rows;
          row += 1;
          return Float64Array.from(series, (column) => column[place] as number);
        },
      };
    },
  };
}

/**
 * What the sensors of a scenario read.
 *
 * @param scenario The scenario; a file of readings is opened here.
 * @param weather The scenario's: start and place of each device.
 * @throws DataError of `@zipml/gateway/data` for a file that can't be read, or lacks a column or numbers.
 */
export async function createReadings(scenario: Scenario, weather: Weather): Promise<Readings> {
  const { source } = scenario.sensors;
  return source.kind === "csv" ? replayed(scenario, source) : generated(scenario, source.channels, weather);
}
