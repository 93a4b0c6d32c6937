import {
  type ChannelGrid,
  defineGrid,
  type Grid,
  intervalCount,
  levelsRange,
  type Schema,
  type Scheme,
} from "@zipml/codec";
import { solveLevels } from "@zipml/codec/levels";

/** Above so many rows a column's levels are chosen on a histogram: next to nothing is lost, and sorting is saved. */
const mostSorted = 65_536;

/** The levels of least variance for one column's readings, between the ends its grid has. */
function optimalChannel(channel: ChannelGrid, scheme: Scheme, readings: Float64Array): ChannelGrid {
  const [low, high] = levelsRange(channel.levels);
  if (low === high) return channel;
  const { levels } = solveLevels(readings, {
    count: intervalCount(channel.bits, channel.samples, scheme) + 1,
    method: readings.length > mostSorted ? "histogram" : "exact",
    range: [low, high],
  });
  return { ...channel, levels: { kind: "points", points: [...levels] } };
}

/**
 * A grid with the same ends, widths and draws, and between the ends the levels of least variance for the readings (ZipML
 * section 3). A column whose ends are equal keeps its one level; one with fewer distinct values than levels gets these.
 *
 * @param schema The grid's channels.
 * @param grid Scheme `count` or `interval`.
 * @param values Row-major rows × columns, at least one row; the first columns are the grid's channels.
 * @param columns Columns of a row, at least the grid's channels.
 * @returns A new grid with the epoch of the given one.
 * @throws GridError where the grid's scheme needs equal steps.
 */
export function optimalGrid(schema: Schema, grid: Grid, values: Float64Array, columns: number): Grid {
  const rows = values.length / columns;
  const channels = grid.channels.map((channel, c) =>
    optimalChannel(
      channel,
      grid.scheme,
      Float64Array.from({ length: rows }, (_, r) => values[r * columns + c] ?? 0),
    ),
  );
  return defineGrid(schema, { ...grid, channels });
}
