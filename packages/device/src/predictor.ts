import { createHash } from "node:crypto";
import { ReadingError } from "@zipml/codec";
import { type MessageOf, modelBytes, modelWeights } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";

/** A model that a gateway published, ready for use. */
export interface Predictor {
  readonly version: number;
  /** SHA-256 that the gateway gave it, hexadecimal. */
  readonly hash: string;
  /** What is predicted, and its unit. */
  readonly target: { readonly name: string; readonly unit: string };
  /** Names of the features it needs. */
  readonly features: readonly string[];
  /**
   * The prediction for one row, in the target's unit.
   *
   * @param row Readings by name, in their units; names that the model does not use are ignored.
   * @throws The codec's `ReadingError` (`missing` or `non-finite`) that names the feature.
   */
  predict(row: Readonly<Record<string, number>>): number;
}

/**
 * A predictor from a model message.
 *
 * @param model The message; checked by the protocol's schema.
 * @throws {@link DeviceError} with code `model-hash`: the content is not what its hash says.
 */
export function createPredictor(model: MessageOf<"model">): Predictor {
  const { features, target, intercept } = model;
  const hash = createHash("sha256").update(modelBytes(model)).digest("hex");
  if (hash !== model.hash)
    throw new DeviceError("model-hash", `model ${model.version} has hash ${hash} and claims ${model.hash}`);
  const weights = modelWeights(model.weights, features.length);
  const slopes = features.map(({ deviation }, i) =>
    deviation > 0 ? ((weights[i] ?? 0) * target.deviation) / deviation : 0,
  );
  return {
    version: model.version,
    hash: model.hash,
    target: { name: target.name, unit: target.unit },
    features: features.map(({ name }) => name),
    predict: (row) => {
      let sum = intercept;
      for (const [i, { name, mean }] of features.entries()) {
        const value = Object.hasOwn(row, name) ? row[name] : undefined;
        if (value === undefined) throw new ReadingError("missing", "the model needs this feature", 0, name);
        if (!Number.isFinite(value)) throw new ReadingError("non-finite", `${value} is refused`, 0, name);
        sum += (slopes[i] ?? 0) * (value - mean);
      }
      return sum;
    },
  };
}
