import { short } from "../reproduce/plots.ts";
import type { EmulationSpeed } from "./emulation-speed.ts";
import type { FpgaReport, ShapeReport } from "./run-report.ts";

/** A table with a caption. Cells of numbers stand at the right. */
export interface Grid {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

const whole = (value: number): string => value.toLocaleString("en-US");

const times = (ratio: number | null): string => (ratio === null ? "none" : short(ratio));

const shownShape = ({ rows, features }: ShapeReport): string => `${whole(rows)} rows of ${whole(features)} features`;

/** Modelled figures of a shape, and nothing else. */
export function modelledTable(shape: ShapeReport): Grid {
  return {
    caption: `${shownShape(shape)}, modelled`,
    head: [
      "layout",
      "lines a row",
      "lines",
      "bytes",
      "modelled cycles",
      "modelled ms",
      "modelled, x float32",
      "multipliers",
      "RAM blocks",
      "fits",
    ],
    rows: shape.modelled.layouts.map((one) => [
      one.name,
      one.layout.kind === "weave" ? `${one.linesPerRow} for 8` : one.linesPerRow,
      whole(one.lines),
      whole(one.bytesRead),
      whole(one.cycles),
      short(1000 * one.modelledSeconds),
      times(one.speedupOverFloat32),
      one.resources.multipliers,
      one.resources.blocks,
      one.resources.fits ? "yes" : "no",
    ]),
  };
}

/** What this machine takes on synthetic data of the shape. */
export function measuredTable(shape: ShapeReport): Grid {
  return {
    caption: `${shownShape(shape)}, synthetic, measured on this machine`,
    head: ["engine", "measured ms, shortest epoch", "bytes of features"],
    rows: shape.measured.engines.map(({ name, measuredSeconds, bytesRead }) => [
      name,
      short(1000 * measuredSeconds),
      whole(bytesRead),
    ]),
  };
}

/** Measured over modelled time. */
export function ratioTable(shape: ShapeReport): Grid {
  return {
    caption: `${shownShape(shape)}: an engine's measured time over the card's modelled time`,
    head: ["layout", "Hogwild! measured / modelled", "packed 4 bits measured / modelled"],
    rows: shape.overMeasured.map(({ name, hogwild, packed }) => [name, times(hogwild), times(packed)]),
  };
}

/** The emulation's own speed. */
export function emulationTable(speeds: readonly EmulationSpeed[]): Grid {
  return {
    caption: "The emulation itself on one thread, measured: harp-v1, 4-bit codes, 1,000 features",
    head: ["mode", "measured million values a second", "measured million cycles a second"],
    rows: speeds.map(({ mode, valuesPerSecond, cyclesPerSecond }) => [
      mode,
      short(valuesPerSecond / 1e6),
      short(cyclesPerSecond / 1e6),
    ]),
  };
}

/** All tables of a shape that have rows. */
export function tablesOf(shape: ShapeReport): readonly Grid[] {
  const ratios = shape.measured.engines.length > 0 ? [measuredTable(shape), ratioTable(shape)] : [];
  return [modelledTable(shape), ...ratios].filter(({ rows }) => rows.length > 0);
}

/** What the platform is, with what of it is assumed. */
export function platformWords({ platform, batch }: FpgaReport): string {
  const { name, clock, bandwidth, assumed } = platform;
  const guesses = assumed.length === 0 ? "" : `; assumed, from no source: ${assumed.join(", ")}`;
  return `${name}: ${short(clock / 1e6)} MHz, ${short(bandwidth / 1e9)} GB/s${guesses}. Mini-batches of ${batch} rows.`;
}

/** What a shape's figures leave out. */
export function shapeNotes({ modelled, notes }: ShapeReport): readonly string[] {
  return [...modelled.refused.map(({ name, reason }) => `${name} is not modelled: ${reason}`), ...notes];
}
