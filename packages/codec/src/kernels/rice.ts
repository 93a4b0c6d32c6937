import type { CodeLayout } from "../coding/layout.ts";
import { type CodecKernels, codecKernels, scratchBytes } from "./codec-kernels.ts";
import { afterLayout, leastNumbers, mostColumns, topsAt, widthsAt, writeLayout } from "./layout.ts";

/** Most codes of one call. */
const mostCodes = 16_384;
/** Differences of such codes fit 16 bits with their sign. */
const largestTop = 0x7fff;
/** Vectors are written whole, a little beyond the end. */
const slack = 64;
const plansAt = afterLayout;
const countsAt = plansAt + mostColumns;
const codesAt = countsAt + 2048;
const foldedAt = codesAt + 2 * mostCodes + slack;
const bodyAt = foldedAt + 2 * mostCodes + slack;

function kernelsFor(count: number, { channels }: CodeLayout): CodecKernels | undefined {
  if (count < leastNumbers || count > mostCodes || channels.length > mostColumns) return undefined;
  for (const { top } of channels) if (top > largestTop) return undefined;
  return codecKernels();
}

/**
 * As `encodeRice` of coding/rice.ts, to the bit.
 *
 * @param codes Whole rows, at least one, none above its channel's top.
 * @param limit Bytes from which on no body is made.
 * @returns A new array; "above" where it would take the limit or more; undefined where there is no kernel for this.
 */
export function riceByKernel(
  codes: Uint16Array,
  layout: CodeLayout,
  limit: number,
): Uint8Array<ArrayBuffer> | "above" | undefined {
  const count = codes.length;
  const columns = layout.channels.length;
  const kernels = kernelsFor(count, layout);
  if (kernels === undefined) return undefined;
  const { calls, bytes } = kernels;
  const { period } = writeLayout(kernels, layout);
  kernels.codes.set(codes, codesAt / 2);
  const bits = calls.planRice(codesAt, count, columns, widthsAt, topsAt, period, foldedAt, plansAt, countsAt);
  const size = Math.ceil(bits / 8);
  if (size >= limit) return "above";
  calls.writeRice(codesAt, count, columns, widthsAt, foldedAt, plansAt, bodyAt);
  return bytes.slice(bodyAt, bodyAt + size);
}

/**
 * As `decodeRice` of coding/rice.ts.
 *
 * @param count Codes, whole rows, at least one.
 * @returns A new array; undefined where there is no kernel for this, and for a body that no encoder writes.
 */
export function unriceByKernel(
  body: Uint8Array,
  count: number,
  layout: CodeLayout,
): Uint16Array<ArrayBuffer> | undefined {
  const kernels = kernelsFor(count, layout);
  if (kernels === undefined || bodyAt + body.length + slack > scratchBytes) return undefined;
  const columns = layout.channels.length;
  writeLayout(kernels, layout);
  kernels.bytes.set(body, bodyAt);
  const fault = kernels.calls.readRice(bodyAt, body.length, count, columns, widthsAt, topsAt, codesAt);
  return fault === 0 ? kernels.codes.slice(codesAt / 2, codesAt / 2 + count) : undefined;
}
