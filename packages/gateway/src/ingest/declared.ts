import { maxRanges } from "@zipml/protocol";
import type { Added } from "../log/frame-log.ts";
import type { SessionRecord } from "./session.ts";

/** Most ranges of a session that may stand apart when another is declared: twice what a receipt or a health message names. */
const mostApart = 2 * maxRanges;

/** Whether a declared range may be taken: a device could name ever new ones, each of which would be kept. */
export function hasRoom({ sequences }: SessionRecord, from: number, to: number): boolean {
  return sequences.ranges.length < mostApart || sequences.touches(from, to);
}

/** Closes gaps for good, as far as there is room. @returns What was not stored before, and the floor before. */
export function coverDeclared(
  session: SessionRecord,
  ranges: Added["ranges"],
): Pick<Added, "ranges" | "declared"> & { readonly floor: number } {
  const { floor } = session.sequences;
  const parts = ranges.flatMap(([from, to]) => {
    const lacking = hasRoom(session, from, to) ? session.sequences.lacking(from, to) : [];
    for (const [first, last] of lacking) session.sequences.cover(first, last);
    return lacking;
  });
  const declared = parts.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  session.stale = true;
  session.declared += declared;
  return { ranges: parts, declared, floor };
}
