import { type CsvRecord, readCsv } from "./csv.ts";
import { DataError } from "./errors.ts";
import { createGrowingColumn, type GrowingColumn } from "./growing-column.ts";
import { parseCell } from "./number-cell.ts";

/** Which columns of a file are wanted. */
export interface Selection {
  /** Names, or every column with at least one number in it, the group's column left out. */
  readonly columns: readonly string[] | "numeric";
  /** Columns needed besides `"numeric"`: they must be there and hold numbers. */
  readonly also?: readonly string[];
  /** Columns taken where the file has them; a cell without a number is NaN and does not cost the row. */
  readonly optional?: readonly string[];
  /** Column whose text tells groups of rows apart, such as a device's name. */
  readonly group?: string;
}

/** Columns of numbers, every row complete. */
export interface Table {
  readonly file: string;
  /** Names of all columns of the file, in its order. */
  readonly header: readonly string[];
  /** Names of the columns that were kept, in the order of the selection (of the file for `"numeric"`). */
  readonly names: readonly string[];
  /** One array a kept column, each as long as `rows`. Optional columns may hold NaN. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  /** Rows kept. */
  readonly rows: number;
  /** Rows passed over: a cell without a number among the wanted columns, or another number of cells than the header. */
  readonly skipped: number;
  /** For each kept row its 1-based place among all rows of the file. */
  readonly places: Uint32Array;
  /** For each kept row the number of its group, from 0 in order of appearance; all 0 without a group column. */
  readonly groups: Uint32Array;
  /**
   * For each kept row its place among its group's rows of the file, those passed over counted too; a row whose cells do not
   * fit the header counts in every group.
   */
  readonly groupPlaces: Uint32Array;
  /** What the user should know: columns left out, many rows passed over. */
  readonly warnings: readonly string[];
}

interface Plan {
  readonly header: readonly string[];
  readonly wanted: readonly string[];
  readonly optional: readonly string[];
  /** Cells to read, in the order of `[...wanted, ...optional]`. */
  readonly cells: readonly number[];
  readonly groupCell: number | undefined;
}

function checkHeader(file: string, { cells, line }: CsvRecord): readonly string[] {
  const header = cells.map((cell) => cell.trim());
  if (header.every((name) => !Number.isNaN(parseCell(name))))
    throw new DataError("header", "the first line holds numbers only: a line with the columns' names is needed", {
      file,
      line,
    });
  const twice = header.find((name, c) => name !== "" && header.indexOf(name) !== c);
  if (twice !== undefined)
    throw new DataError("header", `column name ${JSON.stringify(twice)} stands twice`, { file, line, column: twice });
  return header;
}

function planOf(file: string, record: CsvRecord, selection: Selection): Plan {
  const header = checkHeader(file, record);
  const { columns, also = [], optional = [], group } = selection;
  const cellOf = (name: string): number => {
    const cell = header.indexOf(name);
    if (cell < 0 || name === "")
      throw new DataError("column", `there is no column ${JSON.stringify(name)}`, {
        file,
        column: name,
        columns: header,
      });
    return cell;
  };
  const wanted =
    columns === "numeric"
      ? header.filter((name) => name !== "" && (name !== group || also.includes(name)))
      : [...new Set([...columns, ...also])];
  for (const name of also) cellOf(name);
  const present = optional.filter((name) => header.includes(name) && !wanted.includes(name));
  return {
    header,
    wanted,
    optional: present,
    cells: [...wanted, ...present].map(cellOf),
    groupCell: group === undefined ? undefined : cellOf(group),
  };
}

interface Reading {
  readonly plan: Plan;
  readonly values: readonly Float64Array[];
  readonly places: Float64Array;
  readonly groups: Float64Array;
  readonly groupPlaces: Float64Array;
  /** All rows of the file, misshapen ones included. */
  readonly total: number;
}

async function readColumns(file: string, selection: Selection): Promise<Reading> {
  let plan: Plan | undefined;
  let columns: readonly GrowingColumn[] = [];
  const places = createGrowingColumn();
  const groups = createGrowingColumn();
  const groupPlaces = createGrowingColumn();
  const groupNumbers = new Map<string, number>();
  const groupRows: number[] = [];
  let misshapen = 0;
  let total = 0;
  for await (const record of readCsv(file)) {
    if (plan === undefined) {
      plan = planOf(file, record, selection);
      columns = plan.cells.map(createGrowingColumn);
      continue;
    }
    total += 1;
    const { cells } = record;
    if (cells.length !== plan.header.length) {
      misshapen += 1;
      continue;
    }
    for (const [c, cell] of plan.cells.entries()) columns[c]?.push(parseCell(cells[cell] ?? ""));
    places.push(total);
    const group = plan.groupCell === undefined ? "" : (cells[plan.groupCell] ?? "");
    const number = groupNumbers.get(group) ?? groupNumbers.size;
    groupNumbers.set(group, number);
    groups.push(number);
    groupRows[number] = (groupRows[number] ?? 0) + 1;
    groupPlaces.push((groupRows[number] ?? 0) + misshapen);
  }
  if (plan === undefined) throw new DataError("empty", "the file is empty", { file });
  if (total === 0) throw new DataError("empty", "there is a header and no row", { file, line: 1 });
  return {
    plan,
    values: columns.map((column) => column.values()),
    places: places.values(),
    groups: groups.values(),
    groupPlaces: groupPlaces.values(),
    total,
  };
}

