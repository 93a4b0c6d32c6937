/** The exact rows behind a source's codes, asked for where the codes leave a decision open. */
export interface ExactRows {
  /**
   * @param rows Numbers of rows, from 0 in the order of the source's blocks; distinct.
   * @param signal Ends the wait.
   * @returns One answer for each, in the same order: the readings of a row in the columns of the source and their units
   * (only features are read), or undefined where they are no longer to be had. Views or copies; they are not written to.
   */
  fetch(rows: readonly number[], signal: AbortSignal | undefined): Promise<readonly (ArrayLike<number> | undefined)[]>;
}

/** What refetching came to in a training. */
export interface RefetchFigures {
  /** How often it was to be decided on which side of 1 a row's margin lies: once a gradient, and once a row for each loss. */
  readonly decisions: number;
  /** Of these, how many the codes left open. */
  readonly undecided: number;
  /** Different rows that were asked for. */
  readonly rows: number;
  /** Of the open ones, those whose row was not to be had: the mean of its draws decided, which is biased. */
  readonly missing: number;
}

/** {@link ExactRows} with what came of them in one training. */
export interface Refetching {
  readonly exact: ExactRows;
  readonly tally: { -readonly [Figure in keyof RefetchFigures]: number };
  /** 1 for each row of the source that was asked for. */
  readonly asked: Uint8Array;
}

/** @param rows Rows of the source. */
export function createRefetching(exact: ExactRows, rows: number): Refetching {
  return { exact, tally: { decisions: 0, undecided: 0, rows: 0, missing: 0 }, asked: new Uint8Array(rows) };
}

/** What a user is told of rows that were not to be had. */
export function refetchWarnings({ tally }: Refetching): string[] {
  const { missing, undecided } = tally;
  if (missing === 0) return [];
  return [
    `refetch: of ${undecided} decisions that the codes left open ${missing} had no exact row any more and went by the codes' means, which is biased; a larger bound on what devices keep helps`,
  ];
}

/**
 * Exact rows that lie in memory, as those of a file do.
 *
 * @param values Row-major rows × columns, the rows in the source's order; not copied.
 * @param columns Columns of a row.
 */
export function exactTable(values: Float64Array, columns: number): ExactRows {
  return { fetch: async (rows) => rows.map((row) => values.subarray(row * columns, (row + 1) * columns)) };
}
