import { type CodeRows, type FloatRows, type Kernels, paddedColumns, paddedFloats } from "./contract.ts";
import { codeReader, type TwinMemory } from "./twin-rows.ts";
import { formResiduals } from "./twin-vectors.ts";

type Products =
  | "dotRows"
  | "residualRows"
  | "gradientRows"
  | "dotTable"
  | "gradientTable"
  | "dotLattice"
  | "gradientLattice"
  | "dotFloats"
  | "gradientFloats"
  | "hogwildRows";

type At = (row: number, column: number) => number;

/** out[r] = Σ at(r, j) · model[j]; whole numbers below 2⁵³ throughout, so the order of the sum does not matter. */
function dot(memory: TwinMemory, at: At, rows: number, columns: number, model: number, out: number): void {
  const x = new Int16Array(memory.buffer, model, columns);
  const sums = new Float64Array(memory.buffer, out, rows);
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += at(r, j) * (x[j] as number);
    sums[r] = sum;
  }
}

function gradient(memory: TwinMemory, at: At, rows: number, columns: number, residuals: number, out: number): void {
  const weights = new Int16Array(memory.buffer, residuals, rows);
  const sums = new Float64Array(memory.buffer, out, columns);
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < columns; j++) sums[j] = (sums[j] as number) + (weights[r] as number) * at(r, j);
}

function tableReader(memory: TwinMemory, rows: CodeRows, tables: number): At {
  const code = codeReader(memory, rows);
  const size = 1 << rows.width;
  const entries = new Int16Array(memory.buffer, tables, paddedColumns(rows.width, rows.columns) * size);
  return (r, j) => entries[j * size + code(r, j)] as number;
}

function latticeReader(memory: TwinMemory, rows: Omit<CodeRows, "width">): At {
  const { codes, stride, columns } = rows;
  const values = new Int16Array(memory.buffer, codes, ((rows.rows - 1) * stride) / 2 + Math.ceil(columns / 8) * 8);
  return (r, j) => values[(r * stride) / 2 + j] as number;
}

/** Products of whole numbers. */
export function twinIntegerProducts(memory: TwinMemory): Pick<Kernels, Exclude<Products, FloatProducts>> {
  return {
    dotRows: (rows, model, out) => dot(memory, codeReader(memory, rows), rows.rows, rows.columns, model, out),
    residualRows: (rows, { model, labels, unit, offset, out }) => {
      dot(memory, codeReader(memory, rows), rows.rows, rows.columns, model, out);
      return formResiduals(memory, [out, labels], rows.rows, unit, offset);
    },
    gradientRows: (rows, residuals, out) =>
      gradient(memory, codeReader(memory, rows), rows.rows, rows.columns, residuals, out),
    dotTable: (rows, tables, model, out) =>
      dot(memory, tableReader(memory, rows, tables), rows.rows, rows.columns, model, out),
    gradientTable: (rows, tables, residuals, out) =>
      gradient(memory, tableReader(memory, rows, tables), rows.rows, rows.columns, residuals, out),
    dotLattice: (rows, model, out) => dot(memory, latticeReader(memory, rows), rows.rows, rows.columns, model, out),
    gradientLattice: (rows, residuals, out) =>
      gradient(memory, latticeReader(memory, rows), rows.rows, rows.columns, residuals, out),
  };
}

type FloatProducts = "dotFloats" | "gradientFloats" | "hogwildRows";

const { fround } = Math;

function floatViews(memory: TwinMemory, rows: FloatRows) {
  const columns = paddedFloats(rows.columns);
  const step = rows.stride / 4;
  const values = new Float32Array(memory.buffer, rows.values, (rows.rows - 1) * step + columns);
  return { columns, step, values };
}

/** Sums side by side, column j in sum j mod their number, 8 or 16, added up in the order of the SIMD lanes. */
function dotFloat(values: Float32Array, base: number, x: Float32Array, side: 8 | 16): number {
  const sums = new Float32Array(side);
  for (let j = 0; j < x.length; j++)
    sums[j % side] = (sums[j % side] as number) + fround((values[base + j] as number) * (x[j] as number));
  const pair = (l: number): number => fround((sums[l] as number) + (sums[l + 4] as number));
  const lane = (l: number): number => (side === 8 ? pair(l) : fround(pair(l) + pair(l + 8)));
  return fround(fround(lane(0) + lane(1)) + fround(lane(2) + lane(3)));
}

function addRow(values: Float32Array, base: number, by: number, out: Float32Array): void {
  for (let j = 0; j < out.length; j++) out[j] = (out[j] as number) + fround((values[base + j] as number) * by);
}

/** Products of float32 numbers, every operation rounded to float32. */
export function twinFloatProducts(memory: TwinMemory): Pick<Kernels, FloatProducts> {
  return {
    dotFloats: (rows, model, out) => {
      const { columns, step, values } = floatViews(memory, rows);
      const x = new Float32Array(memory.buffer, model, columns);
      const sums = new Float32Array(memory.buffer, out, rows.rows);
      for (let r = 0; r < rows.rows; r++) sums[r] = dotFloat(values, r * step, x, 8);
    },
    gradientFloats: (rows, residuals, out) => {
      const { columns, step, values } = floatViews(memory, rows);
      const by = new Float32Array(memory.buffer, residuals, rows.rows);
      const sums = new Float32Array(memory.buffer, out, columns);
      for (let r = 0; r < rows.rows; r++) addRow(values, r * step, by[r] as number, sums);
    },
    hogwildRows: (rows, targets, model, step) => {
      const { columns, step: rowStep, values } = floatViews(memory, rows);
      const b = new Float32Array(memory.buffer, targets, rows.rows);
      const x = new Float32Array(memory.buffer, model, columns);
      for (let r = 0; r < rows.rows; r++) {
        const residual = fround(dotFloat(values, r * rowStep, x, 16) - (b[r] as number));
        addRow(values, r * rowStep, -fround(fround(step) * residual), x);
      }
    },
  };
}
