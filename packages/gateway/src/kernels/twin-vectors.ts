import type { EncodeRun, GradientRun, Kernels, RoundRun, VectorKernel, WordStream } from "./contract.ts";
import type { TwinMemory } from "./twin-rows.ts";
import { philoxWords, wordReader } from "./twin-words.ts";

/** 2³². */
const whole = 0x100000000;

/** As the codec's `count` encoder; `scale` is s/(l_s − l₀) · 2³². */
function encode(run: EncodeRun, bounds: readonly [number, number, number], value: number, word: () => number): number {
  const [low, high, scale] = bounds;
  const position = (Math.min(Math.max(value, low), high) - low) * (scale / whole);
  const base = Math.floor(position);
  const threshold = (position - base) * whole;
  let code = run.samples * base;
  for (let draw = 0; draw < run.samples; draw++) if (word() + 0.5 < threshold) code += 1;
  return code;
}

function encodeRows(memory: TwinMemory, run: EncodeRun): number {
  const { rows, columns } = run;
  const lows = new Float64Array(memory.buffer, run.lows, columns);
  const highs = new Float64Array(memory.buffer, run.highs, columns);
  const scales = new Float64Array(memory.buffer, run.scales, columns);
  const clipped = run.clipped === 0 ? undefined : new Uint32Array(memory.buffer, run.clipped, columns);
  for (let r = 0; r < rows; r++) {
    const values = new Float64Array(memory.buffer, run.values + r * run.valueStride, columns);
    const codes = new Uint16Array(memory.buffer, run.codes + r * run.codeStride, columns);
    const word = wordReader(run.stream, run.firstWord + r * run.wordsPerRow);
    for (let c = 0; c < columns; c++) {
      const value = values[c] as number;
      const bounds = [lows[c] as number, highs[c] as number, scales[c] as number] as const;
      if (!Number.isFinite(value)) return r * columns + c;
      if (clipped !== undefined && (value < bounds[0] || value > bounds[1])) clipped[c] = (clipped[c] ?? 0) + 1;
      codes[c] = encode(run, bounds, value, word);
    }
  }
  return -1;
}

/** Draws of 16 bits in a stream's order: the low half of a word first. */
function drawReader(stream: WordStream, firstBlock: number): () => number {
  const word = wordReader(stream, 4 * firstBlock);
  let position = 0;
  let held = 0;
  return () => {
    held = position++ % 2 === 0 ? word() : held >>> 16;
    return held & 0xffff;
  };
}

function roundVector(memory: TwinMemory, run: RoundRun): number {
  const { length, scale } = run;
  const intervals = 2 ** run.bits - 1;
  const values = new Float64Array(memory.buffer, run.values, length);
  const out = new Int16Array(memory.buffer, run.out, Math.ceil(length / 8) * 8).fill(0);
  const middle = intervals * 2 ** 15;
  const slope = middle / scale;
  if (!(slope < Number.POSITIVE_INFINITY)) return 0;
  const draw = drawReader(run.stream, run.firstBlock);
  for (let i = 0; i < length; i++) {
    // In 2⁻¹⁶ of a step; adding 2⁵² rounds it to a whole number of those.
    const position = (values[i] as number) * slope + (middle + 2 ** 52) - 2 ** 52;
    const base = Math.floor(position / 2 ** 16);
    const up = draw() >= 2 ** 16 * (base + 1) - position;
    out[i] = 2 * (up ? base + 1 : base) - intervals;
  }
  return out.reduce((sum, point) => sum + point, 0);
}

function assembleGradient(memory: TwinMemory, run: GradientRun): void {
  const view = (pointer: number): Float64Array => new Float64Array(memory.buffer, pointer, run.length);
  const [sums, factors, offsets, spreads, model, out] = [
    view(run.sums),
    view(run.factors),
    view(run.offsets),
    view(run.spreads),
    view(run.model),
    view(run.out),
  ];
  for (let i = 0; i < run.length; i++) {
    const sum = run.sumScale * ((factors[i] as number) * (sums[i] as number));
    const diagonal = (spreads[i] as number) * (model[i] as number);
    out[i] = sum + run.offsetScale * (offsets[i] as number) - run.spreadScale * diagonal;
  }
  sums.fill(0);
}

function largest(memory: TwinMemory, values: number, length: number): number {
  let most = 0;
  for (const value of new Float64Array(memory.buffer, values, length)) most = Math.max(most, Math.abs(value));
  return most;
}

function fillWords(memory: TwinMemory, stream: WordStream, firstBlock: number, blocks: number, out: number): void {
  const words = new Uint32Array(memory.buffer, out, blocks * 4);
  for (let block = 0; block < blocks; block++) philoxWords(stream, firstBlock + block, words, block * 4);
}

export function formResiduals(
  memory: TwinMemory,
  [dots, labels]: readonly [number, number],
  length: number,
  unit: number,
  offset: number,
): number {
  const out = new Float64Array(memory.buffer, dots, length);
  const targets = new Float64Array(memory.buffer, labels, length);
  for (let i = 0; i < length; i++) out[i] = unit * (out[i] as number) + offset - (targets[i] as number);
  return largest(memory, dots, length);
}

/** Σ factor · model, into `wide` the model itself. */
function widenChunk(rounded: Int16Array, by: Float64Array, wide: Float64Array): number {
  const sums: [number, number] = [0, 0];
  for (let i = 0; i < wide.length; i++) {
    wide[i] = rounded[i] as number;
    sums[i & 1] = (sums[i & 1] as number) + (by[i] as number) * (wide[i] as number);
  }
  return sums[0] + sums[1];
}

/** Random words and float64 vectors. */
export function twinVectors(memory: TwinMemory): Pick<Kernels, VectorKernel> {
  return {
    encodeRows: (run) => encodeRows(memory, run),
    fillWords: (stream, firstBlock, blocks, out) => fillWords(memory, stream, firstBlock, blocks, out),
    largest: (values, length) => largest(memory, values, length),
    roundVector: (run) => roundVector(memory, run),
    multiply: (a, b, length, out) => {
      const left = new Float64Array(memory.buffer, a, length);
      const right = new Float64Array(memory.buffer, b, length);
      const product = new Float64Array(memory.buffer, out, length);
      for (let i = 0; i < length; i++) product[i] = (left[i] as number) * (right[i] as number);
      return largest(memory, out, length);
    },
    assembleGradient: (run) => assembleGradient(memory, run),
    formResiduals: (dots, labels, length, unit, offset) => formResiduals(memory, [dots, labels], length, unit, offset),
    widenModel: (model, factors, length, out, chunk, sums) => {
      const shares = new Float64Array(memory.buffer, sums, Math.ceil(length / chunk));
      for (let at = 0; at < length; at += chunk) {
        const some = Math.min(chunk, length - at);
        shares[at / chunk] = widenChunk(
          new Int16Array(memory.buffer, model + 2 * at, some),
          new Float64Array(memory.buffer, factors + 8 * at, some),
          new Float64Array(memory.buffer, out + 8 * at, some),
        );
      }
    },
    descend: (weights, gradient, length, step, trail) => {
      const x = new Float64Array(memory.buffer, weights, length);
      const g = new Float64Array(memory.buffer, gradient, length);
      const sum = trail === 0 ? undefined : new Float64Array(memory.buffer, trail, length);
      for (let i = 0; i < length; i++) {
        x[i] = (x[i] as number) - step * (g[i] as number);
        if (sum !== undefined) sum[i] = (sum[i] as number) + (x[i] as number);
      }
    },
  };
}
