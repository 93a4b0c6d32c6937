import { type CodeRows, type Kernels, paddedColumns } from "./contract.ts";
import { codeReader, codeWriter, laneCount, type TwinMemory } from "./twin-rows.ts";

type Stores = "gramRows" | "columnSums" | "packRows" | "unpackRows" | "unpackWire" | "packWire" | "decodeRows";

function gramRows(memory: TwinMemory, rows: CodeRows, out: number): void {
  const { columns } = rows;
  const code = codeReader(memory, rows);
  const sums = new Float64Array(memory.buffer, out, columns * columns);
  for (let r = 0; r < rows.rows; r++)
    for (let i = 0; i < columns; i++)
      for (let j = i; j < columns; j++)
        sums[i * columns + j] = (sums[i * columns + j] as number) + code(r, i) * code(r, j);
}

function columnSums(memory: TwinMemory, rows: CodeRows, samples: number, out: number): void {
  const plane = paddedColumns(rows.width, rows.columns);
  const code = codeReader(memory, rows);
  const sums = new Float64Array(memory.buffer, out, 3 * plane);
  const add = (at: number, value: number): void => {
    sums[at] = (sums[at] as number) + value;
  };
  for (let r = 0; r < rows.rows; r++)
    for (let j = 0; j < rows.columns; j++) {
      const c = code(r, j);
      const up = c % samples;
      add(j, c);
      add(plane + j, c * c);
      add(2 * plane + j, up * (samples - up));
    }
}

function packRows(memory: TwinMemory, rows: CodeRows, codes: number, codeStride: number): void {
  const lanes = laneCount(rows);
  for (let r = 0; r < rows.rows; r++) new Uint16Array(memory.buffer, rows.codes + r * rows.stride, lanes).fill(0);
  const write = codeWriter(memory, rows);
  for (let r = 0; r < rows.rows; r++) {
    const from = new Uint16Array(memory.buffer, codes + r * codeStride, rows.columns);
    for (let j = 0; j < rows.columns; j++) write(r, j, from[j] as number);
  }
}

function unpackRows(memory: TwinMemory, rows: CodeRows, codes: number, codeStride: number): void {
  const code = codeReader(memory, rows);
  for (let r = 0; r < rows.rows; r++) {
    const to = new Uint16Array(memory.buffer, codes + r * codeStride, rows.columns);
    for (let j = 0; j < rows.columns; j++) to[j] = code(r, j);
  }
}

/** The `bits` bits from position `bit` on, least significant first. */
function readBits(bytes: Uint8Array, bit: number, bits: number): number {
  let value = 0;
  for (let i = 0; i < bits; i++) value |= (((bytes[Math.floor((bit + i) / 8)] as number) >> ((bit + i) % 8)) & 1) << i;
  return value;
}

function writeBits(bytes: Uint8Array, bit: number, bits: number, value: number): void {
  for (let i = 0; i < bits; i++) {
    const at = Math.floor((bit + i) / 8);
    bytes[at] = (bytes[at] as number) | (((value >> i) & 1) << ((bit + i) % 8));
  }
}

function decodeRows(
  memory: TwinMemory,
  rows: CodeRows,
  pointers: { offsets: number; steps: number; out: number; outStride: number },
): void {
  const columns = paddedColumns(rows.width, rows.columns);
  const code = codeReader(memory, rows);
  const offsets = new Float32Array(memory.buffer, pointers.offsets, columns);
  const steps = new Float32Array(memory.buffer, pointers.steps, columns);
  for (let r = 0; r < rows.rows; r++) {
    const to = new Float32Array(memory.buffer, pointers.out + r * pointers.outStride, columns);
    for (let j = 0; j < columns; j++) to[j] = (offsets[j] as number) + Math.fround((steps[j] as number) * code(r, j));
  }
}

/** What keeps, moves and sums up codes. */
export function twinStores(memory: TwinMemory): Pick<Kernels, Stores> {
  return {
    gramRows: (rows, out) => gramRows(memory, rows, out),
    columnSums: (rows, samples, out) => columnSums(memory, rows, samples, out),
    packRows: (rows, codes, codeStride) => packRows(memory, rows, codes, codeStride),
    unpackRows: (rows, codes, codeStride) => unpackRows(memory, rows, codes, codeStride),
    unpackWire: (body, firstBit, bits, count, top, codes) => {
      const bytes = new Uint8Array(memory.buffer, body);
      const to = new Uint16Array(memory.buffer, codes, count);
      for (let i = 0; i < count; i++) {
        const code = readBits(bytes, firstBit + i * bits, bits);
        if (code > top) return i;
        to[i] = code;
      }
      return -1;
    },
    packWire: (codes, count, bits, body, firstBit) => {
      const bytes = new Uint8Array(memory.buffer, body);
      const from = new Uint16Array(memory.buffer, codes, count);
      for (let i = 0; i < count; i++) writeBits(bytes, firstBit + i * bits, bits, from[i] as number);
    },
    decodeRows: (rows, offsets, steps, out, outStride) => decodeRows(memory, rows, { offsets, steps, out, outStride }),
  };
}
