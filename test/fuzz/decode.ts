import { createQuantizer, DecodeError, decodeFrame, unpackCodes } from "@zipml/codec";
import { createFrames, soakGrid } from "../soak/frames.ts";
import { mutate } from "./mutate.ts";
import { createChooser } from "./random.ts";

/** What became of frames that were handed to the decoder alone. */
export interface Decoded {
  readonly frames: number;
  readonly seconds: number;
  readonly decoded: number;
  readonly refused: number;
  /** Refusals by the error's code. */
  readonly codes: Readonly<Record<string, number>>;
}

/**
 * Decodes spoiled frames, envelope and body.
 *
 * @throws whatever is no `DecodeError`: there must be none.
 */
export function decodeMany(frames: number, seed: number): Decoded {
  const choose = createChooser(seed);
  const quantizer = createQuantizer(soakGrid);
  const maker = createFrames("decode", 1, 4);
  const valid = Array.from({ length: 64 }, (_, i) => maker(i * 997));
  // Made beforehand, so that what is measured is the decoder.
  const spoiled = Array.from(
    { length: Math.min(frames, 50_000) },
    () => mutate(choose.pick(valid), choose, choose.pick(valid)).bytes,
  );
  const codes = new Map<string, number>();
  let decoded = 0;
  const begun = performance.now();
  for (let i = 0; i < frames; i++) {
    try {
      const frame = decodeFrame(spoiled[i % spoiled.length] ?? new Uint8Array());
      unpackCodes(frame.body, frame.rows, quantizer);
      decoded += 1;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
    }
  }
  return {
    frames,
    seconds: (performance.now() - begun) / 1000,
    decoded,
    refused: frames - decoded,
    codes: Object.fromEntries(codes),
  };
}
