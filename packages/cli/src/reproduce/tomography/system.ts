import { createQuantizer, createStream, defineSchema, packedSize, type Quantizer, uniformGrid } from "@zipml/codec";
import type { Projector } from "./projector.ts";

/** How the rows of the matrix reach the reconstruction. */
export interface MatrixCoding {
  /** Width of a crossing's code; 0 for 32-bit floats. */
  readonly bits: number;
  /** Draws: 2 for the symmetric estimator, 1 for the naive one. */
  readonly samples: 1 | 2;
}

/** Rows of the matrix, and what was measured, as they are read. */
export interface SystemRows {
  readonly projector: Projector;
  /** What is read for each crossing's length. */
  readonly lengths: Float64Array;
  /** d of each crossing: what its square is too large by in expectation; none for exact lengths and single draws. */
  readonly spreads: Float64Array | undefined;
  /** Line integrals. */
  readonly measured: Float64Array;
  /** Bytes of an epoch: lengths and line integrals. */
  readonly bytes: number;
  /** Bytes that tell which pixels a beam crosses, a bit a crossing: into the next column, or the next row. */
  readonly pathBytes: number;
}

/** Width of a measured line integral's code, one draw. */
const measuredBits = 8;

function quantizerOf(high: number, bits: number, samples: number): Quantizer {
  const schema = defineSchema([{ name: "length", unit: "", range: [0, high], role: "feature" }]);
  return createQuantizer(uniformGrid(schema, { bits, samples }));
}

function decoded(quantizer: Quantizer, codes: Uint16Array): Float64Array {
  const means = new Float64Array(codes.length);
  quantizer.meansInto(codes, means);
  return means;
}

function spreadsOf(quantizer: Quantizer, codes: Uint16Array): Float64Array {
  const spreads = new Float64Array(codes.length);
  quantizer.spreadsInto(codes, spreads);
  return spreads;
}

/**
 * The system as it is read: crossings' lengths on equal levels from 0 to √2 pixels, line integrals at 8 bits with one draw
 * (the gradient is linear in them); or both as 32-bit floats.
 *
 * @param seed Names the draws.
 */
export function encodeSystem(
  projector: Projector,
  measured: Float64Array,
  { bits, samples }: MatrixCoding,
  seed: number | string,
): SystemRows {
  const { lengths, geometry } = projector;
  const pathBytes = packedSize(lengths.length, 1);
  if (bits === 0) {
    const bytes = 4 * (lengths.length + measured.length);
    const exact = { lengths: lengths.map(Math.fround), measured: measured.map(Math.fround), spreads: undefined };
    return { projector, ...exact, bytes, pathBytes };
  }
  const quantizer = quantizerOf((2 / geometry.size) * Math.SQRT2, bits, samples);
  const { codes } = quantizer.encode(lengths, createStream(`reproduce/tomography/lengths/${seed}`));
  const most = measured.reduce((a, b) => Math.max(a, b), 0);
  const integrals = quantizerOf(most, measuredBits, 1);
  const read = integrals.encode(measured, createStream(`reproduce/tomography/measured/${seed}`)).codes;
  return {
    projector,
    lengths: decoded(quantizer, codes),
    spreads: samples === 2 ? spreadsOf(quantizer, codes) : undefined,
    measured: decoded(integrals, read),
    bytes: packedSize(lengths.length, bits) + packedSize(measured.length, measuredBits),
    pathBytes,
  };
}
