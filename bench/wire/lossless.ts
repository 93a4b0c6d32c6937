import { type Candidate, exactRisk, plainExcess, riskOf, type Subject } from "./candidate.ts";
import { enveloped } from "./envelope.ts";
import { differenceBits, lengthPrefixed } from "./rice-bits.ts";

/** Decimal numbers as whole ones. */
export interface Decimals {
  readonly places: number;
  /** What all numbers are multiples of, in units of the last place. */
  readonly unit: number;
  readonly numbers: readonly number[];
}

const mostPlaces = 15;

function divisor(a: number, b: number): number {
  let [large, small] = [Math.abs(a), Math.abs(b)];
  while (small > 0) [large, small] = [small, large % small];
  return large;
}

/** Readings as whole multiples of a decimal unit, or undefined where there is none of 15 places. */
export function decimalsOf(values: Float64Array): Decimals | undefined {
  for (let places = 0; places <= mostPlaces; places++) {
    const scale = 10 ** places;
    const numbers = Array.from(values, (value) => Math.round(value * scale));
    if (!numbers.every((number, i) => Number.isSafeInteger(number) && number / scale === values[i])) continue;
    const unit = Math.max(1, numbers.reduce(divisor, 0));
    return { places, unit, numbers: numbers.map((number) => number / unit) };
  }
  return undefined;
}

/** Bits of a series as Gorilla codes values (Pelkonen et al., VLDB 2015, section 4.1.2), times left out. */
export function gorillaBits(values: ArrayLike<number>, width: 32 | 64): number {
  const view = new DataView(new ArrayBuffer(8));
  const wordOf = (value: number): bigint => {
    if (width === 64) view.setFloat64(0, value);
    else view.setFloat32(0, value);
    return width === 64 ? view.getBigUint64(0) : BigInt(view.getUint32(0));
  };
  const lengthOf = (word: bigint): number => word.toString(2).length;
  const zerosAt = (word: bigint): number => lengthOf(word & -word) - 1;
  let before = wordOf(values[0] ?? 0);
  let bits = width;
  let window: { leading: number; trailing: number } | undefined;
  for (let i = 1; i < values.length; i++) {
    const word = wordOf(values[i] as number);
    const xor = word ^ before;
    before = word;
    bits += 1;
    if (xor === 0n) continue;
    const leading = Math.min(31, width - lengthOf(xor));
    const trailing = zerosAt(xor);
    bits += 1;
    if (window !== undefined && leading >= window.leading && trailing >= window.trailing)
      bits += width - window.leading - window.trailing;
    else {
      bits += 5 + (width === 64 ? 6 : 5) + width - leading - trailing;
      window = { leading, trailing };
    }
  }
  return bits;
}

/** Difference and Rice, Gorilla. */
export function losslessCandidates(subject: Subject): readonly Candidate[] {
  const family = "lossless";
  const float32 = riskOf([plainExcess(subject, (values) => Float64Array.from(Float32Array.from(values)))]);
  const difference = (values: Float64Array): number => {
    const decimals = decimalsOf(values);
    if (decimals === undefined) return Number.POSITIVE_INFINITY;
    return 4 + lengthPrefixed(decimals.unit) + differenceBits(decimals.numbers);
  };
  // Readings that are no decimal numbers go as Gorilla has them; one bit says so.
  const riceOf = (values: Float64Array) => 1 + Math.min(difference(values), gorillaBits(values, 64));
  return [
    {
      way: "difference and Rice",
      family,
      setting: "exact",
      risk: exactRisk,
      bytes: (message) => enveloped(message, Math.ceil(riceOf(message.values) / 8), true),
    },
    {
      way: "Gorilla",
      family,
      setting: "float64",
      risk: exactRisk,
      bytes: (message) => enveloped(message, Math.ceil(gorillaBits(message.values, 64) / 8), true),
    },
    {
      way: "Gorilla",
      family,
      setting: "float32",
      risk: float32,
      bytes: (message) => enveloped(message, Math.ceil(gorillaBits(message.values, 32) / 8), true),
    },
  ];
}
