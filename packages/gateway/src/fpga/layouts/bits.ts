/** Writes a field of up to 32 bits, which may cross a word's end, into words that are zero there; least significant bit first. */
export function putBits(words: Uint32Array, at: number, width: number, value: number): void {
  const word = at >>> 5;
  const shift = at & 31;
  words[word] = ((words[word] as number) | (value << shift)) >>> 0;
  if (shift + width > 32) words[word + 1] = ((words[word + 1] as number) | (value >>> (32 - shift))) >>> 0;
}

/** Reads a field of up to 31 bits, which may cross a word's end. */
export function getBits(words: Uint32Array, at: number, width: number): number {
  const word = at >>> 5;
  const shift = at & 31;
  const low = (words[word] as number) >>> shift;
  const high = shift + width > 32 ? (words[word + 1] as number) << (32 - shift) : 0;
  return (low | high) & (2 ** width - 1);
}
