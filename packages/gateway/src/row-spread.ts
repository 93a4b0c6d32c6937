/** Rows of a block handed to the trainer. */
export const blockRows = 4096;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** A stride near the golden section of n that visits every row once. */
export function strideOf(n: number): number {
  let stride = Math.max(1, Math.round(n * 0.6180339887498949));
  while (greatestCommonDivisor(stride, n) !== 1) stride += 1;
  return stride;
}
