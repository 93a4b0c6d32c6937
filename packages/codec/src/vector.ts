import { packBits, packedSize, unpackBits } from "./bit-packing.ts";
import { DecodeError } from "./errors.ts";
import type { Stream } from "./stream.ts";

/** A vector on 2^bits − 1 equal intervals over ± its largest magnitude. */
export interface QuantizedVector {
  /** Width of a code, 1 to 16. */
  readonly bits: number;
  /** Largest magnitude M of the vector; code c stands for −M + 2M·c/(2^bits − 1). */
  readonly scale: number;
  readonly codes: Uint16Array;
}

/**
 * Quantizes a vector without bias (Zhang et al., section 2.1, Q₃ and Q₄): stochastic rounding, one draw a component,
 * one scale for the whole vector. Used for models, residuals and gradients.
 *
 * @param values Finite numbers.
 * @param bits 1 to 16.
 * @param draws A stream used for nothing else.
 * @throws RangeError for bits out of range or a number that is not finite.
 */
export function quantizeVector(values: Float64Array, bits: number, draws: Stream): QuantizedVector {
  const { scale, intervals } = scaleOf(values, bits);
  const codes = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) codes[i] = drawCode(values[i] as number, scale, intervals, draws);
  return { bits, scale, codes };
}

/**
 * The numbers that a quantized vector stands for.
 *
 * @returns A new array.
 */
export function dequantizeVector({ bits, scale, codes }: QuantizedVector): Float64Array {
  const intervals = 2 ** bits - 1;
  return Float64Array.from(codes, (code) => pointAt(code, scale, intervals));
}

/**
 * The codes of a quantized vector as bytes, each at the vector's width, least significant bit first, without padding.
 *
 * @returns A new array.
 */
export function packVector({ bits, codes }: QuantizedVector): Uint8Array<ArrayBuffer> {
  return packBits(codes, Uint8Array.of(bits), packedSize(codes.length, bits));
}

/**
 * The reverse of {@link packVector}.
 *
 * @param bytes What a sender packed.
 * @param length Components of the vector, a whole number; nothing is allocated before it is checked against the bytes.
 * @param bits Width of a code, 1 to 16.
 * @param scale Largest magnitude.
 * @throws {@link DecodeError} `range` for bits, `length` or `padding`.
 */
export function unpackVector(bytes: Uint8Array, length: number, bits: number, scale: number): QuantizedVector {
  if (!Number.isInteger(bits) || bits < 1 || bits > 16)
    throw new DecodeError("range", `bits must be a whole number from 1 to 16, not ${bits}`, 0);
  const expected = packedSize(length, bits);
  if (bytes.length !== expected)
    throw new DecodeError("length", `${bytes.length} bytes where ${length} components take ${expected}`, 0);
  const codes = new Uint16Array(length);
  unpackBits(bytes, Uint8Array.of(bits), codes, Uint16Array.of(2 ** bits - 1));
  return { bits, scale, codes };
}

/**
 * Quantizes and decodes in place: the vector as a receiver would see it.
 *
 * @param values Finite numbers; overwritten.
 * @param bits 1 to 16, or 0 to leave the vector as it is.
 * @param draws A stream used for nothing else.
 * @throws RangeError as {@link quantizeVector}.
 */
export function roundVector(values: Float64Array, bits: number, draws: Stream): void {
  if (bits === 0) return;
  const { scale, intervals } = scaleOf(values, bits);
  for (let i = 0; i < values.length; i++)
    values[i] = pointAt(drawCode(values[i] as number, scale, intervals, draws), scale, intervals);
}

function scaleOf(values: Float64Array, bits: number): { scale: number; intervals: number } {
  if (!Number.isInteger(bits) || bits < 1 || bits > 16)
    throw new RangeError(`bits must be a whole number from 1 to 16, not ${bits}`);
  let scale = 0;
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) throw new RangeError(`component ${i} is ${value}: a vector must be finite`);
    scale = Math.max(scale, Math.abs(value));
  }
  return { scale, intervals: 2 ** bits - 1 };
}

function drawCode(value: number, scale: number, intervals: number, draws: Stream): number {
  const position = scale === 0 ? intervals / 2 : ((value / scale + 1) / 2) * intervals;
  const base = Math.min(Math.floor(position), intervals - 1);
  return draws.word() + 0.5 < (position - base) * 0x100000000 ? base + 1 : base;
}

function pointAt(code: number, scale: number, intervals: number): number {
  return scale === 0 ? 0 : scale * ((2 * code) / intervals - 1);
}
