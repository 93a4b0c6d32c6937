/**
 * What was wrong with a request for levels:
 * `non-finite` a reading is NaN or ±∞ (`index` says which), `count` the number of levels or bins, `range` the end levels or
 * two histograms over different grids, `empty` no reading at all, `levels` a list that is not strictly ascending, `counts`
 * shipped counts that are not whole numbers of at least 0.
 */
export type LevelErrorCode = "non-finite" | "count" | "range" | "empty" | "levels" | "counts";

/** Readings, a histogram or a request that no levels can be made from. */
export class LevelError extends Error {
  override readonly name = "LevelError";
  /** What was wrong; match on this, not on the message. */
  readonly code: LevelErrorCode;
  /** Position of the offending reading, level or count, where there is one. */
  readonly index: number | undefined;

  /**
   * @param code What was wrong.
   * @param message A sentence with the value found and what is allowed.
   * @param index Position of the offender in the given array.
   */
  constructor(code: LevelErrorCode, message: string, index?: number) {
    super(message);
    this.code = code;
    this.index = index;
  }
}
