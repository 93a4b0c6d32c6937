import type { CodeLayout } from "../coding/layout.ts";
import type { CodecKernels } from "./codec-kernels.ts";

/** Most columns that kernels take on: their parameters have a fixed place. */
export const mostColumns = 1024;

/** Below so many numbers a call costs more than it saves. */
export const leastNumbers = 16;

/** Where a layout's widths, int32, and tops, uint16, stand in the memory; free from {@link afterLayout} on. */
export const widthsAt = 0;
export const topsAt: number = widthsAt + 4 * mostColumns;
export const afterLayout: number = topsAt + 2 * 8 * mostColumns;

/** Numbers after which columns repeated come out at a multiple of 8, as vectors of 8 run over them. */
export function vectorPeriod(columns: number): number {
  let period = columns;
  while (period % 8 !== 0) period *= 2;
  return period;
}

/**
 * Writes a layout's widths and tops, the latter repeated up to the period.
 *
 * @param layout At most {@link mostColumns} channels.
 * @returns The period; the width where all channels have the same and it is even and below 16, for which there is a faster
 * way, else 0.
 */
export function writeLayout(
  { bytes, codes }: CodecKernels,
  { channels }: CodeLayout,
): { period: number; even: number } {
  const columns = channels.length;
  const period = vectorPeriod(columns);
  const top = topsAt / 2;
  const first = channels[0]?.bits ?? 0;
  let even = first % 2 === 0 && first < 16 ? first : 0;
  for (let c = 0; c < columns; c++) {
    const channel = channels[c] as CodeLayout["channels"][number];
    bytes[widthsAt + 4 * c] = channel.bits;
    bytes[widthsAt + 4 * c + 1] = 0;
    bytes[widthsAt + 4 * c + 2] = 0;
    bytes[widthsAt + 4 * c + 3] = 0;
    if (channel.bits !== even) even = 0;
    for (let at = top + c; at < top + period; at += columns) codes[at] = channel.top;
  }
  return { period, even };
}
