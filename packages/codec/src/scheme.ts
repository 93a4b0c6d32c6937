/**
 * How a value becomes a code: `count`, base interval and how many of k draws went up, on any levels; `dither`, one symbol
 * with a dither that both ends derive from the grid's seed, on equal steps; `interval`, as `count`, but with a code of its
 * own for every interval and count, so that the interval of a value can be read off its code.
 */
export type Scheme = "count" | "dither" | "interval";

/** All schemes. */
export const schemes: readonly Scheme[] = Object.freeze(["count", "dither", "interval"]);
