import type { Schema } from "@zipml/codec";

/** The rows that came last, for models whose features look back. */
export interface History {
  /** Rows held. */
  readonly rows: number;
  /** Whether a reading has that name: it is a channel of the device. */
  has(channel: string): boolean;
  /** Holds so many rows from now on, the newest of those that it has; 0, as at first, for none. */
  keep(rows: number): void;
  /** Adds a row, in the schema's order; it is kept as it is, not copied. */
  add(values: Float64Array): void;
  /**
   * A channel's reading of some rows back.
   *
   * @param steps 1 for the newest row.
   * @returns Undefined for a channel that there is not, or a row that is not held.
   */
  reading(channel: string, steps: number): number | undefined;
}

/**
 * An empty history.
 *
 * @param schema The device's channels.
 */
export function createHistory({ channels }: Schema): History {
  const places = new Map(channels.map(({ name }, at) => [name, at]));
  const held: Float64Array[] = []; // oldest first
  let capacity = 0;
  const cut = (): void => {
    held.splice(0, held.length - Math.min(held.length, capacity));
  };
  return {
    get rows() {
      return held.length;
    },
    has: (channel) => places.has(channel),
    keep: (rows) => {
      capacity = rows;
      cut();
    },
    add: (values) => {
      if (capacity === 0) return;
      held.push(values);
      cut();
    },
    reading: (channel, steps) => held.at(-steps)?.[places.get(channel) ?? -1],
  };
}
