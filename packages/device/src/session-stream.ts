import { createQuantizer, type Grid, type Quantizer, type Schema, streamKey } from "@zipml/codec";
import type { ResolvedOptions } from "./options.ts";
import type { SealKeys } from "./sealer.ts";

/** What the rows of one session are sealed with, whatever the grid. */
export interface SessionStream extends SealKeys {
  /** Its channels, in order. */
  readonly names: readonly string[];
}

/** What rows left over from an earlier session are sealed with. */
export interface EarlierStream extends SessionStream {
  /** Encoder of the grid that was in force. */
  readonly quantizer: Quantizer;
  /** Encoder of the grid for a full outbox, if one was named that is narrower. */
  readonly thinQuantizer: Quantizer | undefined;
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
  { group, id, secret, interval }: ResolvedOptions,
  session: number,
  schema: Schema,
): SessionStream {
  return {
    device: id,
    interval,
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
  const thin = kept?.grids.find(({ epoch }) => epoch === kept.thin);
  if (kept === undefined || grid === undefined) return undefined;
  const quantizer = createQuantizer(grid);
  const coarse = thin === undefined ? undefined : createQuantizer(thin);
  return {
    ...createSessionStream(options, session, kept.schema),
    quantizer,
    // The grid in force may have become narrower than the one that was named to thin an earlier one.
    thinQuantizer: coarse !== undefined && coarse.rowBits < quantizer.rowBits ? coarse : undefined,
    sequence: kept.nextSequence,
  };
}

/**
 * The grid for a full outbox that the session before was told of: a device that starts without a connection thins by it.
 *
 * @param options The agent's options.
 * @returns Undefined where there was none, or for another schema.
 */
export function inheritedThin({ outbox, schema }: ResolvedOptions): Grid | undefined {
  const last = outbox.sessions().at(-1);
  if (last === undefined || JSON.stringify(last.schema.channels) !== JSON.stringify(schema.channels)) return undefined;
  return last.grids.find(({ epoch }) => epoch === last.thin);
}
