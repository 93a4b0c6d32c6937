import type { MessageOf } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import { createPredictor, type Predictor } from "./predictor.ts";

/** The models a device has been sent: its own comes before its group's. */
export interface Models {
  /** What predicts now. */
  readonly current: Predictor | undefined;
  /**
   * Takes a model; one made before the one it has changes nothing.
   *
   * @throws {@link DeviceError} with code `model-hash`; the one before stays.
   */
  take(message: MessageOf<"model">, own: boolean): Predictor | undefined;
  /** @throws {@link DeviceError} with code `no-model`, or the codec's `ReadingError`. */
  predict(row: Readonly<Record<string, number>>): number;
}

interface Taken {
  readonly predictor: Predictor;
  /** Wall clock of its making, ms. */
  readonly createdAt: number;
}

/** No model yet. */
export function createModels(): Models {
  const taken: { own?: Taken; group?: Taken } = {};
  const current = (): Predictor | undefined => (taken.own ?? taken.group)?.predictor;
  return {
    get current() {
      return current();
    },
    take: (message, isOwn) => {
      const source = isOwn ? "own" : "group";
      const { createdAt } = message;
      // By its time and not by its version: a gateway that starts afresh counts from 1 again.
      if (createdAt < (taken[source]?.createdAt ?? 0)) return undefined;
      const predictor = createPredictor(message);
      taken[source] = { predictor, createdAt };
      return predictor;
    },
    predict: (row) => {
      const predictor = current();
      if (predictor === undefined) throw new DeviceError("no-model", "no gateway has published a model yet");
      return predictor.predict(row);
    },
  };
}
