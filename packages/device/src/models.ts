import type { MessageOf } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import { createHistory, type History } from "./history.ts";
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
  /** @throws {@link DeviceError} with code `no-model` or `history`, or the codec's `ReadingError`. */
  predict(row: Readonly<Record<string, number>>): number;
  /** @throws As `predict`. */
  decide(row: Readonly<Record<string, number>>): number;
}

interface Taken {
  readonly predictor: Predictor;
  /** Wall clock of its making, ms. */
  readonly createdAt: number;
}

/**
 * No model yet.
 *
 * @param history Where features that look back find the rows before; told how many to hold. Default none.
 */
export function createModels(history: History = createHistory({ channels: [] })): Models {
  const taken: { own?: Taken; group?: Taken } = {};
  const current = (): Predictor | undefined => (taken.own ?? taken.group)?.predictor;
  const known = (): Predictor => {
    const predictor = current();
    if (predictor === undefined) throw new DeviceError("no-model", "no gateway has published a model yet");
    return predictor;
  };
  return {
    get current() {
      return current();
    },
    take: (message, isOwn) => {
      const source = isOwn ? "own" : "group";
      const { createdAt } = message;
      // By its time and not by its version: a gateway that starts afresh counts from 1 again.
      if (createdAt < (taken[source]?.createdAt ?? 0)) return undefined;
      const predictor = createPredictor(message, history);
      taken[source] = { predictor, createdAt };
      history.keep(Math.max(taken.own?.predictor.lags ?? 0, taken.group?.predictor.lags ?? 0));
      return predictor;
    },
    predict: (row) => known().predict(row),
    decide: (row) => known().decide(row),
  };
}
