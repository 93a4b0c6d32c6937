/**
 * How the rows of a frame lie in its body: `packed` at fixed width; `rice` as differences from the row before, Rice coded;
 * `arithmetic` in as many bits as each code is surprising; `exact` as the readings themselves, decimal numbers.
 *
 * In a grid it says what a device may use: `packed` always packs; `rice` and `arithmetic` take the smallest of all codings
 * up to themselves, and of `exact`; `exact` sends readings themselves wherever they are decimal numbers, else as `arithmetic`.
 */
export type Coding = "packed" | "rice" | "arithmetic" | "exact";

/** All codings; a coding's number on the wire is its place here. */
export const codings: readonly ["packed", "rice", "arithmetic", "exact"] = Object.freeze([
  "packed",
  "rice",
  "arithmetic",
  "exact",
] as const);
