import { frameSize, packedSize } from "@zipml/codec";
import { gridOf } from "./check-scenario.ts";
import { SimulationError } from "./errors.ts";
import { simulatedSession } from "./fleet.ts";
import type { Scenario } from "./scenario.ts";
import { microsecond } from "./weather.ts";

/** The most that a link takes as one frame. */
export interface FrameLimit {
  /** Bytes of a frame. */
  readonly bytes: number;
  /** Why: `LoRaWAN at SF12 carries 51 bytes`. */
  readonly why: string;
}

/** How a device's rows become frames. It is the same for every device on the same limit. */
export interface FramePlan {
  /** Rows of every frame. */
  readonly rows: number;
  /** Time from row to row, whole µs. */
  readonly rowInterval: number;
  /** Time from one frame's first row to the next one's, µs: rows · rowInterval. */
  readonly period: number;
  /** Time from a frame's first row to its sealing, µs. */
  readonly sealing: number;
  /** Sum of the channels' widths. */
  readonly rowBits: number;
  /** Readings of a row. */
  readonly channels: number;
  /** The link's limit made frames shorter than the scenario's batch. */
  readonly isSplit: boolean;
  /** Bounds of a batch as the device takes them, which give these frames. */
  readonly batch: { readonly rows: number; readonly milliseconds: number; readonly bytes: number };
  /** Bytes of the frame with a sequence, coding `packed`; any other coding gives as many at most. */
  bytesOf(sequence: number): number;
  /** Frames that a device seals before the end, if it starts at that time (µs). */
  framesFrom(start: number): number;
}

function frameBytes(sequence: number, rows: number, milliseconds: number, rowBits: number): number {
  return frameSize({
    session: simulatedSession,
    sequence,
    grid: 0,
    start: sequence * rows * milliseconds,
    interval: milliseconds,
    rows,
    bodyBytes: packedSize(rows, rowBits),
  });
}

/** Most frames of so many rows that a device seals, if it starts with the simulation. */
function mostFrames(scenario: Scenario, rows: number): number {
  return Math.ceil((scenario.durationHours * 3600) / (rows * scenario.sensors.intervalSeconds));
}

/** Most rows up to `wanted` whose largest frame is within the limit; 0 where not even one row is. */
function rowsWithin(limit: FrameLimit, wanted: number, largest: (rows: number) => number): number {
  let low = 0;
  let high = wanted;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (largest(middle) <= limit.bytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

function refuse(scenario: Scenario, bytes: number, rows: number, limit: FrameLimit): SimulationError {
  const what = `${rows === 1 ? "1 row makes" : `${rows} rows make`} a frame of ${bytes} bytes`;
  const hint = scenario.batch.oversize === "refuse" ? "fewer rows, or batch.oversize split" : "fewer channels or bits";
  return new SimulationError("limit", `${scenario.batch.rows}: ${what}, but ${limit.why}: ${hint} are needed`, {
    key: "batch.rows",
    limit: limit.bytes,
  });
}

/**
 * Lays out a device's frames: the device's own rule of rows, seconds and bytes, and then the link's limit.
 *
 * @param scenario The scenario.
 * @param limit What the link carries as one frame, if it has a limit.
 * @returns The plan; a frame of it is never above the limit.
 * @throws {@link SimulationError} `limit` for a row too large for the link, or frames too large where the scenario says that
 * these are refused.
 */
export function planFrames(scenario: Scenario, limit?: FrameLimit): FramePlan {
  const { batch, sensors, durationHours } = scenario;
  const { channels } = gridOf(scenario);
  const rowBits = channels.reduce((sum, { bits }) => sum + bits, 0);
  const milliseconds = Math.round(sensors.intervalSeconds * 1000);
  const rowInterval = milliseconds * 1000;
  const wait = Math.round(batch.seconds * microsecond);
  const byDevice = Math.max(1, Math.min(batch.rows, Math.floor((batch.bytes * 8) / rowBits)));
  const wanted = Math.min(byDevice, Math.max(1, Math.ceil(wait / rowInterval)));
  const largest = (rows: number): number =>
    frameBytes(Math.max(0, mostFrames(scenario, rows) - 1), rows, milliseconds, rowBits);
  const rows = limit === undefined ? wanted : rowsWithin(limit, wanted, largest);
  if (limit !== undefined && rows === 0) throw refuse(scenario, largest(1), 1, limit);
  if (limit !== undefined && rows < wanted && batch.oversize === "refuse")
    throw refuse(scenario, largest(wanted), wanted, limit);
  const full = Math.min(byDevice, rows < wanted ? rows : byDevice);
  const period = rows * rowInterval;
  const sealing = rows === full ? (rows - 1) * rowInterval : wait;
  const end = Math.round(durationHours * 3600 * microsecond);
  return {
    rows,
    rowInterval,
    period,
    sealing,
    rowBits,
    channels: channels.length,
    isSplit: rows < wanted,
    batch: { rows: full, milliseconds: wait / 1000, bytes: batch.bytes },
    bytesOf: (sequence) => frameBytes(sequence, rows, milliseconds, rowBits),
    framesFrom: (start) => Math.max(0, Math.ceil((end - start - sealing) / period)),
  };
}
