import { z } from "zod";
import { isId } from "../topics.ts";

/**
 * A message as its receiver may use it: read-only all the way down.
 *
 * By type alone. The schema library would freeze the input itself when it refuses it, and throws on byte strings.
 */
export type ReadonlyDeep<T> = T extends Uint8Array
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> }
    : T;

/** A finite float64. */
export const finite = z.number();

/** A count: 0 to 2⁵³ − 1. */
export const count = z.int().min(0);

/** A 32-bit counter: 0 to 2³² − 1. */
export const u32 = z.int().min(0).max(0xffff_ffff);

/** A time of day: milliseconds since 1970-01-01T00:00Z, whole. */
export const wallTime = z.int().min(0);

/** A span in milliseconds, 0 or more, not necessarily whole. */
export const span = z.number().min(0);

/** A text of so many UTF-16 units, without lone surrogates, which have no form in UTF-8. */
export function text(minimum: number, maximum: number) {
  return z
    .string()
    .min(minimum)
    .max(maximum)
    .refine((value) => !/\p{Surrogate}/u.test(value), { error: "holds half a surrogate pair" });
}

/** The name of a kind of thing, such as an estimator or a solver: open, so that new ones can come. */
export const keyword = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, { error: "is not 1 to 32 of a-z 0-9 -, a letter first" });

/** An id as topics carry it. */
export const id = z.string().refine(isId, { error: "is not an id" });

/** Counts by name, at most 1,024 names of at most 64 characters. */
export const counts = z
  .record(text(1, 64), count)
  .refine((value) => Object.keys(value).length <= 1024, { error: "has more than 1024 names" });

/** Bounds of a closed span of sequences, the last one included. */
export const sequenceRange = z
  .tuple([count, count])
  .refine(([from, to]) => from <= to, { error: "ends before it starts" });

/** Most ranges that one receipt or resend names. */
export const maxRanges = 256;

/** Ranges of sequences in rising order that neither overlap nor touch. */
export const sequenceRanges = z
  .array(sequenceRange)
  .max(maxRanges)
  .refine((ranges) => ranges.every(([from], i) => i === 0 || from > (ranges[i - 1]?.[1] ?? 0) + 1), {
    error: "are not in rising order with gaps between them",
  });
