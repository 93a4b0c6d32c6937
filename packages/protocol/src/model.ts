import { dequantizeVector, unpackVector } from "@zipml/codec";
import type { MessageOf } from "./messages.ts";

/** The fields of a model message that its hash covers: what decides a prediction. */
export type ModelContent = Pick<MessageOf<"model">, "target" | "features" | "weights" | "intercept" | "classes">;

/**
 * The standardised weights that a model message carries, decoded.
 *
 * @param weights Values at 0 bits, else codes of 2^bits − 1 equal intervals over ± scale.
 * @param count Number of features.
 * @returns A new array, one weight a feature.
 * @throws The codec's `DecodeError` where codes do not have the length that the features ask for.
 */
export function modelWeights(weights: ModelContent["weights"], count: number): Float64Array {
  if ("values" in weights) return Float64Array.from(weights.values);
  const { bits, scale, codes } = weights;
  return dequantizeVector(unpackVector(codes, count, bits, scale));
}

/**
 * The bytes whose SHA-256 is a model's hash: target, then each feature, as name, 0, unit, 0 (UTF-8) and mean, deviation
 * (float64, little-endian); then the intercept and the decoded weights (float64, little-endian); of a model of classes then
 * the loss, 0 (UTF-8) and the labels, negative and positive (float64, little-endian).
 *
 * @param model The content; version and time of making are not in it, so that equal models have equal hashes.
 * @returns A new array.
 */
export function modelBytes(model: ModelContent): Uint8Array {
  const text = new TextEncoder();
  const parts: Uint8Array[] = [];
  for (const { name, unit, mean, deviation } of [model.target, ...model.features])
    parts.push(text.encode(`${name}\0${unit}\0`), float64Bytes([mean, deviation]));
  parts.push(float64Bytes([model.intercept]), float64Bytes(modelWeights(model.weights, model.features.length)));
  const { classes } = model;
  if (classes !== undefined)
    parts.push(text.encode(`${classes.loss}\0`), float64Bytes([classes.negative, classes.positive]));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function float64Bytes(values: Iterable<number>): Uint8Array {
  const list = [...values];
  const view = new DataView(new ArrayBuffer(8 * list.length));
  for (const [i, value] of list.entries()) view.setFloat64(8 * i, value, true);
  return new Uint8Array(view.buffer);
}
