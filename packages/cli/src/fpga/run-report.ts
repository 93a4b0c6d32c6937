import { DataError, readTable } from "@zipml/gateway/data";
import type { Platform } from "@zipml/gateway/fpga";
import type { TimedCurve } from "../reproduce/figure5/contestant.ts";
import { hogwildName, packedName } from "../reproduce/figure5/contestants.ts";
import { type EmulationSpeed, emulationSpeeds } from "./emulation-speed.ts";
import { raceOn } from "./race.ts";
import type { DataShape } from "./report-options.ts";
import { type ModelledLayout, type Sweep, sweep } from "./sweep.ts";

/** An engine on this machine, on synthetic data of a shape. */
export interface MeasuredEngine {
  readonly name: string;
  /** Of the shortest epoch; differs from run to run. */
  readonly measuredSeconds: number;
  /** Bytes of features that an epoch reads. */
  readonly bytesRead: number;
}

/** Measured over modelled time of an epoch: null where nothing was measured. */
export interface SpeedupOverMeasured {
  readonly name: string;
  readonly hogwild: number | null;
  readonly packed: number | null;
}

/** A curve of loss against time. Every epoch is counted with the seconds of the shortest. */
export type Curve = Omit<TimedCurve, "clock">;

/** What was found for one shape. Modelled figures repeat to the bit; what is measured, and ratios to it, does not. */
export interface ShapeReport extends DataShape {
  readonly modelled: Sweep & { readonly curves: readonly Curve[] };
  readonly measured: { readonly engines: readonly MeasuredEngine[]; readonly curves: readonly Curve[] };
  readonly overMeasured: readonly SpeedupOverMeasured[];
  readonly notes: readonly string[];
}

/** What `zipml fpga report --json` prints: one object, in this order. */
export interface FpgaReport {
  readonly name: "fpga report";
  readonly platform: Pick<Platform, "name" | "clock" | "bandwidth" | "assumed">;
  readonly batch: number;
  readonly seed: number;
  /** Where the shapes come from: a file's name, or null. */
  readonly data: string | null;
  readonly shapes: readonly ShapeReport[];
  readonly emulation: readonly EmulationSpeed[];
}

/** What a report is made of. */
export interface ReportPlan {
  readonly platform: Platform;
  /** Undefined to take the file's. */
  readonly shapes: readonly DataShape[] | undefined;
  readonly data: string | undefined;
  readonly batch: number;
  readonly seed: number;
  readonly quick: boolean;
}

async function shapeOfFile(file: string): Promise<DataShape> {
  const { rows, names } = await readTable(file, { columns: "numeric" });
  if (names.length < 2 || rows < 16)
    throw new DataError("rows", `${rows} rows of ${names.length} columns of numbers: 16 of 2 are the least`, { file });
  return { rows, features: names.length - 1 };
}

/** Seconds of the shortest epoch: what else the machine does can only add to it. */
function epochSeconds({ seconds }: TimedCurve): number {
  return Math.min(...seconds.slice(1).map((end, i) => end - (seconds[i] as number)));
}

function curveOf(curve: TimedCurve): Curve {
  const { name, losses, bytes } = curve;
  const epoch = epochSeconds(curve);
  return { name, bytes, losses, seconds: losses.map((_, epochs) => epochs * epoch) };
}

function overMeasured(layouts: readonly ModelledLayout[], engines: readonly MeasuredEngine[]): SpeedupOverMeasured[] {
  const secondsOf = (wanted: string) => engines.find(({ name }) => name === wanted)?.measuredSeconds;
  const over = (seconds: number | undefined, modelled: number) => (seconds === undefined ? null : seconds / modelled);
  const [hogwild, packed] = [secondsOf(hogwildName), secondsOf(packedName)];
  return layouts.map(({ name, modelledSeconds }) => ({
    name,
    hogwild: over(hogwild, modelledSeconds),
    packed: over(packed, modelledSeconds),
  }));
}

/** Enough for compilers to be through with what runs in them, however small the shape. */
function epochsOf({ rows, features }: DataShape, quick: boolean): number {
  const [values, most] = quick ? [2e7, 20] : [1e8, 40];
  return Math.max(10, Math.min(most, Math.ceil(values / (rows * features))));
}

/**
 * Models a card on some shapes of data, and measures this machine's engines on synthetic data of the same shapes.
 *
 * @param say Told what is being done.
 * @throws DataError for the file.
 */
export async function runReport(
  plan: ReportPlan,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<FpgaReport> {
  const { platform, batch, seed, quick, data } = plan;
  const wanted = plan.shapes ?? (data === undefined ? [] : [await shapeOfFile(data)]);
  const shapes: ShapeReport[] = [];
  for (const shape of wanted) {
    say(`${shape.rows} x ${shape.features}: cycles`);
    const swept = sweep(platform, shape, batch);
    const raced = await raceOn({ platform, shape, batch, epochs: epochsOf(shape, quick), seed, signal, say });
    const engines = raced.measured.map((curve) => ({
      name: curve.name,
      measuredSeconds: epochSeconds(curve),
      bytesRead: curve.bytes,
    }));
    shapes.push({
      ...shape,
      modelled: { ...swept, curves: raced.modelled.map(curveOf) },
      measured: { engines, curves: raced.measured.map(curveOf) },
      overMeasured: overMeasured(swept.layouts, engines),
      notes: raced.notes,
    });
  }
  say("speed of the emulation");
  const { name, clock, bandwidth, assumed } = platform;
  return {
    name: "fpga report",
    platform: { name, clock, bandwidth, assumed },
    ...{ batch, seed, data: data ?? null, shapes },
    emulation: emulationSpeeds(quick ? 0.1 : 0.5),
  };
}
