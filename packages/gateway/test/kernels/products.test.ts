import { describe, expect, test } from "vitest";
import {
  type CodeRows,
  type CodeWidth,
  paddedColumns,
  paddedFloats,
  productScratch,
  rowStride,
  tableLimit,
} from "../../src/kernels/contract.ts";
import { canRunWasmKernels } from "../../src/kernels/wasm-kernels.ts";
import { integers, KernelPair, normals, random } from "./support.ts";

const widths: readonly CodeWidth[] = [1, 2, 4, 8];
const shapes = [
  [1, 1],
  [2, 10],
  [3, 31],
  [7, 100],
  [64, 129],
  [257, 65],
  [37, 90],
  [130, 36],
  [33, 72],
  [9, 2300],
] as const;

/** Rows, columns, and the largest residual, of shapes at which rows of one residual are added up first. */
const crowds = [
  [384, 256, 127],
  [385, 288, 127],
  [513, 257, 1],
  [1023, 300, 20],
  [1024, 360, 127],
  [1600, 264, 128],
  [2060, 300, 2],
] as const;

/** Rows at rest from codes in natural order, packed by both. */
function store(pair: KernelPair, width: CodeWidth, rows: number, columns: number, codes: readonly number[]): CodeRows {
  const stride = rowStride(width, columns);
  const from = pair.put(Uint16Array.from(codes));
  const run = { width, codes: pair.room(rows * stride), stride, rows, columns };
  pair.run((kernels) => kernels.packRows(run, from, columns * 2));
  return run;
}

/** Both kernels' products with random models and residuals: what they leave must be the same but for the scratch. */
function compare(pair: KernelPair, run: CodeRows, model: number, residuals: number): { dots: number; sums: number } {
  const dots = pair.room(run.rows * 8);
  const sums = pair.room(paddedColumns(run.width, run.columns) * 8);
  const scratch = pair.scratch(productScratch(run.columns, run.rows));
  pair.run((kernels) => kernels.dotRows(run, model, dots, scratch), scratch);
  pair.run((kernels) => kernels.gradientRows(run, residuals, sums, scratch), scratch);
  pair.put(new Uint8Array(productScratch(run.columns, run.rows)), scratch);
  return { dots, sums };
}

const modules = [
  ...widths.map((width) => ["plain", width] as const),
  // Runs on Node 22 and later: the same but at width 4.
  ["relaxed", 4] as const,
];

