/** Counts of what came in. Frames unless said. */
export interface IngestCounts {
  /** Data messages. */
  readonly received: number;
  /** Frames stored: each once. */
  readonly stored: number;
  /** Rows in them. */
  readonly rows: number;
  /** Frames that were stored before, or are about to be: receipted again, not stored again. */
  readonly duplicates: number;
  /** Frames that did not decode. */
  readonly bad: number;
  /** Frames whose session or grid epoch was not known when they came. */
  readonly unknownGrid: number;
  /** Frames not taken, and not receipted, for want of room in memory or on disk: the device sends them again. */
  readonly deferred: number;
  /** Frames of devices whose readings can't be trained on, and of grids that gave way to newer ones. */
  readonly unusable: number;
  /** Frames on their way to the disk. */
  readonly pending: number;
  /** Sequences that devices declared as dropped. */
  readonly declared: number;
  /** Ranges that devices declared and that were not taken: too many stand apart from all that is stored. */
  readonly refusedRanges: number;
  /** Grids that births brought and that are not kept: they can't be used, would pass a bound, or gave way to newer ones. */
  readonly refusedGrids: number;
}

/** {@link IngestCounts} as they are counted. */
export type CountedIngest = { -readonly [Count in keyof IngestCounts]: number };

/** All counts at 0. */
export function emptyCounts(): CountedIngest {
  return {
    received: 0,
    stored: 0,
    rows: 0,
    duplicates: 0,
    bad: 0,
    unknownGrid: 0,
    deferred: 0,
    unusable: 0,
    pending: 0,
    declared: 0,
    refusedRanges: 0,
    refusedGrids: 0,
  };
}
