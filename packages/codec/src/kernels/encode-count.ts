import type { WordRun } from "../stream.ts";
import { type CodecKernels, codecKernels } from "./codec-kernels.ts";
import { leastNumbers, mostColumns, vectorPeriod } from "./layout.ts";

/** What the kernel needs to know of a channel of scheme `count` with uniform levels. */
export interface CountScale {
  readonly low: number;
  readonly high: number;
  /** Intervals a unit; 0 for a channel whose levels are one point. */
  readonly scale: number;
  /** Draws k. */
  readonly samples: number;
}

/** Values of one call: what lies beside them fits the memory at any k. */
const mostValues = 4096;
const mostWords = 40_000;
const samplesAt = 3 * 8 * mostColumns;
const valuesAt = samplesAt + 4 * mostColumns;
const codesAt = valuesAt + 8 * mostValues;
const wordsAt = codesAt + 2 * mostValues + 64;

/** The steps of all levels, as they stand in the memory from its start on. */
interface Parameters {
  readonly columns: number;
  /** Numbers after which they come round again. */
  readonly period: number;
  /** Lows, then highs, then scales times 2³². */
  readonly doubles: Float64Array;
  readonly samples: Uint32Array;
  /** Words of a row. */
  readonly rowWords: number;
  /** Whether k = 2 in all columns, for which there is a faster way. */
  readonly pairs: boolean;
}

function parametersOf(channels: readonly CountScale[]): Parameters | undefined {
  const columns = channels.length;
  const scales = channels.map(({ scale }) => scale * 0x100000000);
  if (columns > mostColumns || !scales.every(Number.isFinite)) return undefined;
  const period = vectorPeriod(columns);
  const pairs = period <= mostColumns && channels.every(({ samples }) => samples === 2);
  const length = pairs ? period : columns;
  const doubles = new Float64Array(3 * length);
  for (let i = 0; i < length; i++) {
    const { low, high } = channels[i % columns] as CountScale;
    doubles[i] = low;
    doubles[length + i] = high;
    doubles[2 * length + i] = scales[i % columns] as number;
  }
  const samples = Uint32Array.from(channels, (channel) => channel.samples);
  return { columns, period: length, doubles, samples, rowWords: samples.reduce((sum, k) => sum + k, 0), pairs };
}

function encodeRows(
  { calls, doubles, codes: memoryCodes, words }: CodecKernels,
  parameters: Parameters,
  values: Float64Array,
  codes: Uint16Array,
  run: WordRun,
  check: (values: Float64Array) => void,
): boolean {
  const { columns, period, rowWords } = parameters;
  const { keyLow, keyHigh, indexLow, indexHigh } = run;
  const fitting = Math.min(Math.floor(mostValues / columns), Math.floor(mostWords / rowWords));
  const most = (fitting > 1 ? fitting - (fitting % 2) : 1) * columns; // an even number of rows takes whole blocks at k = 2
  if (values.length > most) check(values); // else the codes of the first rows would be out before the last are looked at
  doubles.set(parameters.doubles, 0);
  words.set(parameters.samples, samplesAt / 4);
  let outside = 0;
  for (let start = 0, word = run.first; start < values.length; start += most) {
    const end = Math.min(start + most, values.length);
    const count = end - start;
    const used = (count / columns) * rowWords;
    doubles.set(start === 0 && end === values.length ? values : values.subarray(start, end), valuesAt / 8);
    const pairs = parameters.pairs && word % 4 === 0 ? count - (count % 8) : 0;
    outside |= calls.encodeFlat(
      valuesAt,
      count,
      columns,
      0,
      8 * period,
      16 * period,
      samplesAt,
      pairs,
      period,
      codesAt,
      keyLow,
      keyHigh,
      indexLow,
      indexHigh,
      word,
      used,
      wordsAt,
    );
    if (outside !== 0 && values.length <= most && calls.allFinite(valuesAt, count) === 0) check(values);
    codes.set(memoryCodes.subarray(codesAt / 2, codesAt / 2 + count), start);
    word += used;
  }
  return outside !== 0;
}

/**
 * Encodes rows: values, codes, the run of all their words in the order row, channel, draw, and what refuses values that are
 * not finite; it is called before any code is written, wherever one could be.
 *
 * @returns Whether any value lay outside its levels; undefined, and nothing done, where there is no kernel for this.
 */
export type EncodeRows = (
  values: Float64Array,
  codes: Uint16Array,
  run: WordRun,
  check: (values: Float64Array) => void,
) => boolean | undefined;

/** Makes the kernel's encoder of some channels. */
export function countKernel(channels: readonly CountScale[]): EncodeRows {
  const parameters = parametersOf(channels);
  return (values, codes, run, check) => {
    if (parameters === undefined || values.length < leastNumbers) return undefined;
    const kernels = codecKernels();
    return kernels === undefined ? undefined : encodeRows(kernels, parameters, values, codes, run, check);
  };
}
