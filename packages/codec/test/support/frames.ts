import { DecodeError, decodeFrame, type Frame, type FrameLimits, frameSize } from "../../src/index.ts";

/** A frame of small numbers, with parts of one's own. */
export function frameOf(parts: Partial<Frame> = {}): Frame {
  return {
    session: 7,
    sequence: 3,
    grid: 1,
    coding: "packed",
    start: 1000,
    interval: 500,
    rows: 4,
    body: Uint8Array.of(1, 2, 3, 4),
    ...parts,
  };
}

/** Real size of a frame by its own account. */
export function sizeOf(frame: Frame): number {
  return frameSize({ ...frame, bodyBytes: frame.body.length });
}

/** What decoding gives: `frame`, the code of the DecodeError, or whatever else was thrown, which must not happen. */
export function outcome(bytes: Uint8Array, limits?: Partial<FrameLimits>): unknown {
  try {
    decodeFrame(bytes, limits);
    return "frame";
  } catch (error) {
    return error instanceof DecodeError ? error.code : error;
  }
}

/** Bytes of a hexadecimal text; spaces are allowed. */
export function bytesOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** Hexadecimal text of bytes. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
