import { philox4x32, type StreamKey, streamKey } from "@zipml/codec";
import { naturalLog } from "../links/elementary.ts";
import { layOutFleet } from "./fleet.ts";
import type { Scenario } from "./scenario.ts";

/** Microseconds of a second. All times of a simulation are whole microseconds from its start. */
export const microsecond = 1_000_000;

/**
 * A bijection of 32-bit words whose output bits each depend on all input bits: two rounds of shift, exclusive or and
 * multiplication, the constants found by exhaustive search (C. Wellons, hash-prospector, "lowbias32").
 */
function mix(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b - 0x100000000);
  return x ^ (x >>> 16);
}

/**
 * Random words that are numbered by device and by place: any word is had without those before it. Far cheaper than Philox
 * and good enough for what happens to single transmissions, of which there are millions a second.
 */
export interface EventWords {
  /** Word `place` of a device, 0 … 2³² − 1. */
  word(device: number, place: number): number;
  /** What all words of a device have in common, a signed word: for who asks for many of them. */
  keyOf(device: number): number;
  /** Word `place` of the device with a key. */
  wordBy(key: number, place: number): number;
}

class HashedWords implements EventWords {
  readonly #low: number;
  readonly #high: number;

  constructor([low, high]: StreamKey) {
    this.#low = low | 0;
    this.#high = high | 0;
  }

  word(device: number, place: number): number {
    return this.wordBy(this.keyOf(device), place);
  }

  keyOf(device: number): number {
    return mix((Math.imul(device, -0x61c8864f) + this.#low) | 0) ^ this.#high;
  }

  wordBy(key: number, place: number): number {
    return mix((key + mix(place | 0)) | 0) >>> 0;
  }
}

/**
 * The words of one purpose.
 *
 * @param seed The scenario's seed.
 * @param purpose Purposes have streams of their own.
 */
export function eventWords(seed: string, purpose: string): EventWords {
  return new HashedWords(streamKey(`simulate/${purpose}/${seed}`));
}

/** The first word of a device in (0, 1), from Philox. */
function uniformOf(key: StreamKey, device: number, out: Uint32Array): number {
  philox4x32(0, 0, device, 0, key, out);
  return ((out[0] ?? 0) + 0.5) / 0x100000000;
}

/** A point of the unit disc, and its squared distance from the middle, above 0. */
interface DiscPoint {
  readonly x: number;
  readonly y: number;
  readonly square: number;
}

/** A random point of the unit disc, by trying points of the square around it: no cosine, on whose last bits engines differ. */
function discPoint(key: StreamKey, device: number, out: Uint32Array): DiscPoint {
  for (let place = 0; ; place++) {
    philox4x32(place, 0, device, 0, key, out);
    for (let word = 0; word < 4; word += 2) {
      const x = ((out[word] ?? 0) + 0.5) / 0x80000000 - 1;
      const y = ((out[word + 1] ?? 0) + 0.5) / 0x80000000 - 1;
      const square = x * x + y * y;
      if (square <= 1) return { x, y, square };
    }
  }
}

/** Where a device is. */
export interface Position {
  /** Distance from its gateway, in metres. */
  readonly metres: number;
  /** Place on the plane, in metres; gateways stand on a square lattice. */
  readonly x: number;
  readonly y: number;
}

/**
 * What happens to devices whatever they send: when they start, where they are, how long each frame is put off. None of it
 * depends on bits, batch or link, so that runs which differ in these see the same.
 */
export interface Weather {
  /** Time of a device's start and first row, whole µs, below {@link startSpread}. */
  startOf(device: number): number;
  /** Delay of a frame after it was sealed, whole µs. */
  jitterOf(device: number, sequence: number): number;
  /** What the delays of a device's frames have in common: for who asks for many of them. */
  jitterKey(device: number): number;
  /** Delay of a frame of the device with a key, whole µs. */
  jitterBy(key: number, sequence: number): number;
  /** Distance of a device from its gateway, in metres. */
  metresOf(device: number): number;
  positionOf(device: number): Position;
  /** Standard normal number of a device's shadowing. */
  shadowOf(device: number): number;
}

/**
 * Time over which the starts of devices are spread, whole µs: the time from frame to frame, as devices that were switched on
 * at any time have their frames at any time; but no more than half of the simulation.
 *
 * @param scenario Interval, batch and duration count; neither bits nor link.
 */
export function startSpread({
  sensors,
  batch,
  durationHours,
}: Pick<Scenario, "sensors" | "batch" | "durationHours">): number {
  if (sensors.start === "together") return 0;
  const rows = Math.min(batch.rows, Math.ceil(batch.seconds / sensors.intervalSeconds));
  const seconds = Math.min(rows * sensors.intervalSeconds, (durationHours * 3600) / 2);
  return Math.round(seconds * microsecond);
}

/** What of a scenario its weather depends on. */
export type WeatherOptions = Pick<Scenario, "seed" | "fleet" | "gateways" | "sensors" | "batch" | "durationHours">;

/** A scenario's weather. */
export function createWeather(scenario: WeatherOptions): Weather {
  const { seed, fleet, gateways, batch } = scenario;
  const layout = layOutFleet({ fleet, gateways });
  const out = new Uint32Array(4);
  const startKey = streamKey(`simulate/start/${seed}`);
  const placeKey = streamKey(`simulate/place/${seed}`);
  const shadowKey = streamKey(`simulate/shadow/${seed}`);
  const jitter = eventWords(seed, "jitter");
  const spread = startSpread(scenario);
  const reach = Math.round(batch.jitterSeconds * microsecond);
  const { metres: radius, kind } = fleet.placement;
  const place = (device: number): DiscPoint => discPoint(placeKey, device, out);
  const metresOf = ({ square }: DiscPoint): number => (kind === "ring" ? radius : radius * Math.sqrt(square));
  const side = Math.ceil(Math.sqrt(gateways.count));
  const jitterBy = (key: number, sequence: number): number =>
    reach === 0 ? 0 : Math.floor((jitter.wordBy(key, sequence) / 0x100000000) * reach);
  return {
    startOf: (device) => Math.floor(uniformOf(startKey, device, out) * spread),
    jitterOf: (device, sequence) => jitterBy(jitter.keyOf(device), sequence),
    jitterKey: (device) => jitter.keyOf(device),
    jitterBy,
    metresOf: (device) => metresOf(place(device)),
    positionOf: (device) => {
      const point = place(device);
      const metres = metresOf(point);
      const scale = metres / Math.sqrt(point.square);
      const cell = layout.cellOf(device);
      return {
        metres,
        x: 2 * radius * (cell % side) + scale * point.x,
        y: 2 * radius * Math.floor(cell / side) + scale * point.y,
      };
    },
    shadowOf: (device) => {
      // The polar method: from a point of the disc to a normal number.
      const { x, square } = discPoint(shadowKey, device, out);
      return x * Math.sqrt((-2 * naturalLog(square)) / square);
    },
  };
}
