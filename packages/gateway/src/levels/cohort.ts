import { type Grid, intervalCount, levelPoints, type Schema } from "@zipml/codec";
import type { Shared } from "../ingest/holdings.ts";

/** A device and what is in force there. */
export interface Member {
  readonly device: string;
  readonly schema: Schema;
  readonly grid: Grid;
  /** The same for all with this schema and this grid but for its epoch. */
  readonly shared: Shared;
}

/** Devices whose grids differ in their levels alone. */
export interface Cohort {
  readonly schema: Schema;
  /** The grid that most of them have in force; of equally many the one of the highest epoch. */
  readonly grid: Grid;
  /** Their ids. */
  readonly devices: readonly string[];
}

/** Most levels of a channel that follows its readings: more are not worth a grid that tells them one by one. */
export const mostLevels = 1024;

/**
 * What is alike in grids whose levels may be exchanged.
 *
 * @param grid Any grid.
 * @returns A text: equal for equal scheme, coding, widths and draws.
 */
export function shapeOf({ scheme, coding, channels }: Grid): string {
  return JSON.stringify([scheme, coding, channels.map(({ bits, samples }) => [bits, samples])]);
}

/**
 * A channel's levels one by one.
 *
 * @param grid A grid of scheme `count` or `interval`.
 * @param channel Index of the channel.
 * @returns Undefined where its levels can't follow: scheme `dither`, no width, or more than {@link mostLevels}.
 */
export function presentLevels(grid: Grid, channel: number): Float64Array | undefined {
  const found = grid.channels[channel];
  if (found === undefined || grid.scheme === "dither") return undefined;
  const intervals = intervalCount(found.bits, found.samples, grid.scheme);
  if (intervals >= mostLevels) return undefined;
  const points = levelPoints(found.levels, intervals);
  for (let j = 1; j < points.length; j++) if (!((points[j] ?? 0) > (points[j - 1] ?? 0))) return undefined;
  return points;
}

/** The largest of groups; the first of equally large ones. */
function largest<Key>(members: readonly Member[], keyOf: (member: Member) => Key): readonly Member[] {
  const groups = new Map<Key, Member[]>();
  for (const member of members) {
    const group = groups.get(keyOf(member));
    if (group === undefined) groups.set(keyOf(member), [member]);
    else group.push(member);
  }
  let best: readonly Member[] = [];
  for (const group of groups.values()) if (group.length > best.length) best = group;
  return best;
}

/**
 * The devices that follow one grid together: the most that have the same schema and grids of the same shape.
 *
 * @param members All devices whose grid is known, in any order.
 * @returns Undefined without any.
 */
export function cohortOf(members: readonly Member[]): Cohort | undefined {
  const keys = new Map<Shared, string>();
  const keyOf = ({ schema, grid, shared }: Member): string => {
    const known = keys.get(shared) ?? JSON.stringify([schema.channels, shapeOf(grid)]);
    keys.set(shared, known);
    return known;
  };
  const cohort = largest(members, keyOf);
  const byEpoch = [...cohort].sort((a, b) => b.grid.epoch - a.grid.epoch);
  const [inForce] = largest(byEpoch, ({ shared }) => shared);
  if (inForce === undefined) return undefined;
  const { schema, grid } = inForce;
  return { schema, grid, devices: cohort.map(({ device }) => device) };
}
