import type { Grid, Schema } from "@zipml/codec";

/** What decodes the frames of every device with the same schema and grid: made once, whoever names it. */
export interface Shared {
  /** Estimate of what it takes in memory, bytes. */
  readonly bytes: number;
}

/** Counts what is held of schemas and grids: each once, however many sessions use it. */
export interface Holdings {
  /** Bytes of all that is held. */
  readonly total: number;
  has(shared: Shared): boolean;
  /** One more session uses it. */
  hold(shared: Shared): void;
  /** One session uses it no longer. */
  release(shared: Shared): void;
}

/**
 * Channel of a schema, channel of a grid, what encodes and decodes it, and the text that it is found by: 3.8 KB were
 * measured, with the function names that development keeps.
 */
const channelBytes = 4096;
/** A level on its own: in the grid, in the quantizer's tables, and as text. */
const levelBytes = 64;

/**
 * An estimate of what a schema with one grid takes in memory, bytes: on the high side, so that a bound on its sum holds.
 *
 * @param schema The channels.
 * @param grid A grid of it.
 */
export function decoderBytes(schema: Schema, grid: Grid): number {
  const named = schema.channels.reduce(
    (sum, { name, unit }) => sum + channelBytes + 4 * (name.length + unit.length),
    0,
  );
  const levels = grid.channels.reduce(
    (sum, { levels: given }) => sum + (given.kind === "points" ? given.points.length * levelBytes : 0),
    0,
  );
  return named + levels;
}

/** Nothing is held at first. */
export function createHoldings(): Holdings {
  const uses = new Map<Shared, number>();
  let total = 0;
  return {
    get total() {
      return total;
    },
    has: (shared) => uses.has(shared),
    hold: (shared) => {
      const before = uses.get(shared) ?? 0;
      if (before === 0) total += shared.bytes;
      uses.set(shared, before + 1);
    },
    release: (shared) => {
      const before = uses.get(shared) ?? 0;
      if (before > 1) uses.set(shared, before - 1);
      else if (uses.delete(shared)) total -= shared.bytes;
    },
  };
}
