/** Most readings back that a feature may look. */
export const maxLags = 128;

/** Which reading a lagged feature is. */
export interface Lag {
  /** The channel it is a reading of. */
  readonly channel: string;
  /** How many rows back, 1 to {@link maxLags}. */
  readonly steps: number;
}

/**
 * The name of the feature that holds a channel's reading of some rows before: `temperature@-1` for the row before.
 *
 * @param channel Name of the channel.
 * @param steps Rows back, 1 to {@link maxLags}.
 */
export function lagName(channel: string, steps: number): string {
  return `${channel}@-${steps}`;
}

const form = /^(.+)@-([1-9][0-9]{0,2})$/su;

/**
 * The reverse of {@link lagName}. A channel may itself have a name of that form: whoever reads features by name takes a
 * reading of the very name first.
 *
 * @param name Name of a feature.
 * @returns The reading that it is, or undefined for a name of another form or of more than {@link maxLags} rows back.
 */
export function lagOf(name: string): Lag | undefined {
  const [, channel, digits] = form.exec(name) ?? [];
  if (channel === undefined || Number(digits) > maxLags) return undefined;
  return { channel, steps: Number(digits) };
}
