import { createStream, ditherPlace, encodeBody, type Frame, type Quantizer, type StreamKey } from "@zipml/codec";

/** How {@link encodedFrames} cuts rows into frames. */
export interface FrameCut {
  /** Rows of a frame; the last may have fewer. */
  readonly rows: number;
  /** Milliseconds from row to row. Default 1000. */
  readonly interval?: number;
  /** Id of the device that the frames are told to be of: what the dither goes by. */
  readonly device: string;
  /** The stream of the draws, or its name; each frame has the sub-stream of its sequence. */
  readonly draws: StreamKey | string;
}

/**
 * Rows as a device would send them, frame by frame: session 0, sequences from 0, the first row at the session's start, each
 * frame in the smallest coding that the grid allows. The same rows give the same frames.
 *
 * @param values Row-major rows × the quantizer's channels, which are all of its grid; finite.
 * @param quantizer Encoder of the grid.
 * @param cut Rows of a frame, and the names that chance goes by.
 */
export function* encodedFrames(values: Float64Array, quantizer: Quantizer, cut: FrameCut): Generator<Frame> {
  const { rows, interval = 1000, device, draws } = cut;
  const { grid, channels } = quantizer;
  const width = channels.length;
  for (let sequence = 0, at = 0; at < values.length; sequence++, at += rows * width) {
    const part = values.subarray(at, at + rows * width);
    const place = ditherPlace(grid, { device, session: 0, sequence });
    const { codes } = quantizer.encode(part, place ?? createStream(draws, sequence));
    const { coding, body } = encodeBody({ codes, place, values: part }, quantizer, grid.coding);
    const start = Math.round((at / width) * interval);
    yield { session: 0, sequence, grid: grid.epoch, coding, start, interval, rows: part.length / width, body };
  }
}
