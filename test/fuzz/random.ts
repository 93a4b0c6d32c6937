/** Seeded choices. Not for statistics: for variety, and fast. */
export interface Chooser {
  /** 0 … 2³² − 1. */
  word(): number;
  /** 0 … below − 1. */
  below(below: number): number;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** Whether one in so many. */
  oneIn(many: number): boolean;
}

/** The same seed gives the same choices. */
export function createChooser(seed: number): Chooser {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const below = (bound: number): number => Math.floor((word() / 2 ** 32) * bound);
  return {
    word,
    below,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    oneIn: (many) => below(many) === 0,
  };
}
