import { ReportError } from "./errors.ts";
import type { Figure } from "./figure.ts";

/** Levels to show on a density. */
export interface NamedLevels {
  readonly name: string;
  /** In ascending order, in the column's unit. */
  readonly points: ArrayLike<number>;
}

/** What {@link densityWithLevels} takes. */
export interface DensityOptions {
  /** The column's name. */
  readonly column: string;
  readonly unit?: string;
  /** The readings, all finite. */
  readonly values: ArrayLike<number>;
  /** The first is carried through the density as thin lines; further ones, as a comparison, only stand below it. */
  readonly levels: readonly NamedLevels[];
  readonly subtitle?: string;
  /** Cells that readings are counted in, 8 to 2,000. Default 160. */
  readonly cells?: number;
}

function bounds({ values, levels, column }: DensityOptions): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value))
      throw new ReportError("series", `${JSON.stringify(column)}: reading ${i} must be finite, not ${value}`, {
        series: column,
        index: i,
      });
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  for (const { points } of levels) {
    for (const end of [points[0], points[points.length - 1]]) {
      if (end === undefined) continue;
      low = Math.min(low, end);
      high = Math.max(high, end);
    }
  }
  if (low > high) throw new ReportError("series", `${JSON.stringify(column)} is empty`, { series: column });
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

/**
 * The density of a column with levels on it, as in the paper's Figure 3. Its y axis is a square root: levels follow
 * the cube root of the density (Panter and Dite), and on a straight axis the tails that they reach into could not be seen.
 *
 * @param options Readings and levels.
 * @returns A figure for `plot`.
 * @throws {@link ReportError} `series` for a reading that is not finite or a column without readings, `size` for cells.
 */
export function densityWithLevels(options: DensityOptions): Figure {
  const { column, unit = "", values, levels, subtitle, cells = 160 } = options;
  if (!(Number.isInteger(cells) && cells >= 8 && cells <= 2000))
    throw new ReportError("size", `cells must be a whole number from 8 to 2000, not ${cells}`);
  const [low, high] = bounds(options);
  const width = (high - low) / cells;
  const counts = new Float64Array(cells);
  for (let i = 0; i < values.length; i++) {
    const cell = Math.min(cells - 1, Math.floor(((values[i] as number) - low) / width));
    counts[cell] = (counts[cell] as number) + 1;
  }
  const share = 100 / values.length;
  // A step holds up to the next x: the last edge repeats its height so that the last cell has a width.
  const edges = Float64Array.from({ length: cells + 1 }, (_, i) => (i === cells ? high : low + i * width));
  const heights = Float64Array.from(edges, (_, i) => (counts[Math.min(i, cells - 1)] as number) * share);
  const inUnit = unit === "" ? "" : ` (${unit})`;
  const names = levels.map(({ name, points }) => `${points.length} ${name}`).join(", ");
  return {
    title: `${column}: density and levels`,
    ...(subtitle !== undefined && { subtitle }),
    description: `Density of ${column} over ${low} to ${high}${unit === "" ? "" : ` ${unit}`} with its levels: ${names}.`,
    x: { label: `${column}${inUnit}`, include: [low, high] },
    y: { label: "share of readings (%), √ scale", scale: "sqrt" },
    series: [{ kind: "area", name: "density", x: edges, y: heights, steps: true }],
    rugs: levels.map(({ name, points }, i) => ({ name, at: points, isTall: i === 0 })),
  };
}
