/** Widths of letters in thousandths of the font's size, by kind; Helvetica's and its likes'. */
const kinds: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;'|!·]/, 270],
  [/[frtI()[\]\-/ "°²³]/, 340],
  [/[mMW%@—…]/, 880],
  [/[A-Z&w]/, 700],
  [/[⺀-￿]/, 1000],
];

/** Room for the fonts that stand in for Helvetica, some of which run wider. */
const allowance = 1.1;

/**
 * The width of a text, near enough to lay out by. Measuring with a real font would give each machine other pictures.
 *
 * @param text One line.
 * @param size Font size in pixels.
 * @returns Pixels, rather too many than too few.
 */
export function textWidth(text: string, size: number): number {
  let sum = 0;
  for (const letter of text) sum += kinds.find(([pattern]) => pattern.test(letter))?.[1] ?? 560;
  return (sum * size * allowance) / 1000;
}

/**
 * Breaks a text between words.
 *
 * @param text Any length.
 * @param size Font size in pixels.
 * @param width Pixels a line may take; a single word may take more.
 * @returns At least one line.
 */
export function wrapText(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    const longer = `${line} ${word}`;
    if (line !== undefined && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
