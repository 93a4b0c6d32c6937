import { GridError, ReadingError } from "./errors.ts";
import { rangeFault } from "./levels.ts";

/** What a channel is to the model. */
export type ChannelRole = "feature" | "target";

/** One measured quantity of a device. */
export interface Channel {
  /** 1 to 64 characters, unique in its schema. */
  readonly name: string;
  /** Unit as shown to people, up to 32 characters; may be empty. */
  readonly unit: string;
  /** Smallest and largest value that is sent as it is, in `unit`; what lies outside is clipped and counted. */
  readonly range: readonly [low: number, high: number];
  readonly role: ChannelRole;
}

/** The ordered channels of a device. Rows hold one reading for each, in this order. */
export interface Schema {
  readonly channels: readonly Channel[];
}

/** Most channels a schema may have. */
export const maxChannels = 1024;

function checkChannel(channel: Channel): void {
  const { name, unit, range } = channel;
  if (name.length < 1 || name.length > 64) throw new GridError("schema", "a name has 1 to 64 characters", name);
  if (unit.length > 32) throw new GridError("schema", "a unit has at most 32 characters", name);
  const fault = rangeFault(range[0], range[1]);
  if (fault !== undefined) throw new GridError("schema", `range: ${fault}`, name);
}

/**
 * Checks and freezes a schema.
 *
 * @param channels 1 to {@link maxChannels} channels with unique names.
 * @returns The schema; a copy.
 * @throws {@link GridError} with code `schema` that names the channel at fault.
 */
export function defineSchema(channels: readonly Channel[]): Schema {
  if (channels.length < 1 || channels.length > maxChannels)
    throw new GridError("schema", `a schema has 1 to ${maxChannels} channels, not ${channels.length}`);
  const seen = new Set<string>();
  for (const channel of channels) {
    checkChannel(channel);
    if (seen.has(channel.name)) throw new GridError("schema", "a name may stand only once", channel.name);
    seen.add(channel.name);
  }
  return Object.freeze({
    channels: Object.freeze(
      channels.map(({ name, unit, range, role }) =>
        Object.freeze({ name, unit, range: Object.freeze([range[0], range[1]] as const), role }),
      ),
    ),
  });
}

/**
 * Orders a row's readings as the schema does. The row is refused whole when one reading is: nothing is half taken.
 *
 * @param schema The schema that the row belongs to.
 * @param row Readings by channel name, in the channel's unit; names that the schema lacks are ignored.
 * @returns One finite number a channel.
 * @throws {@link ReadingError} with code `missing` or `non-finite` that names the channel.
 */
export function orderRow(schema: Schema, row: Readonly<Record<string, number>>): Float64Array {
  const values = new Float64Array(schema.channels.length);
  for (const [c, channel] of schema.channels.entries()) {
    const value = Object.hasOwn(row, channel.name) ? row[channel.name] : undefined;
    if (value === undefined) throw new ReadingError("missing", "no reading", 0, channel.name);
    if (!Number.isFinite(value)) throw new ReadingError("non-finite", `${value} is refused`, 0, channel.name);
    values[c] = value;
  }
  return values;
}
