import { createHash } from "node:crypto";
import { createStream, packVector, quantizeVector } from "@zipml/codec";
import { type Model, type ModelContent, modelBytes } from "@zipml/protocol";
import type { LinearModel } from "./train/index.ts";

/** What a published model is called by. */
export interface ModelLabel {
  readonly version: number;
  /** Wall clock, ms. */
  readonly createdAt: number;
}

/**
 * The message that publishes a model: standardised weights rounded without bias to `bits` bits (Q₃ of the paper's
 * section 3), everything else in full precision. The draws are keyed by seed and version.
 *
 * @param model The master model.
 * @param bits Width of a weight, 1 to 16, or 0 to leave the weights as they are.
 * @param seed Of the rounding.
 * @param label Version and time.
 */
export function modelMessage(model: LinearModel, bits: number, seed: number | string, label: ModelLabel): Model {
  const { target, features, rows, estimator, solver, classes } = model;
  const values = Float64Array.from(features, ({ weight }) => weight);
  const content: ModelContent = {
    target,
    features: features.map(({ name, unit, mean, deviation }) => ({ name, unit, mean, deviation })),
    weights:
      bits === 0 ? { bits: 0, values: [...values] } : packedWeights(values, bits, `publish/${seed}/${label.version}`),
    intercept: target.mean,
    ...(classes === undefined ? {} : { classes }),
  };
  const hash = createHash("sha256").update(modelBytes(content)).digest("hex");
  return { ...content, version: label.version, hash, createdAt: Math.round(label.createdAt), estimator, solver, rows };
}

function packedWeights(values: Float64Array, bits: number, stream: string): ModelContent["weights"] {
  const vector = quantizeVector(values, bits, createStream(stream));
  return { bits, scale: vector.scale, codes: packVector(vector) };
}
