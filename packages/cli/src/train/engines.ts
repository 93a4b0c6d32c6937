import { float32Engine, hogwildEngine, packedEngine } from "@zipml/gateway/engines";
import type { CardCounters, Platform } from "@zipml/gateway/fpga";
import { type Engine, type EstimatorName, referenceEngine } from "@zipml/gateway/train";
import { CliError } from "../errors.ts";
import { emulatedEngine } from "../fpga/card-engine.ts";
import { loadPlatform } from "../fpga/platform-file.ts";
import type { TrainPlan } from "./plan.ts";

type EngineName = NonNullable<TrainPlan["values"]["engine"]>;

/** What runs a training, to be closed after it. */
export interface ChosenEngines {
  readonly engine: Engine;
  /** Runs what the default engine can't. An engine that was asked for has none. */
  readonly fallback: Engine | undefined;
  /** What the card counted over its newest epoch; undefined without one, or where it ran none. */
  counters(): CardCounters | undefined;
  close(): Promise<void>;
}

function engineOf(name: Exclude<EngineName, "fpga">, threads: number | undefined): Engine {
  if (name === "packed") return packedEngine({ threads });
  if (name === "float32") return float32Engine();
  return name === "hogwild" ? hogwildEngine({ threads }) : referenceEngine();
}

/** Estimators that packed codes can't be trained with, or raw rows. */
const unpacked: ReadonlySet<EstimatorName> = new Set<EstimatorName>(["full", "polynomial", "refetch"]);

/**
 * The platform that the options name, once it is known to run their layout; undefined for other engines.
 *
 * @throws DataError `file`; CliError `option` or `config`.
 */
export async function platformFor({ values }: TrainPlan): Promise<Platform | undefined> {
  const { engine, platform: named, layout } = values;
  if (engine !== "fpga" || named === undefined || layout === undefined) return undefined;
  const platform = await loadPlatform(named);
  if (platform.features[layout] !== undefined) return platform;
  const known = Object.keys(platform.features).join(", ");
  const hint = known === "beats" ? "; training loads no beats, zipml fpga report tells their time" : "";
  throw new CliError("option", `--platform ${platform.name} runs the layout ${known}, not ${layout}${hint}`);
}

/** The emulated card; where it fails, packed runs the rest if it knows the estimator, and reference else. */
function cardOf({ values, estimator }: TrainPlan, platform: Platform): ChosenEngines {
  const packed = packedEngine();
  const fallback = packed.supports(estimator) ? packed : referenceEngine();
  const { layout = "pairs", planes } = values;
  const engine = emulatedEngine({ platform, layout, planes, fallback });
  return { engine, fallback: undefined, counters: () => engine.counters, close: async () => engine.close() };
}

/**
 * The engine that the options ask for, or the default: packed on codes, reference on raw rows and for the estimators that
 * no other engine runs.
 *
 * @param plan Checked options.
 * @param platform What a card is modelled by; needed with the engine fpga alone.
 */
export function chooseEngines(plan: TrainPlan, platform: Platform | undefined): ChosenEngines {
  const { values, estimator } = plan;
  const { engine: asked, threads } = values;
  if (platform !== undefined) return cardOf(plan, platform);
  const name = asked ?? (unpacked.has(estimator) ? "reference" : "packed");
  const engine = engineOf(name === "fpga" ? "reference" : name, threads);
  return {
    engine,
    fallback: asked === undefined ? referenceEngine() : undefined,
    counters: () => undefined,
    close: async () => engine.close?.(),
  };
}
