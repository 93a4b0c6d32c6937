import {
  createQuantizer,
  decodeFrame,
  defineSchema,
  type Frame,
  type Grid,
  type Schema,
  unpackCodes,
} from "@zipml/codec";
import type { Device } from "@zipml/device";
import type { GatewayEvent } from "@zipml/gateway";
import { decodeMessage, type TransportEvent } from "@zipml/protocol";
import { group, topics, type WatchedGateway } from "./fleet.ts";

/** What the sensors of these tests measure. */
export const schema: Schema = defineSchema([
  { name: "x", unit: "C", range: [0, 100], role: "feature" },
  { name: "y", unit: "W", range: [-50, 350], role: "target" },
]);
/** The target of a row, exactly. */
export const yOf = (x: number): number => 3 * x + 10;

/** Reading i around a centre: two-sided exponential of scale 4, at low-discrepancy quantiles so that every window is alike. */
export function readingAt(i: number, centre: number): number {
  const u = ((i + 0.5) * 0.6180339887498949) % 1;
  const offset = u < 0.5 ? 4 * Math.log(2 * u) : -4 * Math.log(2 * (1 - u));
  return Math.min(100, Math.max(0, centre + offset));
}

/** Frames of a device, each once, in order. */
export const framesOf = (seen: readonly TransportEvent[], device: string): Frame[] => {
  const topic = topics.build({ kind: "data", group, device });
  const all = seen.flatMap((event) =>
    event.type === "message" && event.topic === topic ? [decodeFrame(event.payload)] : [],
  );
  return [...new Map(all.map((frame) => [frame.sequence, frame])).values()].sort((a, b) => a.sequence - b.sequence);
};

/** Grids that births of a device named, by epoch. */
export function gridsOf(seen: readonly TransportEvent[], device: string): ReadonlyMap<number, Grid> {
  const topic = topics.build({ kind: "birth", group, device });
  const births = seen.flatMap((event) =>
    event.type === "message" && event.topic === topic ? [decodeMessage("birth", event.payload)] : [],
  );
  return new Map(births.flatMap(({ grids }) => grids.map((grid) => [grid.epoch, grid] as const)));
}

/** What frames say x was, less what it was. */
export function errorsOf(
  frames: readonly Frame[],
  gridOf: (frame: Frame) => Grid | undefined,
  exact: (time: number) => number | undefined,
): number[] {
  return frames.flatMap((frame) => {
    const grid = gridOf(frame);
    if (grid === undefined || Array.isArray(frame.interval)) return [];
    const quantizer = createQuantizer(grid);
    const means = new Float64Array(frame.rows * 2);
    quantizer.meansInto(unpackCodes(frame.body, frame.rows, quantizer), means);
    const step = frame.interval as number;
    return Array.from(
      { length: frame.rows },
      (_, r) => (means[2 * r] ?? 0) - (exact(frame.start + r * step) ?? Number.NaN),
    );
  });
}

/** Mean and standard error. */
export function moments(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

/**
 * Standard error of the weight of x, 3 exactly, that is trained on readings with these errors, on the high side: the
 * errors themselves, and what is subtracted for their variance.
 */
export function weightError(errors: readonly number[], readings: Iterable<number>): number {
  const { error: ofMean } = moments([...readings]);
  const n = errors.length;
  const variance = n * ofMean * ofMean; // of the readings
  const second = errors.reduce((sum, e) => sum + e * e, 0) / n;
  const fourth = errors.reduce((sum, e) => sum + e ** 4, 0) / n;
  const target = 400 / 255; // a step of the target's levels, 8 bits
  return (
    Math.sqrt((9 * (second * variance + fourth + second * second)) / variance + target * target) /
    Math.sqrt(n * variance)
  );
}

/** New grids that a gateway told of. */
export const gridsPublished = ({ events }: WatchedGateway) =>
  events.seen.filter((event): event is Extract<GatewayEvent, { type: "levels" }> => event.type === "levels");

/** A sensor on a device, which remembers what it measured. */
export interface Sensor {
  readonly device: Device;
  /** Reading of each row, by its time. */
  readonly exact: ReadonlyMap<number, number>;
  /** Measures around a centre; a batch is pushed at a time. */
  measure(rows: number, centre: number): Promise<void>;
}

/** A sensor that measures once a millisecond of its own time. */
export function createSensor(device: Device): Sensor {
  const exact = new Map<number, number>();
  return {
    device,
    exact,
    measure: async (rows, centre) => {
      for (let left = rows; left > 0; left -= 50) {
        const batch = Array.from({ length: Math.min(left, 50) }, () => {
          const at = exact.size;
          const x = readingAt(at, centre);
          exact.set(at, x);
          return device.push({ x, y: yOf(x) }, { elapsed: at });
        });
        await Promise.all(batch);
      }
    },
  };
}

/** Epoch of the grid that a device has in force. */
export const epochOf = ({ device }: Pick<Sensor, "device">): number => device.status().grid;
