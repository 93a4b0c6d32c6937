import { type CodeRows, type CodeWidth, paddedColumns } from "./contract.ts";

/** What the twins' kernels work on; views are made per call, as the memory may have grown. */
export interface TwinMemory {
  readonly buffer: ArrayBufferLike;
}

/** A function that reads the code at (row, column) of rows at rest, padding included. */
export function codeReader(memory: TwinMemory, rows: CodeRows): (row: number, column: number) => number {
  const { width, codes, stride } = rows;
  const lanes = new Uint16Array(memory.buffer, codes, ((rows.rows - 1) * stride) / 2 + laneCount(rows));
  const perBlock = 128 / width;
  const mask = (1 << width) - 1;
  return (row, column) => {
    const lane = (row * stride) / 2 + Math.floor(column / perBlock) * 8 + (column % 8);
    return ((lanes[lane] as number) >> shiftOf(width, column)) & mask;
  };
}

/** A function that sets the code at (row, column), all bits of which are 0 so far. */
export function codeWriter(memory: TwinMemory, rows: CodeRows): (row: number, column: number, code: number) => void {
  const { width, codes, stride } = rows;
  const lanes = new Uint16Array(memory.buffer, codes, ((rows.rows - 1) * stride) / 2 + laneCount(rows));
  const perBlock = 128 / width;
  return (row, column, code) => {
    const lane = (row * stride) / 2 + Math.floor(column / perBlock) * 8 + (column % 8);
    lanes[lane] = (lanes[lane] as number) | (code << shiftOf(width, column));
  };
}

/** 16-bit lanes of one row with its padding. */
export function laneCount({ width, columns }: CodeRows): number {
  return (paddedColumns(width, columns) * width) / 16;
}

function shiftOf(width: CodeWidth, column: number): number {
  return Math.floor((column % (128 / width)) / 8) * width;
}
