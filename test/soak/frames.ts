import {
  createQuantizer,
  createStream,
  defineSchema,
  encodeFrame,
  type Grid,
  packCodes,
  type Schema,
  streamKey,
  uniformGrid,
} from "@zipml/codec";
import type { Birth } from "@zipml/protocol";

/** Rows of a frame, and channels of a row: the frame that the bar is about. */
export const rowsPerFrame = 256;
export const channelCount = 8;

/** Seven features and what they tell of. */
export const soakSchema: Schema = defineSchema(
  Array.from({ length: channelCount }, (_, i) => ({
    name: `c${i}`,
    unit: "1",
    range: [-1, 1] as const,
    role: i === channelCount - 1 ? ("target" as const) : ("feature" as const),
  })),
);

/** Four bits a feature, eight for the target. */
export const soakGrid: Grid = uniformGrid(soakSchema, { epoch: 1, bits: 4, samples: 2, targetBits: 8 });

/** When every session of these tests began. */
export const startedAt = Date.UTC(2026, 0, 1);

/** The birth of a session. */
export function soakBirth(session: number): Birth {
  return { session, startedAt, schema: soakSchema, grids: [soakGrid], software: { name: "soak", version: "1.0.0" } };
}

/** Makes the frame of any sequence; the same sequence gives the same bytes. */
export type FrameMaker = (sequence: number) => Uint8Array;

/**
 * Frames of one session: bodies quantized beforehand and used in turn, envelopes made for each.
 *
 * @param key Decides the readings.
 * @param kept Bodies that take turns.
 */
export function createFrames(key: string, session: number, rows = rowsPerFrame, kept = 16): FrameMaker {
  const quantizer = createQuantizer(soakGrid);
  const stream = createStream(streamKey(key));
  const bodies = Array.from({ length: kept }, () => {
    const values = new Float64Array(rows * channelCount);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let c = 0; c < channelCount - 1; c++) {
        const value = 2 * stream.uniform() - 1;
        values[row * channelCount + c] = value;
        sum += value * (c + 1);
      }
      values[row * channelCount + channelCount - 1] = sum / 32;
    }
    return packCodes(quantizer.encode(values, stream).codes, quantizer);
  });
  return (sequence) =>
    encodeFrame({
      session,
      sequence,
      grid: soakGrid.epoch,
      coding: "packed",
      start: sequence * rows * 10,
      interval: 10,
      rows,
      body: bodies[sequence % bodies.length] ?? new Uint8Array(),
    });
}
