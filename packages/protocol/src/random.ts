/** A source of uniform unsigned 32-bit integers: each call gives the next one, 0 to 2³² − 1. */
export type RandomSource = () => number;

const BATCH = 64; // words fetched at once: one call to the system for many draws

/**
 * The system's cryptographic generator as a {@link RandomSource}.
 *
 * Use it for jitter and session numbers, never where a result must be repeatable.
 */
export function cryptoRandom(): RandomSource {
  const words = new Uint32Array(BATCH);
  let next = BATCH;
  return () => {
    if (next === BATCH) {
      globalThis.crypto.getRandomValues(words);
      next = 0;
    }
    const word = words[next] ?? 0;
    next += 1;
    return word;
  };
}
