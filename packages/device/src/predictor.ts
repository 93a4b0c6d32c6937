import { createHash } from "node:crypto";
import { type Lag, lagOf, ReadingError } from "@zipml/codec";
import { type MessageOf, type Model, modelBytes, modelWeights } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import { createHistory, type History } from "./history.ts";

/** A model that a gateway published, ready for use. */
export interface Predictor {
  readonly version: number;
  /** SHA-256 that the gateway gave it, hexadecimal. */
  readonly hash: string;
  /** What is predicted, and its unit. */
  readonly target: { readonly name: string; readonly unit: string };
  /** Names of the features it needs. */
  readonly features: readonly string[];
  /** Rows back that they look; 0 for a model without lags. */
  readonly lags: number;
  /** Where the target names one of two classes: the loss that made the model, and the labels. */
  readonly classes: Model["classes"];
  /**
   * The prediction for one row, in the target's unit: of a model of classes the label that {@link decide} speaks for.
   *
   * @param row See {@link decide}.
   * @throws As {@link decide}.
   */
  predict(row: Readonly<Record<string, number>>): number;
  /**
   * The decision value of a model of classes: the label is `positive` from 0 on, else `negative`; with the loss `logistic` it
   * is the logarithm of the odds. Of any other model the prediction. A feature `temperature@-2` that the row itself does not name is the
   * reading of two rows before in the history.
   *
   * @param row Readings by name, in their units; names that the model does not use are ignored.
   * @throws The codec's `ReadingError` (`missing` or `non-finite`) that names the feature; {@link DeviceError} with code
   * `history` where a row before is needed that the history does not hold.
   */
  decide(row: Readonly<Record<string, number>>): number;
}

/**
 * A predictor from a model message.
 *
 * @param model The message; checked by the protocol's schema.
 * @param history The rows before the one that is predicted for. Default none.
 * @throws {@link DeviceError} with code `model-hash`: the content is not what its hash says.
 */
export function createPredictor(
  model: MessageOf<"model">,
  history: History = createHistory({ channels: [] }),
): Predictor {
  const { features, target, intercept, classes } = model;
  const hash = createHash("sha256").update(modelBytes(model)).digest("hex");
  if (hash !== model.hash)
    throw new DeviceError("model-hash", `model ${model.version} has hash ${hash} and claims ${model.hash}`);
  const weights = modelWeights(model.weights, features.length);
  const slopes = features.map(({ deviation }, i) =>
    deviation > 0 ? ((weights[i] ?? 0) * target.deviation) / deviation : 0,
  );
  // A channel of that very name is no lag.
  const back = features.map(({ name }) => (history.has(name) ? undefined : lagOf(name)));
  const lags = back.reduce((most, lag) => Math.max(most, lag?.steps ?? 0), 0);
  const readingOf = (row: Readonly<Record<string, number>>, name: string, lag: Lag | undefined): number => {
    if (Object.hasOwn(row, name) && row[name] !== undefined) return row[name];
    if (lag === undefined || !history.has(lag.channel))
      throw new ReadingError("missing", "the model needs this feature", 0, name);
    const before = history.reading(lag.channel, lag.steps);
    if (before !== undefined) return before;
    const known = `${history.rows} rows have been pushed since it, or one before it, came`;
    throw new DeviceError("history", `model ${model.version} looks ${lags} rows back, and ${known}`);
  };
  const decide = (row: Readonly<Record<string, number>>): number => {
    let sum = intercept;
    for (const [i, { name, mean }] of features.entries()) {
      const value = readingOf(row, name, back[i]);
      if (!Number.isFinite(value)) throw new ReadingError("non-finite", `${value} is refused`, 0, name);
      sum += (slopes[i] ?? 0) * (value - mean);
    }
    return sum;
  };
  return {
    version: model.version,
    hash: model.hash,
    target: { name: target.name, unit: target.unit },
    features: features.map(({ name }) => name),
    lags,
    classes,
    predict: (row) => {
      const decision = decide(row);
      if (classes === undefined) return decision;
      return decision >= 0 ? classes.positive : classes.negative;
    },
    decide,
  };
}
