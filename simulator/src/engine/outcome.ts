/**
 * What became of a frame that was due before the end, or of one transmission:
 *
 * - `received`: the gateway, or the broker behind it, has it.
 * - `collided`: interference was too strong.
 * - `under-sensitivity`: too weak at the gateway.
 * - `no-demodulator`: all of the gateway's were taken.
 * - `gateway-busy`: the gateway was sending, and heard nothing.
 * - `duty-blocked`: never sent, or not again, for want of air time that the band allows.
 * - `lost`: lost at random, or while something was out.
 * - `expired`: never sent, or not again, because it was too old, the queue full, or the simulation over.
 */
export const outcomeNames = [
  "received",
  "collided",
  "under-sensitivity",
  "no-demodulator",
  "gateway-busy",
  "duty-blocked",
  "lost",
  "expired",
] as const;

/** What became of a frame or a transmission. */
export type OutcomeName = (typeof outcomeNames)[number];

/** Outcomes as numbers, in the order of {@link outcomeNames}: what counters are indexed by. */
export const outcome = Object.freeze({
  received: 0,
  collided: 1,
  underSensitivity: 2,
  noDemodulator: 3,
  gatewayBusy: 4,
  dutyBlocked: 5,
  lost: 6,
  expired: 7,
} as const);

/** How many outcomes there are. */
export const outcomeCount: number = outcomeNames.length;
