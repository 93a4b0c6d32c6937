/**
 * Logarithm and power in the four operations alone, which are exact to the last bit everywhere: engines differ in the
 * last bits of Math.log and Math.pow, and a run must come out the same on all of them.
 */

/** ln 2 and, below, 1 / ln 10: constants are the same bits everywhere. */
const ln2 = Math.LN2;
const perLn10 = Math.LOG10E;
/** log2(10) / 10: a decibel in doublings. */
const doublingsPerDecibel = 0.33219280948873625;
const terms = 13;
/** Doublings that are taken at one step: all of them are exact, so the power is the same. */
const stride = 16;
const strideFactor = 2 ** stride;

/**
 * The natural logarithm, to about two units in the last place.
 *
 * @param x Above 0 and finite.
 * @throws RangeError otherwise
 */
export function naturalLog(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) throw new RangeError(`no logarithm of ${x}: it must be above 0`);
  let m = x;
  let doublings = 0;
  for (; m > Math.SQRT2; doublings++) m /= 2;
  for (; m < Math.SQRT1_2; doublings--) m *= 2;
  const s = (m - 1) / (m + 1); // ln m = 2 atanh s, |s| < 0.172
  const z = s * s;
  let sum = 0;
  for (let n = terms; n >= 1; n--) sum = (sum + 1 / (2 * n + 1)) * z;
  return doublings * ln2 + 2 * (s + s * sum);
}

/**
 * The logarithm to base 10.
 *
 * @param x Above 0 and finite.
 * @throws RangeError otherwise
 */
export function log10(x: number): number {
  return naturalLog(x) * perLn10;
}

/**
 * A ratio of powers from decibels: 10^(dB/10). Applied to dBm it gives milliwatts.
 *
 * @param decibels −3,000 … 3,000.
 * @throws RangeError outside that range
 */
export function ratioOfDecibels(decibels: number): number {
  if (!(decibels >= -3000 && decibels <= 3000)) throw new RangeError(`${decibels} dB is outside -3000 to 3000`);
  const exponent = decibels * doublingsPerDecibel;
  const whole = Math.round(exponent);
  const x = (exponent - whole) * ln2;
  let power = 1;
  for (let n = terms + 2; n >= 1; n--) power = 1 + (power * x) / n;
  let left = whole;
  for (; left >= stride; left -= stride) power *= strideFactor;
  for (; left > 0; left--) power *= 2;
  for (; left <= -stride; left += stride) power *= 1 / strideFactor;
  for (; left < 0; left++) power *= 0.5;
  return power;
}
