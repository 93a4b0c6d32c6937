import { brotliCompressSync, constants, deflateRawSync } from "node:zlib";
import { compress, compressUsingDict, createCCtx, init } from "@bokuweb/zstd-wasm";
import { type Candidate, exactRisk, type Risk } from "./candidate.ts";
import { enveloped } from "./envelope.ts";
import { decimalsOf } from "./lossless.ts";
import { type Lattice, nearestMultiples } from "./lossy.ts";
import { differenceBytes } from "./rice-bits.ts";
import { type Message, messagesOf, type Series } from "./series.ts";
import { jsonText } from "./text.ts";
import type { Layout } from "./typed.ts";

/** Bytes after compression, with what both sides have seen before where the compressor can make use of that. */
type Compress = (bytes: Uint8Array, seen: Uint8Array | undefined) => number;

/** General compressors at their highest level, the plainest container each has. */
export type Compressors = Readonly<Record<"deflate" | "brotli" | "zstd", Compress>>;

/** Loads what is WebAssembly. */
export async function createCompressors(): Promise<Compressors> {
  await init();
  const context = createCCtx();
  const deflated = (bytes: Uint8Array, dictionary: Uint8Array | undefined): number =>
    deflateRawSync(bytes, { level: 9, memLevel: 9, ...(dictionary !== undefined && { dictionary }) }).length;
  return {
    deflate: (bytes, seen) => {
      const plain = deflated(bytes, undefined);
      return seen === undefined ? plain : Math.min(plain, deflated(bytes, seen));
    },
    brotli: (bytes) =>
      brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_LGWIN]: 16,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }).length,
    zstd: (bytes, seen) => {
      const plain = compress(bytes, 19).length;
      return seen === undefined ? plain : Math.min(plain, compressUsingDict(context, bytes, seen, 19).length);
    },
  };
}

/** What is compressed. */
interface Form {
  readonly setting: string;
  readonly risk: Risk;
  readonly scale?: number;
  /** Undefined where a message can't be had in this form. */
  toBytes(message: Message): Uint8Array | undefined;
  /** Whether the bytes tell time and number themselves. */
  readonly whole: boolean;
}

/** First bytes of all readings, then second ones: like beside like. */
function shuffled(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width;
  return bytes.map((_, i) => bytes[(i % count) * width + Math.floor(i / count)] as number);
}

function formsOf(layouts: readonly Layout[], lattices: readonly Lattice[]): readonly Form[] {
  const text = new TextEncoder();
  const typed = layouts.flatMap(({ setting, risk, width, toBytes }): Form[] => {
    const plain: Form = { setting, risk, whole: false, toBytes: ({ values }) => toBytes(values) };
    if (width <= 1) return [plain];
    return [{ ...plain, setting: `${setting} shuffled`, toBytes: ({ values }) => shuffled(toBytes(values), width) }];
  });
  const stepped = lattices.map(
    ({ step, scale, risk }): Form => ({
      setting: `nearest × ${scale.toPrecision(3)}, differences`,
      risk,
      scale,
      whole: false,
      toBytes: ({ values }) => differenceBytes(nearestMultiples(values, step)),
    }),
  );
  return [
    { setting: "JSON", risk: exactRisk, whole: true, toBytes: (message) => text.encode(jsonText(message)) },
    {
      setting: "decimal differences",
      risk: exactRisk,
      whole: false,
      toBytes: ({ values }) => {
        const decimals = decimalsOf(values);
        if (decimals === undefined || decimals.numbers.some((n) => Math.abs(n) > 2 ** 40)) return undefined;
        return Uint8Array.from([decimals.places, ...differenceBytes([decimals.unit, ...decimals.numbers])]);
      },
    },
    ...typed,
    ...stepped,
  ];
}

/** Readings of the message that compressors have as a dictionary, a series' first. */
const dictionaryReadings = 256;

/**
 * Each compressor over each form, with the series' first readings in that form as a dictionary.
 *
 * @param series What is compressed.
 * @param layouts Typed layouts.
 * @param lattices Nearest lattices whose differences are compressed.
 */
export function compressedCandidates(
  series: Series,
  compressors: Compressors,
  layouts: readonly Layout[],
  lattices: readonly Lattice[],
): readonly Candidate[] {
  const forms = formsOf(layouts, lattices);
  const [first] = messagesOf(series, dictionaryReadings, Number.POSITIVE_INFINITY);
  const isFirst = ({ segment, from }: Message): boolean => segment === 0 && from < dictionaryReadings;
  return forms.flatMap((form) => {
    const known = first === undefined ? undefined : form.toBytes(first);
    return Object.entries(compressors).map(([way, sizeOf]): Candidate => {
      const { setting, risk, scale, toBytes, whole } = form;
      return {
        way,
        family: "compressed",
        setting,
        risk,
        ...(scale !== undefined && { scale }),
        bytes: (message) => {
          const bytes = toBytes(message);
          if (bytes === undefined) return Number.POSITIVE_INFINITY;
          const size = sizeOf(bytes, isFirst(message) ? undefined : known);
          return whole ? size : enveloped(message, size, true);
        },
      };
    });
  });
}
