import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { columnRanges, hashSplit, type Rows, readTable, rowMajor } from "@zipml/gateway/data";
import { csvLine } from "../files/csv-line.ts";
import { writeFileWhole } from "../files/write-file.ts";

/** Columns that the demo trains on: features, then the target. */
export const demoColumns = Object.freeze(["temperature", "indoor", "humidity"] as const);

/** One mote's part of the training rows. */
export interface Mote {
  readonly id: string;
  /** A CSV file with the columns of {@link demoColumns}. */
  readonly file: string;
  /** The same readings, row-major rows × columns. */
  readonly values: Float64Array;
  readonly rows: number;
}

/** The demo's data: what the motes will send, and what the gateway never sees. */
export interface MoteData extends AsyncDisposable {
  readonly motes: readonly Mote[];
  /** Rows to train on, exact, for the float64 reference. */
  readonly train: Rows;
  /** Rows held back. */
  readonly test: Rows;
  /** One [low, high] a column, over the training rows. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** The readings that ship with this package (Suthaharan et al., ISSNIP 2010). */
const vendored = fileURLToPath(new URL("../../data/wsn_multihop/wsn_multihop.csv.gz", import.meta.url));

/**
 * Splits the vendored readings (a quarter held back by hash) and writes each mote's training rows, in the order in which
 * they were read, to a file of its own in a temporary folder, which disposal removes.
 */
export async function prepareMotes(): Promise<MoteData> {
  const table = await readTable(vendored, { columns: [...demoColumns, "mote_id"] });
  const split = hashSplit(table.rows, 0.25);
  const train = { names: demoColumns, values: rowMajor(table, demoColumns, split.train) };
  const test = { names: demoColumns, values: rowMajor(table, demoColumns, split.test) };
  const folder = await mkdtemp(join(tmpdir(), "zipml-demo-"));
  const byMote = new Map<number, number[]>();
  const ids = table.columns.get("mote_id") ?? new Float64Array();
  for (const row of split.train.slice().sort()) {
    const id = ids[row] ?? 0;
    const rows = byMote.get(id);
    if (rows === undefined) byMote.set(id, [row]);
    else rows.push(row);
  }
  const motes = await Promise.all(
    [...byMote].map(async ([id, rows]): Promise<Mote> => {
      const file = join(folder, `mote-${id}.csv`);
      const values = rowMajor(table, demoColumns, Uint32Array.from(rows));
      await writeFileWhole(file, csvLines(values));
      return { id: `mote-${id}`, file, values, rows: rows.length };
    }),
  );
  return {
    motes: motes.sort((a, b) => (a.id < b.id ? -1 : 1)),
    train,
    test,
    ranges: columnRanges(train.values, demoColumns.length),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function* csvLines(values: Float64Array): Generator<string> {
  yield csvLine(demoColumns);
  const width = demoColumns.length;
  for (let at = 0; at < values.length; at += width) yield csvLine(Array.from(values.subarray(at, at + width)));
}
