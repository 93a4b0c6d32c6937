/**
 * How fast the kernels are on one thread: `node --conditions=zipml-source --import tsx bench/kernels.ts [MEGABYTES]
 * [COLUMNS] [plain|relaxed]`. Process CPU time, best of some repeats, so that what else runs on the machine disturbs little.
 */
import {
  type CodeRows,
  type CodeWidth,
  createKernelMemory,
  createWasmKernels,
  drawScratch,
  type FloatRows,
  type Kernels,
  paddedColumns,
  paddedFloats,
  rowStride,
  type WasmMemory,
  wordStream,
} from "../packages/gateway/src/kernels/index.ts";

const megabytes = Number(process.argv[2] ?? 64);
const columns = Number(process.argv[3] ?? 1000);
const batch = 128;
const repeats = megabytes > 256 ? 3 : 7;
const mebi = 2 ** 20;

/** Room for vectors and scratch below the rows. */
const rowsAt = 2 * mebi;

interface Bench {
  readonly memory: WasmMemory;
  readonly kernels: Kernels;
}

function best(work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

function report(name: string, values: number, bytes: number, seconds: number): void {
  const rate = (amount: number): string => (amount / seconds / 1e9).toFixed(2).padStart(7);
  console.log(`${name.padEnd(22)}${rate(values)} billion values/s ${rate(bytes)} GB/s`);
}

function fillRandom(memory: WasmMemory, kernels: Kernels, at: number, bytes: number): void {
  kernels.fillWords(wordStream("bench"), 0, Math.floor(bytes / 64) * 4, at);
  new Int16Array(memory.buffer, 1024, 60_000).fill(77);
}

const vectors = { model: 1024, residuals: 131_072, dots: 262_144, sums: 524_288, scratch: 1_048_576 };

function benchPacked({ memory, kernels }: Bench, width: CodeWidth): void {
  const stride = rowStride(width, columns);
  const total = Math.floor((megabytes * mebi) / stride / batch) * batch;
  const block = (at: number): CodeRows => ({ width, codes: rowsAt + at * stride, stride, rows: batch, columns });
  const pass = (work: (rows: CodeRows) => void) => (): void => {
    for (let at = 0; at < total; at += batch) work(block(at));
  };
  const dot = (rows: CodeRows): void => kernels.dotRows(rows, vectors.model, vectors.dots, vectors.scratch);
  const gradient = (rows: CodeRows): void =>
    kernels.gradientRows(rows, vectors.residuals, vectors.sums, vectors.scratch);
  const show = (name: string, work: (rows: CodeRows) => void): void =>
    report(`${name} ${width}`, total * columns, total * stride, best(pass(work)));
  new Int16Array(memory.buffer, vectors.residuals, batch).fill(-55);
  show("dot", dot);
  show("gradient", gradient);
  show("both", (rows) => {
    dot(rows);
    gradient(rows);
  });
}

function benchFloats({ memory, kernels }: Bench): void {
  const stride = paddedFloats(columns) * 4;
  const rows = 64;
  const total = Math.floor((megabytes * mebi) / stride / rows) * rows;
  new Float32Array(memory.buffer, rowsAt, (total * stride) / 4).fill(0.25);
  new Float32Array(memory.buffer, vectors.model, stride / 4).fill(0.001);
  new Float32Array(memory.buffer, vectors.residuals, rows).fill(0.001);
  new Float32Array(memory.buffer, vectors.sums, stride / 4).fill(0);
  const pass = (work: (block: FloatRows) => void) => (): void => {
    for (let at = 0; at < total; at += rows) work({ values: rowsAt + at * stride, stride, rows, columns });
  };
  const dot = (block: FloatRows): void => kernels.dotFloats(block, vectors.model, vectors.dots);
  const gradient = (block: FloatRows): void => kernels.gradientFloats(block, vectors.residuals, vectors.sums);
  const show = (name: string, work: (block: FloatRows) => void): void =>
    report(name, total * columns, total * stride, best(pass(work)));
  show("float32 dot", dot);
  show("float32 gradient", gradient);
  show("float32 both", (block) => {
    dot(block);
    gradient(block);
  });
  new Float32Array(memory.buffer, vectors.dots, rows).fill(0);
  show("float32 hogwild", (block) => kernels.hogwildRows(block, vectors.dots, vectors.model, 1e-6));
  report(
    "read (largest)",
    (total * stride) / 8,
    total * stride,
    best(() => kernels.largest(rowsAt, (total * stride) / 8)),
  );
}

function benchCodec({ memory, kernels }: Bench): void {
  const rows = 256;
  const padded = paddedColumns(4, columns);
  const rounds = Math.ceil((megabytes * 200_000) / (rows * columns));
  let next = rowsAt;
  const room = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 16) * 16 + 64;
    return at;
  };
  const f64 = (of: (i: number) => number, length: number): number => {
    const at = room(length * 8);
    new Float64Array(memory.buffer, at, length).forEach((_, i, all) => {
      all[i] = of(i);
    });
    return at;
  };
  const lows = f64(() => -1, columns);
  const highs = f64(() => 1, columns);
  const scales = f64(() => 3.5 * 2 ** 32, columns);
  const values = f64((i) => ((i * 0.618) % 2) - 1, rows * columns);
  const codes = room(rows * columns * 2);
  const scratch = room(drawScratch(columns * 2));
  const run = { width: 4, codes: room(rows * padded), stride: rowStride(4, columns), rows, columns } as const;
  const offsets = room(padded * 4);
  const out = room(rows * padded * 4);
  const show = (name: string, bytes: number, work: () => void): void =>
    report(
      name,
      rows * columns * rounds,
      rows * bytes * rounds,
      best(() => {
        for (let i = 0; i < rounds; i++) work();
      }),
    );
  const encode = (): number =>
    kernels.encodeRows({
      values,
      valueStride: columns * 8,
      rows,
      columns,
      lows,
      highs,
      scales,
      samples: 2,
      codes,
      codeStride: columns * 2,
      stream: wordStream("bench"),
      firstWord: 0,
      wordsPerRow: columns * 2,
      clipped: 0,
      scratch,
    });
  show("encode 4", columns * 8, encode);
  show("encode 4 and pack", columns * 8, () => {
    encode();
    kernels.packRows(run, codes, columns * 2);
  });
  show("words (2 a value)", columns * 8, () =>
    kernels.fillWords(wordStream("bench"), 0, rows * (columns >> 3) * 4, out),
  );
  show("pack 4", run.stride, () => kernels.packRows(run, codes, columns * 2));
  show("unpack 4", run.stride, () => kernels.unpackRows(run, codes, columns * 2));
  show("decode 4", run.stride, () => kernels.decodeRows(run, offsets, offsets, out, padded * 4));
  show("column sums 4", run.stride, () => kernels.columnSums(run, 2, out));
  show("wire unpack 4", columns / 2, () => kernels.unpackWire(values, 0, 4, rows * columns, 15, codes));
  const round = (): number =>
    kernels.roundVector({
      values,
      length: columns,
      bits: 8,
      scale: 1,
      stream: wordStream("bench"),
      firstBlock: 0,
      out: codes,
      scratch,
    });
  show("round a vector", columns * 8, () => {
    for (let i = 0; i < rows; i++) round();
  });
}

