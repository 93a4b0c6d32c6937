import { createQuantizer, type Quantizer, type Schema, type StreamKey, streamKey } from "@zipml/codec";
import type { ResolvedOptions } from "./options.ts";

/** What the rows of one session are sealed with, whatever the grid. */
export interface SessionStream {
  /** Key of its draws. */
  readonly drawKey: StreamKey;
  /** Its channels, in order. */
  readonly names: readonly string[];
}

/** What rows left over from an earlier session are sealed with. */
export interface EarlierStream extends SessionStream {
  /** Encoder of the grid that was in force. */
  readonly quantizer: Quantizer;
  /** Sequence of its next frame. */
  readonly sequence: number;
}

/**
 * The stream of a session, the present one or an earlier one.
 *
 * The secret in the key is new with every start. A row that was not sealed before a restart was never drawn, so that it
 * loses nothing by it, and no sequence of draws is ever used for two frames.
 *
 * @param options The agent's options.
 * @param session Its number.
 * @param schema Its channels.
 */
export function createSessionStream(
  { group, id, secret }: ResolvedOptions,
  session: number,
  schema: Schema,
): SessionStream {
  return {
    drawKey: streamKey(`draw/${group}/${id}/${session}/${secret}`),
    names: schema.channels.map(({ name }) => name),
  };
}

/**
 * What the outbox knows of an earlier session; undefined where it has no note of it.
 *
 * @param options The agent's options.
 * @param session Its number.
 */
export function earlierStream(options: ResolvedOptions, session: number): EarlierStream | undefined {
  const kept = options.outbox.sessions().find((one) => one.session === session);
  const grid = kept?.grids.at(-1);
  if (kept === undefined || grid === undefined) return undefined;
  return {
    ...createSessionStream(options, session, kept.schema),
    quantizer: createQuantizer(grid),
    sequence: kept.nextSequence,
  };
}