describe.each(modules)("%s module, width %i", (module, width) => {
  const top = 2 ** width - 1;
  const runs = canRunWasmKernels(module);

  test.skipIf(!runs).each(shapes)(
    "%i rows of %i columns: dot and gradient give the twin's integers",
    (rows, columns) => {
      const pair = new KernelPair(1 << 19, module);
      const stream = random(`${width}/${rows}/${columns}`);
      const run = store(pair, width, rows, columns, integers(stream, rows * columns, 0, top));
      const padded = paddedColumns(width, columns);
      for (const [most, largest] of [
        [32767, 32767],
        [32639, 127],
        [100, 1],
      ] as const) {
        const model = pair.put(Int16Array.from(integers(stream, padded, -most, most)));
        const residuals = pair.put(Int16Array.from(integers(stream, rows, -largest, largest)));
        const { sums } = compare(pair, run, model, residuals);
        compare(pair, run, model, residuals);
        expect(pair.floats(sums, padded).subarray(columns)).toEqual(new Float64Array(padded - columns));
      }
    },
  );

  test.skipIf(!runs).each(shapes)("%i rows of %i columns: residuals are those of the dots", (rows, columns) => {
    const pair = new KernelPair(1 << 19, module);
    const stream = random(`residuals/${width}/${rows}`);
    const run = store(pair, width, rows, columns, integers(stream, rows * columns, 0, top));
    const model = pair.put(Int16Array.from(integers(stream, paddedColumns(width, columns), -32767, 32639)));
    const targets = Float64Array.from(normals(stream, rows));
    const labels = pair.put(targets);
    const [dots, out] = [pair.room(rows * 8), pair.room(rows * 8)];
    const scratch = pair.scratch(productScratch(columns, rows));
    pair.run((kernels) => kernels.dotRows(run, model, dots, scratch), scratch);
    const residual = { model, labels, unit: 1.7e-5, offset: -0.3, out, scratch };
    const largest = pair.run((kernels) => kernels.residualRows(run, residual), scratch);
    const expected = pair.floats(dots, rows).map((dot, r) => 1.7e-5 * dot - 0.3 - (targets[r] as number));
    expect([...pair.floats(out, rows)]).toEqual([...expected]);
    expect(largest).toBe(Math.max(...expected.map(Math.abs)));
    for (const row of [0, rows >> 1, rows - 1]) {
      pair.put(
        Float64Array.from(targets, (target, r) => (r === row ? Number.NaN : target)),
        labels,
      );
      expect(pair.run((kernels) => kernels.residualRows(run, residual), scratch)).toBeNaN();
    }
  });

  test.skipIf(!runs).each([32767, -32767, -32768, 32640, -32640, 128, 127, -128, -129])(
    "all codes at the top, model and residuals all %i",
    (extreme) => {
      const pair = new KernelPair(1 << 22, module);
      const rows = 7;
      // 2,056 and 4,104 at 4 bits: as many blocks as are added up at once, and a narrow one.
      for (const columns of [4200, 2056, 4104]) {
        const run = store(pair, width, rows, columns, new Array<number>(rows * columns).fill(top));
        const model = pair.put(new Int16Array(paddedColumns(width, columns)).fill(extreme));
        const wide = compare(pair, run, model, pair.put(new Int16Array(rows)));
        expect([...pair.floats(wide.dots, rows)]).toEqual(new Array(rows).fill(top * extreme * columns));
      }

      const tall = store(pair, width, 1030, 70, new Array<number>(1030 * 70).fill(top));
      const residuals = pair.put(new Int16Array(1030).fill(extreme));
      const { sums } = compare(pair, tall, pair.put(new Int16Array(paddedColumns(width, 70))), residuals);
      expect([...pair.floats(sums, 70)]).toEqual(new Array(70).fill(top * extreme * 1030));
    },
  );

  test.skipIf(!runs).each([
    [32767, -32767],
    [32767, -32768],
    [32767, -32639],
    [32640, -32640],
    [-32768, 5],
  ])("a model with entries %i and %i, at every place", (one, other) => {
    const pair = new KernelPair(1 << 20, module);
    const columns = 128 / width + 3;
    const stream = random(`ends/${one}/${other}`);
    const codes = integers(stream, 5 * columns, 0, top).fill(0, 0, columns); // a row whose dot is 0, not -0
    const run = store(pair, width, 5, columns, codes);
    const residuals = pair.put(Int16Array.from([127, -128, 3, 0, 1]));
    for (let at = 0; at < columns; at++) {
      const entries = Int16Array.from(integers(stream, paddedColumns(width, columns), -900, 900));
      entries[at] = one;
      entries[(at + 7) % columns] = other;
      compare(pair, run, pair.put(entries), residuals);
    }
  });

  test.skipIf(!runs).each(width === 4 ? crowds : [])(
    "%i rows of %i columns, so many that rows of one residual are added up first",
    (rows, columns, largest) => {
      const pair = new KernelPair(1 << 22, module);
      const stream = random(`groups/${rows}`);
      const run = store(pair, width, rows, columns, integers(stream, rows * columns, 0, top));
      const model = pair.put(new Int16Array(paddedColumns(width, columns)));
      for (const residuals of [
        integers(stream, rows, -largest, largest - 1),
        normals(stream, rows).map((value) => Math.max(-128, Math.min(127, Math.round((value * largest) / 3)))),
        new Array<number>(rows).fill(-largest),
        Array.from({ length: rows }, (_, r) => (r < 17 ? largest - 1 : 0)),
      ])
        compare(pair, run, model, pair.put(Int16Array.from(residuals)));
      // A byte has two codes: both at the top, the lower one alone, the upper one alone.
      for (const [lower, upper] of [
        [top, top],
        [top, 0],
        [0, top],
      ] as const) {
        const codes = Array.from({ length: rows * columns }, (_, i) => ((i % columns) & 8 ? upper : lower));
        const other = new KernelPair(1 << 22, module);
        const zero = other.put(new Int16Array(paddedColumns(width, columns)));
        compare(other, store(other, width, rows, columns, codes), zero, other.put(new Int16Array(rows).fill(-128)));
      }
    },
  );

  test.skipIf(!runs)("any number of rows, one residual too large for a byte or none", () => {
    const pair = new KernelPair(1 << 21, module);
    const stream = random("rows");
    for (let rows = 1; rows <= 21; rows++)
      for (const last of [-128, 128]) {
        const run = store(pair, width, rows, 40, integers(stream, rows * 40, 0, top));
        const residuals = Int16Array.from(integers(stream, rows, -128, 127));
        residuals[rows - 1] = last;
        compare(pair, run, pair.put(new Int16Array(paddedColumns(width, 40)).fill(3)), pair.put(residuals));
      }
  });

  test.skipIf(!runs)("columns do not leak into each other: one column at the top among zeros", () => {
    const pair = new KernelPair(1 << 19, module);
    const columns = 256 / width;
    const codes = new Array<number>(columns * columns).fill(0);
    for (let i = 0; i < columns; i++) codes[i * columns + i] = top;
    const run = store(pair, width, columns, columns, codes);
    const model = pair.put(Int16Array.from({ length: columns }, (_, j) => j + 1));
    for (const base of [-1000, 20]) {
      const residuals = pair.put(Int16Array.from({ length: columns }, (_, r) => base - r / 4));
      const { dots, sums } = compare(pair, run, model, residuals);
      expect([...pair.floats(dots, columns)]).toEqual(Array.from({ length: columns }, (_, r) => top * (r + 1)));
      expect([...pair.floats(sums, columns)]).toEqual(
        Array.from({ length: columns }, (_, j) => top * Math.trunc(base - j / 4) + 0),
      );
    }
  });
});

