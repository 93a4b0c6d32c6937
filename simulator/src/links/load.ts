import { ratioOfDecibels } from "./elementary.ts";
import { LinkError } from "./errors.ts";

/** Decibels in e: exp(−2G) is a ratio of decibels, so it comes out the same on every engine. */
const decibelsPerNeper = 4.342944819032518;

function loadCheck(name: string, value: number, isAllowed: boolean, range: string): void {
  if (!isAllowed)
    throw new LinkError("option", `${name} must be ${range}, not ${value}`, { limit: name, actual: value });
}

/**
 * Offered load of pure ALOHA on one channel and spreading factor: G = N · airtime · share / (T · channels).
 *
 * @param load Devices, time on air of a message (µs), time between a device's messages (µs), channels that they pick from
 *   evenly, and the share of the devices that use this spreading factor (default 1).
 * @throws LinkError code `option` for a number out of range
 */
export function offeredLoad(load: {
  readonly devices: number;
  readonly airtimeUs: number;
  readonly intervalUs: number;
  readonly channels: number;
  readonly share?: number;
}): number {
  const { devices, airtimeUs, intervalUs, channels, share = 1 } = load;
  loadCheck("devices", devices, devices >= 0, "at least 0");
  loadCheck("airtimeUs", airtimeUs, airtimeUs >= 0, "at least 0");
  loadCheck("intervalUs", intervalUs, intervalUs > 0, "above 0");
  loadCheck("channels", channels, channels >= 1, "at least 1");
  loadCheck("share", share, share >= 0 && share <= 1, "from 0 to 1");
  return (devices * airtimeUs * share) / (intervalUs * channels);
}

/**
 * The chance that a message meets no other in pure ALOHA: exp(−2G). Messages of one length, no capture, arrivals at random.
 *
 * @param load Offered load G, 0 … 300.
 * @throws LinkError code `option`
 */
export function alohaDelivery(load: number): number {
  loadCheck("load", load, load >= 0 && load <= 300, "from 0 to 300");
  return ratioOfDecibels(-2 * load * decibelsPerNeper);
}

/**
 * The mean wait before service in an M/D/1 queue: ρ / (2(1 − ρ)) services (Pollaczek and Khinchine).
 *
 * @param utilisation ρ, 0 … below 1.
 * @param serviceUs Time of one service, µs.
 * @returns µs
 * @throws LinkError code `option`
 */
export function meanWaitUs(utilisation: number, serviceUs: number): number {
  loadCheck("utilisation", utilisation, utilisation >= 0 && utilisation < 1, "from 0 to below 1");
  return (utilisation / (2 * (1 - utilisation))) * serviceUs;
}
