import { stat } from "node:fs/promises";
import { join } from "node:path";
import { hashOrder, type Rows, readTable, rowMajor, type Table } from "@zipml/gateway/data";
import { CliError } from "../../errors.ts";
import type { LearningSet } from "./learning-set.ts";

/** Where a table lies and how its rows are split: by files, or the first rows in the order of their hash train. */
interface TablePlace {
  readonly target: string;
  readonly files: readonly string[];
  readonly train?: number;
  readonly isClasses?: boolean;
}

const places = {
  cadata: { target: "target", files: ["cadata/cadata.csv.gz"], train: 10_000 },
  cpusmall: { target: "target", files: ["cpusmall/cpusmall.csv.gz"], train: 6000 },
  house_16H: { target: "target", files: ["house_16H/house_16H.csv.gz"], train: 17_088 },
  ccpp: { target: "PE", files: ["ccpp/ccpp.csv.gz"], train: 7176 },
  "cod-rna": {
    target: "label",
    files: ["cod-rna/cod-rna.small.train.csv.gz", "cod-rna/cod-rna.small.test.csv.gz"],
    isClasses: true,
  },
  occupancy: {
    target: "Occupancy",
    files: ["occupancy/occupancy.train.csv.gz", "occupancy/occupancy.test1.csv.gz"],
    isClasses: true,
  },
} as const satisfies Readonly<Record<string, TablePlace>>;

/** A table that is read, not generated. */
export type TableName = keyof typeof places;

/** The folder of data sets, if there is one. */
export interface DataFolder {
  /**
   * A table; undefined where it is not there: then `missing` says so.
   *
   * @throws DataError for a file that is no such table.
   */
  table(name: TableName): Promise<LearningSet | undefined>;
  /** The path of a file, or undefined where it is not there: then `missing` says so. */
  file(path: string): Promise<string | undefined>;
  /** What was asked for and is not there, as sentences; each is told once. */
  readonly missing: readonly string[];
}

function rowsOf(table: Table, names: readonly string[], rows: Uint32Array): Rows {
  return { names, values: rowMajor(table, names, rows) };
}

async function readSet(name: TableName, paths: readonly string[]): Promise<LearningSet> {
  const place: TablePlace = places[name];
  const { target, train, isClasses = false } = place;
  const tables: Table[] = [];
  for (const path of paths) tables.push(await readTable(path, { columns: "numeric", also: [target] }));
  const [first, second] = tables as [Table, Table | undefined];
  const names = [...first.names.filter((column) => column !== target), target];
  const order = hashOrder(first.rows);
  if (second !== undefined)
    return {
      ...{ name, isClasses },
      train: rowsOf(first, names, order),
      test: rowsOf(second, names, hashOrder(second.rows)),
    };
  const count = Math.min(train ?? first.rows, first.rows - 1);
  return {
    ...{ name, isClasses },
    train: rowsOf(first, names, order.slice(0, count)),
    test: rowsOf(first, names, order.slice(count)),
  };
}

/**
 * Opens a folder of data sets.
 *
 * @param folder Its path; undefined for none: then every set is missing.
 * @throws {@link CliError} `option` for a path that is no folder.
 */
export async function openDataFolder(folder: string | undefined): Promise<DataFolder> {
  if (folder !== undefined) {
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() !== true) throw new CliError("option", `--data-folder ${folder} is no folder`);
  }
  const missing = new Set<string>();
  const sets = new Map<TableName, Promise<LearningSet>>();
  const file = async (path: string): Promise<string | undefined> => {
    if (folder === undefined) {
      missing.add(`${path} needs --data-folder`);
      return undefined;
    }
    const full = join(folder, path);
    const found = await stat(full).catch(() => undefined);
    if (found?.isFile() === true) return full;
    missing.add(`${path} is not in the data folder`);
    return undefined;
  };
  const table = async (name: TableName): Promise<LearningSet | undefined> => {
    const paths: string[] = [];
    for (const path of places[name].files) {
      const full = await file(path);
      if (full !== undefined) paths.push(full);
    }
    if (paths.length < places[name].files.length) return undefined;
    const known = sets.get(name) ?? readSet(name, paths);
    sets.set(name, known);
    return known;
  };
  return {
    table,
    file,
    get missing() {
      return Array.from(missing);
    },
  };
}
