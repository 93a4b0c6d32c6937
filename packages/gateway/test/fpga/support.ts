import { createStream, type Stream } from "@zipml/codec";
import {
  type Accelerator,
  type AcceleratorConfig,
  createAccelerator,
  encodeBeats,
  encodeCodeLines,
  encodeFloatBeats,
  encodeFloatLines,
  encodeWoven,
  type LayoutSpec,
  type Platform,
  platformNamed,
} from "@zipml/gateway/fpga";

/** A small card with a short memory and few lanes, so that every kind of stall comes up. */
export function tinyPlatform(changes: Partial<Platform> = {}): Platform {
  const features = { pairs: 8192, code: 8192, float32: 8192, beats: 4096, weave: 8192 };
  return { ...platformNamed("harp-v1"), name: "tiny", features, ...changes };
}

/** Random codes of at most `top`. */
export function randomCodes(stream: Stream, count: number, top: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(stream.uniform() * (top + 1)));
}

/** Codes that the hardware's own quantizer gives: `unit` 0 … 2^(Q−1), `signed` two's complement of −2^(Q−2) … 2^(Q−2). */
function hardwareCodes(stream: Stream, count: number, bits: number, signed: boolean): Uint8Array {
  const most = 2 ** (bits - (signed ? 2 : 1));
  return Uint8Array.from({ length: count }, () => {
    const value = Math.floor(stream.uniform() * (signed ? 2 * most + 1 : most + 1)) - (signed ? most : 0);
    return value & (2 ** bits - 1);
  });
}

function codesFor(config: AcceleratorConfig, layout: LayoutSpec & { bits: number }, stream: Stream, count: number) {
  if (config.faithful === true && config.layout.kind !== "weave")
    return hardwareCodes(stream, count, layout.bits, config.range === "signed");
  return randomCodes(stream, count, 2 ** layout.bits - 1);
}

/** An accelerator with random rows: labels within ±`scale`. */
export function loaded(config: AcceleratorConfig, seed: string, scale = 1): Accelerator {
  const accelerator = createAccelerator(config);
  const { rows, features, layout, copies = 1 } = config;
  const stream = createStream(seed);
  const count = rows * copies * features;
  const signed = (): number => 2 * stream.uniform() - 1;
  const labels = Float32Array.from({ length: rows * copies }, () => scale * signed());
  const words = Int32Array.from(labels, (label) => Math.round(label * 2 ** 23));
  if (layout.kind === "weave") {
    const fractions = Uint32Array.from({ length: count }, () => stream.word());
    const copy = (c: number): Uint32Array =>
      encodeWoven(fractions.subarray((c * count) / copies, ((c + 1) * count) / copies), features);
    const parts = Array.from({ length: copies }, (_, c) => [...copy(c)]);
    accelerator.load(Uint32Array.from(parts.flat()), words);
  } else if (layout.kind === "float32" || (layout.kind === "beats" && layout.bits === 32)) {
    const values = Float32Array.from({ length: count }, signed);
    const encode = layout.kind === "beats" ? encodeFloatBeats : encodeFloatLines;
    accelerator.load(encode({ features, values, labels }));
  } else if (layout.kind === "beats") {
    const codes = codesFor(config, layout, stream, count);
    accelerator.load(encodeBeats(layout.bits as 1 | 2 | 4 | 8, { features, codes, labels }));
  } else {
    const codes = codesFor(config, layout, stream, count);
    const seconds = layout.kind === "pairs" ? codesFor(config, layout, stream, count) : undefined;
    accelerator.load(encodeCodeLines(layout, { features, codes, seconds, labels: words }));
  }
  return accelerator;
}

/** Whether two arrays hold the same numbers; `toEqual` on long arrays takes longer than what is tested. */
export function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
