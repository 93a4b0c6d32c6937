import { type Grid, GridError, type Schema } from "@zipml/codec";
import { encodeMessage, type MessageOf, messageLimits, ProtocolError } from "@zipml/protocol";

type Birth = MessageOf<"birth">;

/** Whether a birth is within the size of one message. */
export function fitsBirth(message: Birth): boolean {
  try {
    encodeMessage("birth", message);
    return true;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === "size") return false;
    throw error;
  }
}

/** The least there is of a birth that means something, with everything else in it as large as it may be. */
function leastBirth(schema: Schema, grid: Grid): Birth {
  const longest = "\uffff".repeat(64);
  const software = { name: longest, version: longest };
  return {
    session: 0xffff_ffff,
    startedAt: Number.MAX_SAFE_INTEGER,
    schema,
    grids: [grid],
    software,
    desired: 0xffff_ffff,
  };
}

/**
 * Checks that a birth can tell of a grid at all: one message holds the schema and one grid, and no frame of a grid that
 * doesn't fit could ever be understood.
 *
 * @param schema The device's channels.
 * @param grid A grid of them.
 * @throws The codec's `GridError` `grid`, before anything is accepted under the grid.
 */
export function checkBirthSize(schema: Schema, grid: Grid): void {
  if (fitsBirth(leastBirth(schema, grid))) return;
  throw new GridError(
    "grid",
    `${schema.channels.length} channels with grid ${grid.epoch} do not fit into a birth of ${messageLimits("birth").maxBytes} bytes: fewer channels, shorter names and units, or fewer levels are needed`,
  );
}