const missingIn = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + (Number.isNaN(value) ? 1 : 0), 0);

/** Which columns are kept, and what to say about those that are not. */
function chooseColumns(file: string, reading: Reading, selection: Selection): { kept: number[]; warnings: string[] } {
  const { plan, values, places } = reading;
  const needed = selection.columns === "numeric" ? (selection.also ?? []) : plan.wanted;
  const kept: number[] = [];
  const out: string[] = [];
  for (const [c, name] of plan.wanted.entries()) {
    const column = values[c] as Float64Array;
    if (missingIn(column) < column.length) kept.push(c);
    else if (!needed.includes(name)) out.push(name);
    else if (places.length > 0)
      throw new DataError("column", `column ${JSON.stringify(name)} holds no number`, { file, column: name });
  }
  const warnings = out.map((name) => `column ${JSON.stringify(name)} holds no number and is left out`);
  if (selection.columns === "numeric" && plan.header.includes("")) warnings.push("a column without a name is left out");
  return { kept, warnings };
}

/** The place in the file of the kept rows, or an error that names the column to blame where none is left. */
function completeRows(file: string, reading: Reading, kept: readonly number[]): Uint32Array {
  const { plan, values, places, total } = reading;
  const used = kept.map((c) => values[c] as Float64Array);
  const rows = Uint32Array.from(places.keys()).filter((r) => used.every((column) => !Number.isNaN(column[r])));
  if (rows.length > 0) return rows;
  if (places.length === 0)
    throw new DataError("rows", `none of the ${total} rows has the header's ${plan.header.length} cells`, { file });
  throw new DataError("rows", `none of the ${total} rows has a number in every column; ${worstColumn(reading, kept)}`, {
    file,
  });
}

function worstColumn({ plan, values }: Reading, kept: readonly number[]): string {
  const counts = kept.map((c) => ({ name: plan.wanted[c] ?? "", count: missingIn(values[c] as Float64Array) }));
  const worst = counts.reduce((a, b) => (b.count > a.count ? b : a), { name: "", count: 0 });
  return `column ${JSON.stringify(worst.name)} lacks one in ${worst.count}`;
}

/**
 * Reads a CSV file, gzipped or not, into columns of numbers. A row that has no number (nothing, a word, an infinity) in
 * a wanted column, or another number of cells than the header, is passed over and counted.
 *
 * With `columns: "numeric"` a column in which no cell at all is a number is left out, with a warning, rather than
 * costing every row.
 *
 * @param file Path of the file; its first line names the columns.
 * @param selection Which columns are wanted.
 * @returns The table; its arrays are copies.
 * @throws {@link DataError} `file`, `syntax`, `empty`, `header`, `column` or `rows`.
 */
export async function readTable(file: string, selection: Selection): Promise<Table> {
  const reading = await readColumns(file, selection);
  const { plan, values, places, groups, groupPlaces, total } = reading;
  const { kept, warnings } = chooseColumns(file, reading, selection);
  const rows = completeRows(file, reading, kept);
  const skipped = total - rows.length;
  if (skipped > total / 2) warnings.push(`${skipped} of ${total} rows are passed over; ${worstColumn(reading, kept)}`);
  const take = (column: Float64Array): Float64Array => Float64Array.from(rows, (r) => column[r] as number);
  const names = kept.map((c) => plan.wanted[c] as string);
  const optional = plan.optional.map(
    (name, o) => [name, take(values[plan.wanted.length + o] as Float64Array)] as const,
  );
  return {
    file,
    header: plan.header,
    names,
    columns: new Map([
      ...kept.map((c, i) => [names[i] as string, take(values[c] as Float64Array)] as const),
      ...optional,
    ]),
    rows: rows.length,
    skipped,
    places: Uint32Array.from(take(places)),
    groups: Uint32Array.from(take(groups)),
    groupPlaces: Uint32Array.from(take(groupPlaces)),
    warnings,
  };
}

/**
 * Lays columns side by side.
 *
 * @param table The table.
 * @param names Columns, in the order wanted.
 * @param rows Which of the table's rows, in the order wanted; default all.
 * @returns Row-major rows × names; a new array.
 * @throws {@link DataError} `column` for a name that the table does not hold.
 */
export function rowMajor(table: Table, names: readonly string[], rows?: Uint32Array): Float64Array {
  const order = rows ?? Uint32Array.from(table.places.keys());
  const values = new Float64Array(order.length * names.length);
  for (const [c, name] of names.entries()) {
    const column = table.columns.get(name);
    if (column === undefined)
      throw new DataError("column", `there is no column ${JSON.stringify(name)}`, {
        file: table.file,
        column: name,
        columns: table.header,
      });
    for (const [r, row] of order.entries()) values[r * names.length + c] = column[row] as number;
  }
  return values;
}