describe.each([4, 8] as const)("tables, width %i", (width) => {
  test.each([
    [1, 1],
    [16, 32],
    [37, 67],
    [300, 40],
  ])("%i rows of %i columns", (rows, columns) => {
    const pair = new KernelPair();
    const stream = random(`table/${width}/${rows}`);
    const run = store(pair, width, rows, columns, integers(stream, rows * columns, 0, 2 ** width - 1));
    const padded = paddedColumns(width, columns);
    const tables = pair.put(Int16Array.from(integers(stream, padded * 2 ** width, -tableLimit, tableLimit)));
    const model = pair.put(Int16Array.from(integers(stream, padded, -32767, 32767)));
    const residuals = pair.put(Int16Array.from(integers(stream, rows, -32767, 32767)));
    const dots = pair.room(rows * 8);
    const sums = pair.room(padded * 8);
    pair.run((kernels) => kernels.dotTable(run, tables, model, dots));
    pair.run((kernels) => kernels.gradientTable(run, tables, residuals, sums), sums + columns * 8);
  });

  test.each([1, -1])("every entry and factor at its extreme, sign %i", (sign) => {
    const pair = new KernelPair(1 << 22);
    const run = store(pair, width, 530, 530, new Array<number>(530 * 530).fill(3));
    const padded = paddedColumns(width, 530);
    const tables = pair.put(new Int16Array(padded * 2 ** width).fill(sign * tableLimit));
    const factors = pair.put(new Int16Array(padded).fill(-32768));
    const dots = pair.room(530 * 8);
    const sums = pair.room(padded * 8);
    pair.run((kernels) => kernels.dotTable(run, tables, factors, dots));
    pair.run((kernels) => kernels.gradientTable(run, tables, factors, sums), sums + 530 * 8);
    expect(new Set(pair.floats(dots, 530))).toEqual(new Set([sign * tableLimit * -32768 * 530]));
    expect(new Set(pair.floats(sums, 530))).toEqual(new Set([sign * tableLimit * -32768 * 530]));
  });
});

test.each([
  [1, 3],
  [5, 17],
  [40, 64],
])("lattice of int16: %i rows of %i columns, extremes included", (rows, columns) => {
  const pair = new KernelPair();
  const stream = random(`lattice/${rows}`);
  const padded = Math.ceil(columns / 8) * 8;
  const values = new Int16Array(rows * padded);
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < columns; j++)
      values[r * padded + j] = r % 3 === 0 ? 32767 : (integers(stream, 1, -32767, 32767)[0] ?? 0);
  const run = { codes: pair.put(values), stride: padded * 2, rows, columns };
  const model = pair.put(Int16Array.from(integers(stream, padded, 32766, 32767)));
  const residuals = pair.put(new Int16Array(rows).fill(-32767));
  const dots = pair.room(rows * 8);
  const sums = pair.room(padded * 8);
  pair.run((kernels) => kernels.dotLattice(run, model, dots));
  pair.run((kernels) => kernels.gradientLattice(run, residuals, sums));
});

test.each([
  [1, 1],
  [3, 10],
  [6, 33],
  [50, 100],
])("float32: %i rows of %i columns, every rounding as in the twin", (rows, columns) => {
  const pair = new KernelPair();
  const stream = random(`float/${rows}`);
  const padded = paddedFloats(columns);
  const values = new Float32Array(rows * padded);
  for (let r = 0; r < rows; r++) values.set(normals(stream, columns), r * padded);
  const run = { values: pair.put(values), stride: padded * 4, rows, columns };
  const model = pair.put(Float32Array.from(normals(stream, padded)));
  const targets = pair.put(Float32Array.from(normals(stream, rows)));
  const dots = pair.room(rows * 4);
  const sums = pair.room(padded * 4);
  pair.run((kernels) => kernels.dotFloats(run, model, dots));
  pair.run((kernels) => kernels.gradientFloats(run, targets, sums));
  pair.run((kernels) => kernels.hogwildRows(run, targets, model, 0.01));
});
