import type { StreamKey } from "../philox.ts";
import { codecKernels } from "./codec-kernels.ts";
import { leastNumbers, mostColumns, vectorPeriod } from "./layout.ts";

/** Most readings of one call. */
const mostReadings = 4096;
const channelsAt = 0;
const offsetsAt = channelsAt + 4 * 8 * mostColumns;
const outAt = offsetsAt + 4 * 8 * mostColumns;

/**
 * As `ditherSource` of dither.ts, to the bit, for whole rows.
 *
 * @param key Of the frame's place.
 * @param sequence Of the frame.
 * @param firstRow Number of the first row within the frame.
 * @param columns Numbers of the channels within the grid.
 * @param out Receives u, rows × columns.
 * @returns Whether it did: false, and nothing done, where there is no kernel for this.
 */
export function ditherByKernel(
  key: StreamKey,
  sequence: number,
  firstRow: number,
  columns: readonly number[],
  out: Float64Array,
): boolean {
  const width = columns.length;
  if (out.length < leastNumbers || out.length > mostReadings || width > mostColumns) return false;
  const kernels = codecKernels();
  if (kernels === undefined) return false;
  const period = vectorPeriod(width);
  const { calls, words, doubles } = kernels;
  for (let i = 0, c = 0, row = 0; i < period; i++) {
    words[channelsAt / 4 + i] = columns[c] as number;
    words[offsetsAt / 4 + i] = row;
    c = c + 1 === width ? 0 : c + 1;
    if (c === 0) row += 1;
  }
  const sequenceHigh = Math.floor(sequence / 0x100000000) | 0;
  calls.fillDither(
    key[0] | 0,
    key[1] | 0,
    sequence | 0,
    sequenceHigh,
    channelsAt,
    offsetsAt,
    period,
    firstRow,
    period / width,
    out.length,
    outAt,
  );
  out.set(doubles.subarray(outAt / 8, outAt / 8 + out.length));
  return true;
}
