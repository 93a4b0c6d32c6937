const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The number that a cell holds: decimal digits with an optional sign, point and exponent, blanks around it ignored.
 *
 * @returns A finite number, or NaN for anything else: an empty cell, words, hexadecimal, infinity.
 */
export function parseCell(cell: string): number {
  const text = cell.trim();
  if (!decimal.test(text)) return Number.NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : Number.NaN;
}
