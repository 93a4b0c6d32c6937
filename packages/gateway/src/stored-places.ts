import type { RowPlace } from "./refetch/exact-store.ts";
import { blockRows, strideOf } from "./row-spread.ts";

/** A stored frame, as far as its rows' places go. */
interface Placed {
  readonly device: string;
  readonly session: number;
  readonly sequence: number;
  readonly rows: number;
  /** Number within the frame of the first row held. */
  readonly first: number;
}

/** Index of the last number that is at most `value`, in rising numbers of which the first is. */
function lastAtMost(starts: readonly number[], value: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** Running sums of counts, from 0, without the last. */
function startsOf(counts: readonly number[]): number[] {
  let at = 0;
  return counts.map((count) => {
    at += count;
    return at - count;
  });
}

/** A block of the source: rows of one segment, from one of its spread rows on. */
interface Block {
  readonly segment: number;
  readonly from: number;
  readonly rows: number;
}

/** The blocks in the order of the source: one of each segment in turn. */
function blocksOf(totals: readonly number[]): Block[] {
  const blocks: Block[] = [];
  const most = totals.reduce((max, total) => Math.max(max, total), 0);
  for (let from = 0; from < most; from += blockRows)
    for (const [segment, total] of totals.entries())
      if (from < total) blocks.push({ segment, from, rows: Math.min(blockRows, total - from) });
  return blocks;
}

/**
 * Where the rows of a source stand that spreads the rows of each segment and takes a block of each in turn, as the sample
 * store's does.
 *
 * @param segments Frames in order of place, a list a segment.
 * @returns The place of a row by its number in the source.
 */
export function placesOf(segments: readonly (readonly Placed[])[]): (row: number) => RowPlace {
  const starts = segments.map((frames) => startsOf(frames.map(({ rows }) => rows)));
  const totals = segments.map((frames) => frames.reduce((sum, { rows }) => sum + rows, 0));
  const strides = totals.map((total) => (total === 0 ? 1n : BigInt(strideOf(total))));
  const blocks = blocksOf(totals);
  const blockStarts = startsOf(blocks.map(({ rows }) => rows));
  return (row) => {
    const b = lastAtMost(blockStarts, row);
    const { segment, from } = blocks[b] as Block;
    const step = BigInt(from + row - (blockStarts[b] as number));
    // A product of two numbers of rows may pass 2^53.
    const at = Number((step * (strides[segment] as bigint)) % BigInt(totals[segment] as number));
    const frameStarts = starts[segment] as number[];
    const f = lastAtMost(frameStarts, at);
    const { device, session, sequence, first } = (segments[segment] as readonly Placed[])[f] as Placed;
    return { device, session, sequence, row: first + at - (frameStarts[f] as number) };
  };
}
