/**
 * One line of CSV (RFC 4180): a cell with a comma, a quote or a line end is quoted.
 *
 * @param cells Texts and numbers; numbers are written so that reading gives the same number.
 * @returns The line with its line end.
 */
export function csvLine(cells: readonly (string | number)[]): string {
  const quoted = cells.map((cell) => {
    const text = String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${quoted.join(",")}\n`;
}