function benchTables({ kernels }: Bench, width: 4 | 8): void {
  const stride = rowStride(width, columns);
  const total = Math.floor((16 * mebi) / stride / batch) * batch;
  const tables = rowsAt + total * stride;
  const show = (name: string, work: (rows: CodeRows) => void): void =>
    report(
      `${name} ${width}`,
      total * columns,
      total * stride,
      best(() => {
        for (let at = 0; at < total; at += batch)
          work({ width, codes: rowsAt + at * stride, stride, rows: batch, columns });
      }),
    );
  show("table dot", (rows) => kernels.dotTable(rows, tables, vectors.model, vectors.dots));
  show("table gradient", (rows) => kernels.gradientTable(rows, tables, vectors.residuals, vectors.sums));
}

const memory = createKernelMemory((megabytes + 40) * mebi);
/** `relaxed` needs Node 22 or later. */
const module = process.argv[4] === "relaxed" ? "relaxed" : "plain";
const bench = { memory, kernels: createWasmKernels(memory, module) };
fillRandom(memory, bench.kernels, rowsAt, megabytes * mebi);
console.log(`${megabytes} MiB of rows, ${columns} columns, batches of ${batch}`);
for (const width of [4, 8, 2, 1] as const) benchPacked(bench, width);
for (const width of [4, 8] as const) benchTables(bench, width);
benchFloats(bench);
benchCodec(bench);
