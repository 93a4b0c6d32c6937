import type { CodeLayout } from "../coding/layout.ts";
import { type CodecKernels, codecKernels, scratchBytes } from "./codec-kernels.ts";
import { afterLayout, leastNumbers, mostColumns, topsAt, widthsAt, writeLayout } from "./layout.ts";

/** Most codes of one call. */
const mostCodes = 32_768;
/** Vectors are written and words read whole, a little beyond the end. */
const slack = 64;
const codesAt = afterLayout;
const bodyAt = codesAt + 2 * mostCodes + slack;

function kernelsFor(count: number, columns: number): CodecKernels | undefined {
  const fits = count >= leastNumbers && count <= mostCodes && columns <= mostColumns;
  return fits && bodyAt + 2 * count + slack <= scratchBytes ? codecKernels() : undefined;
}

/**
 * As `packCodes` of bit-packing.ts, to the bit.
 *
 * @param codes Whole rows.
 * @param size Bytes of the body.
 * @returns A new array; undefined where there is no kernel for this, and for a code above its channel's top.
 */
export function packByKernel(
  codes: Uint16Array,
  layout: CodeLayout,
  size: number,
): Uint8Array<ArrayBuffer> | undefined {
  const columns = layout.channels.length;
  const kernels = kernelsFor(codes.length, columns);
  if (kernels === undefined) return undefined;
  const { calls, bytes } = kernels;
  const { period, even } = writeLayout(kernels, layout);
  kernels.codes.set(codes, codesAt / 2);
  if (calls.anyAbove(codesAt, codes.length, topsAt, period) !== 0) return undefined;
  calls.packCodes(codesAt, codes.length, columns, widthsAt, even, bodyAt);
  return bytes.slice(bodyAt, bodyAt + size);
}

/**
 * As `unpackCodes` of bit-packing.ts.
 *
 * @param body Of exactly the length that the codes take.
 * @param count Codes, whole rows.
 * @returns A new array; undefined where there is no kernel for this, and for a code above its channel's top.
 */
export function unpackByKernel(
  body: Uint8Array,
  count: number,
  layout: CodeLayout,
): Uint16Array<ArrayBuffer> | undefined {
  const columns = layout.channels.length;
  const kernels = kernelsFor(count, columns);
  if (kernels === undefined) return undefined;
  const { calls, bytes } = kernels;
  const { period, even } = writeLayout(kernels, layout);
  bytes.set(body, bodyAt);
  calls.unpackCodes(bodyAt, count, columns, widthsAt, even, codesAt);
  if (calls.anyAbove(codesAt, count, topsAt, period) !== 0) return undefined;
  return kernels.codes.slice(codesAt / 2, codesAt / 2 + count);
}
