import { float32Engine, hogwildEngine, packedEngine } from "@zipml/gateway/engines";
import { type Engine, referenceEngine } from "@zipml/gateway/train";
import { isPlain } from "./loss-plan.ts";
import type { TrainPlan } from "./plan.ts";

type EngineName = NonNullable<TrainPlan["values"]["engine"]>;

/** What runs a training, to be closed after it. */
export interface ChosenEngines {
  readonly engine: Engine;
  /** Runs what the default engine can't. An engine that was asked for has none. */
  readonly fallback: Engine | undefined;
  close(): Promise<void>;
}

function engineOf(name: EngineName, threads: number | undefined): Engine {
  if (name === "packed") return packedEngine({ threads });
  if (name === "float32") return float32Engine();
  return name === "hogwild" ? hogwildEngine({ threads }) : referenceEngine();
}

/**
 * The engine that the options ask for, or the default: packed on codes and squares, reference on raw rows and for what no other engine
 * runs.
 *
 * @param plan Checked options.
 */
export function chooseEngines({ values, estimator }: TrainPlan): ChosenEngines {
  const name = values.engine ?? (estimator === "full" || !isPlain(values) ? "reference" : "packed");
  const engine = engineOf(name, values.threads);
  return {
    engine,
    fallback: values.engine === undefined ? referenceEngine() : undefined,
    close: async () => engine.close?.(),
  };
}
