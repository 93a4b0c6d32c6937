import type { Grid, Schema } from "@zipml/codec";
import { encodeMessage, type MessageOf, ProtocolError } from "@zipml/protocol";
import type { ResolvedOptions } from "./options.ts";
import type { KeptSession } from "./outbox.ts";

/** Sessions before this one that a birth names: with this one as many as a gateway keeps of a device. */
const mostEarlier = 63;
/** Grids that a birth names of each session. */
const mostGrids = 64;

function earlierPart({ session, startedAt, schema, grids }: KeptSession, present: Schema) {
  const isSame = JSON.stringify(schema.channels) === JSON.stringify(present.channels);
  return { session, startedAt, grids: grids.slice(-mostGrids), ...(isSame ? {} : { schema }) };
}

function fits(message: MessageOf<"birth">): boolean {
  try {
    encodeMessage("birth", message);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === "size") return false;
    throw error;
  }
}

/**
 * The birth of a session: what its frames mean, and those that are kept from sessions before it.
 *
 * Where there are more of these than a birth can name, it names the oldest; a gateway that gets frames of another asks
 * for a birth again, and by then receipts have freed some.
 *
 * @param options The agent's options.
 * @param startedAt The session's start, ms since 1970.
 * @param grids All grids of the session, the one in force last.
 * @param desired Version of the desired configuration that is applied.
 */
export function birthMessage(
  { session, schema, software, outbox }: ResolvedOptions,
  startedAt: number,
  grids: readonly Grid[],
  desired: number | undefined,
): MessageOf<"birth"> {
  const own = { session, startedAt, schema, grids, software, ...(desired === undefined ? {} : { desired }) };
  let kept = outbox
    .sessions()
    .filter((one) => one.session !== session)
    .slice(0, mostEarlier);
  for (;;) {
    const earlier = kept.map((one) => earlierPart(one, schema));
    const message = earlier.length === 0 ? own : { ...own, earlier };
    if (kept.length === 0 || fits(message)) return message;
    kept = kept.slice(0, Math.floor(kept.length / 2));
  }
}
