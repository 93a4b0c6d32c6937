import { BenchError } from "../bench-result.ts";

/** Which of the figures are wanted. */
export interface Selection {
  /** Whether a contestant races on the shape whose row ids end in `suffix`. */
  has(id: string, suffix: string): boolean;
  /** Whether anyone races there. */
  hasShape(suffix: string): boolean;
}

/** What a row's id may end in behind the contestants' names. */
const endings = /-(?:1%|loss|bytes|epoch)$/;

/**
 * What `--only` asks for: names of contestants or ids of rows, `packed4`, `packed4/float32` or `packed4/float32-1%@100`.
 *
 * @param only Undefined for all.
 * @param known Names of contestants and of what is measured beside them.
 * @param suffixes What row ids end in, by shape.
 * @throws BenchError for a name that is not known.
 */
export function selectionOf(
  only: readonly string[] | undefined,
  known: readonly string[],
  suffixes: readonly string[],
): Selection {
  if (only === undefined) return { has: () => true, hasShape: () => true };
  const wanted = new Map<string, Set<string>>(suffixes.map((suffix) => [suffix, new Set()]));
  for (const id of only) {
    const suffix = suffixes.find((end) => end !== "" && id.endsWith(end)) ?? "";
    const names = id
      .slice(0, id.length - suffix.length)
      .replace(endings, "")
      .split("/");
    for (const name of names) {
      if (!known.includes(name))
        throw new BenchError(`--only ${id}: there is no ${name}; there is ${known.join(", ")}`);
      wanted.get(suffix)?.add(name);
    }
  }
  return {
    has: (id, suffix) => wanted.get(suffix)?.has(id) === true,
    hasShape: (suffix) => (wanted.get(suffix)?.size ?? 0) > 0,
  };
}
