import type { Stream } from "@zipml/codec";

/** Words made at once. */
const chunk = 16_384;

/** Fills an array with numbers uniform on (0, 1), a word of the stream each. */
export function fillUniform(out: Float64Array, stream: Stream): void {
  const words = new Uint32Array(Math.min(chunk, out.length));
  for (let at = 0; at < out.length; at += words.length) {
    const part = words.subarray(0, Math.min(words.length, out.length - at));
    if (stream.fill !== undefined) stream.fill(part);
    else for (let i = 0; i < part.length; i++) part[i] = stream.word();
    for (let i = 0; i < part.length; i++) out[at + i] = ((part[i] as number) + 0.5) / 0x100000000;
  }
}

/** Fills an array with standard normal numbers (Box and Muller). */
export function fillNormal(out: Float64Array, stream: Stream): void {
  const pairs = Math.ceil(out.length / 2);
  const uniforms = new Float64Array(2 * pairs);
  fillUniform(uniforms, stream);
  for (let p = 0; p < pairs; p++) {
    const radius = Math.sqrt(-2 * Math.log(uniforms[2 * p] as number));
    const angle = 2 * Math.PI * (uniforms[2 * p + 1] as number);
    out[2 * p] = radius * Math.cos(angle);
    if (2 * p + 1 < out.length) out[2 * p + 1] = radius * Math.sin(angle);
  }
}
