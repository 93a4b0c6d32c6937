import { DataError } from "./errors.ts";

/** Rows by their 0-based number: those trained on and those tested on, in the order in which they are used. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

function checkHoldout(holdout: number): void {
  const isShare = holdout >= 0 && holdout < 1;
  const isCount = Number.isInteger(holdout) && holdout > 1;
  if (!isShare && !isCount)
    throw new DataError(
      "split",
      `holdout must be a share from 0 to below 1, or a whole number of rows above 1, not ${holdout}`,
    );
}

function checkSplit(split: Split, rows: number, holdout: number): Split {
  const { train, test } = split;
  if (train.length < 2)
    throw new DataError(
      "split",
      `holdout ${holdout} of ${rows} rows leaves ${train.length} to train on: at least 2 are needed`,
    );
  if (test.length < 1) throw new DataError("split", `holdout ${holdout} of ${rows} rows leaves none to test on`);
  return split;
}

/** Rows in the order of their hash. The multiplier is odd, so the hash is a bijection of 32-bit words: no two tie. */
function byHash(rows: Uint32Array): Uint32Array {
  return rows.slice().sort((a, b) => (Math.imul(a, 2654435761) >>> 0) - (Math.imul(b, 2654435761) >>> 0));
}

const allRows = (rows: number): Uint32Array => Uint32Array.from({ length: rows }, (_, row) => row);

/**
 * All rows in the order of their hash, `Math.imul(i, 2654435761) >>> 0` of the 0-based row i: a fixed shuffle.
 * Training rows are used in such an order, since mini-batches in a file's own order would end on its last device.
 *
 * @param rows Number of rows.
 */
export function hashOrder(rows: number): Uint32Array {
  return byHash(allRows(rows));
}

/**
 * Splits by a fixed hash: rows in the order of `Math.imul(i, 2654435761) >>> 0`, i the 0-based row among those kept;
 * the first n train, the others test.
 *
 * @param rows Number of rows.
 * @param holdout Share to test on, n = Math.round(rows·(1 − holdout)); a whole number above 1 counts the test rows;
 * 0 trains and tests on every row.
 * @throws {@link DataError} `split` for another holdout, or one that leaves less than 2 rows to train or none to test.
 */
export function hashSplit(rows: number, holdout: number): Split {
  checkHoldout(holdout);
  const order = hashOrder(rows);
  if (holdout === 0) return checkSplit({ train: order, test: order }, rows, holdout);
  const n = holdout > 1 ? Math.max(rows - holdout, 0) : Math.round(rows * (1 - holdout));
  return checkSplit({ train: order.slice(0, n), test: order.slice(n) }, rows, holdout);
}

/** Test rows of each group: the share of each, or a count shared out in proportion and exact in sum. */
function testCounts(sizes: readonly number[], holdout: number): number[] {
  if (holdout < 1) return sizes.map((size) => Math.round(size * holdout));
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  let given = 0;
  return sizes.map((size) => {
    before += size;
    const upTo = Math.round((Math.min(holdout, rows) * before) / rows);
    const count = upTo - given;
    given = upTo;
    return count;
  });
}

/**
 * Splits by time: the last rows of each group test, in file order; the ones before train, in the order of their hash.
 *
 * @param groups For each row the number of its group, from 0.
 * @param holdout As for {@link hashSplit}, but of each group the last Math.round(rows of the group·holdout) rows test; a
 * row count is shared out over the groups in proportion to their sizes.
 * @throws {@link DataError} `split` as {@link hashSplit}.
 */
export function timeSplit(groups: Uint32Array, holdout: number): Split {
  checkHoldout(holdout);
  const rows = groups.length;
  if (holdout === 0) return checkSplit({ train: hashOrder(rows), test: allRows(rows) }, rows, holdout);
  const sizes = new Array<number>(groups.reduce((most, group) => Math.max(most, group + 1), 0)).fill(0);
  for (const group of groups) sizes[group] = (sizes[group] ?? 0) + 1;
  const tests = testCounts(sizes, holdout);
  const seen = new Array<number>(sizes.length).fill(0);
  const train: number[] = [];
  const test: number[] = [];
  for (const [row, group] of groups.entries()) {
    const place = seen[group] ?? 0;
    seen[group] = place + 1;
    const isTest = place >= (sizes[group] ?? 0) - (tests[group] ?? 0);
    (isTest ? test : train).push(row);
  }
  return checkSplit({ train: byHash(Uint32Array.from(train)), test: Uint32Array.from(test) }, rows, holdout);
}
