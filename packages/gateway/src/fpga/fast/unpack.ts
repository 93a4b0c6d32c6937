/**
 * Codes of a run of words as bytes, one each. `out` has room for what the words hold and a few more.
 *
 * @param from First word, the first of a line.
 * @param count Words of the run.
 * @param shift Bits below the code within its field: the first draws' width for second draws, else 0.
 */
export type Unpack = (words: Uint32Array, from: number, count: number, shift: number, out: Uint8Array) => void;

const unpack16: Unpack = (words, from, count, shift, out) => {
  for (let w = 0, i = 0; w < count; w++, i += 2) {
    const word = (words[from + w] as number) >>> shift;
    out[i] = word & 0xff;
    out[i + 1] = (word >>> 16) & 0xff;
  }
};

/** Fields of 8 bits, codes of `mask`. */
function unpack8(mask: number): Unpack {
  return (words, from, count, shift, out) => {
    for (let w = 0, i = 0; w < count; w++, i += 4) {
      const word = (words[from + w] as number) >>> shift;
      out[i] = word & mask;
      out[i + 1] = (word >>> 8) & mask;
      out[i + 2] = (word >>> 16) & mask;
      out[i + 3] = (word >>> 24) & mask;
    }
  };
}

function unpack4(mask: number): Unpack {
  return (words, from, count, shift, out) => {
    for (let w = 0, i = 0; w < count; w++, i += 8) {
      const word = (words[from + w] as number) >>> shift;
      out[i] = word & mask;
      out[i + 1] = (word >>> 4) & mask;
      out[i + 2] = (word >>> 8) & mask;
      out[i + 3] = (word >>> 12) & mask;
      out[i + 4] = (word >>> 16) & mask;
      out[i + 5] = (word >>> 20) & mask;
      out[i + 6] = (word >>> 24) & mask;
      out[i + 7] = (word >>> 28) & mask;
    }
  };
}

/** Fields of 1 or 2 bits. */
function unpackNarrow(field: 1 | 2, mask: number): Unpack {
  return (words, from, count, shift, out) => {
    for (let w = 0, i = 0; w < count; w++) {
      const word = (words[from + w] as number) >>> shift;
      for (let bit = 0; bit < 32; bit += field) out[i++] = (word >>> bit) & mask;
    }
  };
}

/** Fields of a width that does not divide 32, which cross words but never lines: what is left of a word waits for the next. */
function unpackAny(field: number, lineWords: number): Unpack {
  const mask = 2 ** field - 1;
  return (words, from, count, _shift, out) => {
    for (let line = 0, i = 0; line < count; line += lineWords) {
      const end = from + Math.min(count, line + lineWords);
      let rest = 0;
      let held = 0;
      for (let at = from + line; at < end; at++) {
        let word = words[at] as number;
        let bits = 32;
        if (held > 0) {
          out[i++] = (rest | (word << held)) & mask;
          word >>>= field - held;
          bits -= field - held;
        }
        for (; bits >= field; bits -= field) {
          out[i++] = word & mask;
          word >>>= field;
        }
        rest = word;
        held = bits;
      }
    }
  };
}

/**
 * The unpacker for fields of a width, of which the codes take the low or high `bits`.
 *
 * @param lineWords Words of a line.
 */
export function unpackerOf(field: number, bits: number, lineWords: number): Unpack {
  const mask = 2 ** bits - 1;
  if (field === 16) return unpack16;
  if (field === 8) return unpack8(mask);
  if (field === 4) return unpack4(mask);
  return field === 2 || field === 1 ? unpackNarrow(field, mask) : unpackAny(field, lineWords);
}
