/** A set that is raced on, and who races. */
export interface Shape {
  /** What row ids end in: nothing for the first shape. */
  readonly suffix: string;
  readonly columns: number;
  readonly rows: number;
  readonly batch: number;
  /** All peers and all threads, not only one thread of each engine. */
  readonly complete: boolean;
}

/** Values of the full bench, 1 GiB as float32, and of the quick one. */
const fullValues = 2 ** 28;
const quickValues = 2 ** 24;

/** Rows of so many values, whole mini-batches. */
function rowsOf(values: number, columns: number): number {
  return Math.floor(values / columns / 1024) * 1024;
}

/** Synthetic 1,000 and 100, and gisette's shape. @param quick 64 MiB as float32 instead of 1 GiB: within a large cache. */
export function shapesOf(quick: boolean): readonly Shape[] {
  const values = quick ? quickValues : fullValues;
  const shape = (columns: number, batch: number, suffix: string): Shape => ({
    ...{ suffix, columns, batch, rows: rowsOf(values, columns), complete: suffix === "" },
  });
  return [shape(1000, 1024, ""), shape(100, 1024, "@100"), shape(5000, 256, "@gisette")];
}
