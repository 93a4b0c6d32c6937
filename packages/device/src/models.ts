import type { MessageOf } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import { createPredictor, type Predictor } from "./predictor.ts";

/** The models a device has been sent: its own comes before its group's. */
export interface Models {
  /** What predicts now. */
  readonly current: Predictor | undefined;
  /** Takes a model. @throws {@link DeviceError} with code `model-hash`; the one before stays. */
  take(message: MessageOf<"model">, own: boolean): Predictor;
  /** @throws {@link DeviceError} with code `no-model`, or the codec's `ReadingError`. */
  predict(row: Readonly<Record<string, number>>): number;
}

/** No model yet. */
export function createModels(): Models {
  let own: Predictor | undefined;
  let shared: Predictor | undefined;
  return {
    get current() {
      return own ?? shared;
    },
    take: (message, isOwn) => {
      const predictor = createPredictor(message);
      if (isOwn) own = predictor;
      else shared = predictor;
      return predictor;
    },
    predict: (row) => {
      const predictor = own ?? shared;
      if (predictor === undefined) throw new DeviceError("no-model", "no gateway has published a model yet");
      return predictor.predict(row);
    },
  };
}
