import { join } from "node:path";
import { createStream } from "@zipml/codec";
import { readTable } from "@zipml/gateway/data";

/** Readings of one channel, of one device or of several that are learned from together. */
export interface Series {
  readonly name: string;
  /** Milliseconds from one reading to the next. */
  readonly interval: number;
  /** Time of the first reading, seconds of the Unix clock. */
  readonly start: number;
  /** Readings of each device, in order of time. */
  readonly segments: readonly Float64Array[];
}

/** A batch of readings of one channel and device. */
export interface Message {
  readonly values: Float64Array;
  /** Number of the device, and of the reading before `values[0]` there. */
  readonly segment: number;
  readonly from: number;
  /** Number of the message within its device. */
  readonly sequence: number;
  /** Time of the first reading, seconds of the Unix clock. */
  readonly start: number;
  /** Milliseconds from one reading to the next. */
  readonly interval: number;
}

/** Messages of `batch` readings, the last one of a device shorter; at most `most` of them, spread evenly. */
export function messagesOf({ segments, start, interval }: Series, batch: number, most: number): readonly Message[] {
  const all: Message[] = [];
  for (const [segment, readings] of segments.entries())
    for (let from = 0, sequence = 0; from < readings.length; from += batch, sequence++)
      all.push({
        values: readings.slice(from, from + batch),
        segment,
        from,
        sequence,
        start: start + Math.floor((from * interval) / 1000),
        interval,
      });
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / most)] as Message);
}

/** A file's columns as series. */
interface Source {
  readonly folder: string;
  readonly file: string;
  readonly columns: readonly string[];
  /** Column that tells devices apart. */
  readonly group?: string;
  /** Whether the devices are learned from together: alone each has too few readings. */
  readonly together?: boolean;
  readonly interval: number;
  readonly start: number;
}

const hour = 3_600_000;
const air = ["PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"] as const;
const weather = ["temperature", "humidity"] as const;

const sources: readonly Source[] = [
  ...["Aotizhongxin", "Dingling", "Gucheng", "Shunyi"].map((station) => ({
    folder: "beijing_air",
    file: station,
    columns: air,
    interval: hour,
    start: 1_362_096_000, // 2013-03-01
  })),
  {
    folder: "intel_lab",
    file: "intel_lab",
    columns: weather,
    group: "node",
    together: true,
    interval: hour / 2,
    start: 1_077_926_400, // 2004-02-28
  },
  ...["wsn_multihop", "wsn_singlehop"].map((name) => ({
    folder: name,
    file: name,
    columns: weather,
    group: "mote_id",
    interval: 5000,
    start: 1_262_304_000, // 2010
  })),
  {
    folder: "occupancy",
    file: "occupancy.train",
    columns: ["Temperature", "Humidity", "Light", "CO2", "HumidityRatio"],
    interval: 60_000,
    start: 1_423_072_260, // 2015-02-04 17:51
  },
];

async function seriesOf(dataFolder: string, source: Source): Promise<readonly Series[]> {
  const { folder, file, columns, group, together = false, interval, start } = source;
  const table = await readTable(join(dataFolder, folder, `${file}.csv.gz`), {
    columns: [],
    optional: columns,
    ...(group !== undefined && { group }),
  });
  const devices = 1 + table.groups.reduce((most, device) => Math.max(most, device), 0);
  return columns.flatMap((column): Series[] => {
    const values = table.columns.get(column) ?? new Float64Array();
    // A cell without a reading is a reading that the sensor did not send.
    const segments = Array.from({ length: devices }, (_, device) =>
      values.filter((value, row) => table.groups[row] === device && !Number.isNaN(value)),
    );
    const name = `${file} ${column}`;
    if (together || devices === 1) return [{ name, interval, start, segments }];
    return segments.map((segment, device) => ({ name: `${name} ${device + 1}`, interval, start, segments: [segment] }));
  });
}

/** Seeded series where there is no data folder: one smooth, one rough, one that mostly stands still. */
export function embeddedSeries(readings: number): readonly Series[] {
  const made = (name: string, next: (uniform: () => number, before: number, at: number) => number): Series => {
    const stream = createStream(`bench/wire/${name}`);
    const values = new Float64Array(readings);
    let state = 0;
    for (let at = 0; at < readings; at++) {
      state = next(() => stream.uniform() - 0.5, state, at);
      values[at] = Math.round(10 * (20 + state)) / 10;
    }
    return { name, interval: 60_000, start: 1_700_000_000, segments: [values] };
  };
  return [
    made("smooth", (uniform, before, at) => 0.99 * before + 0.4 * uniform() + 0.1 * Math.sin(at / 200)),
    made("rough", (uniform, before) => 0.6 * before + 4 * uniform()),
    made("still", (uniform, before) => (uniform() < -0.46 ? 0.8 * before + 6 * uniform() : before)),
  ];
}

/**
 * Every numeric channel of Beijing's air, the Intel lab's nodes, both nets of motes and the occupied room.
 *
 * @param dataFolder Folder of the data sets; without one {@link embeddedSeries}.
 */
export async function loadSeries(dataFolder: string | undefined, readings: number): Promise<readonly Series[]> {
  if (dataFolder === undefined) return embeddedSeries(readings);
  const series: Series[] = [];
  for (const source of sources) series.push(...(await seriesOf(dataFolder, source)));
  return series;
}
