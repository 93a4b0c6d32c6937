import { closest, distance } from "fastest-levenshtein";

/**
 * The candidate that a mistyped name most likely meant.
 *
 * @param name What was written.
 * @param candidates What is allowed.
 * @returns The nearest, letter case aside; undefined where none is near: more than half of the letters differ.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const lower = candidates.map((candidate) => candidate.toLowerCase());
  const best = closest(name.toLowerCase(), lower);
  const isNear = distance(name.toLowerCase(), best) <= Math.max(name.length, best.length) / 2;
  return isNear ? candidates[lower.indexOf(best)] : undefined;
}

/**
 * `; did you mean "x"?` for the nearest candidate, or the candidates themselves where none is near.
 *
 * @param name What was written.
 * @param candidates What is allowed.
 */
export function suggestion(name: string, candidates: readonly string[]): string {
  const best = nearest(name, candidates);
  if (best !== undefined) return `; did you mean ${JSON.stringify(best)}?`;
  const shown = candidates.slice(0, 12).join(", ") + (candidates.length > 12 ? ", …" : "");
  return candidates.length === 0 ? "" : `; there is ${shown}`;
}
