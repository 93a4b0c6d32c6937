import type { EstimatorName } from "@zipml/gateway/train";
import type { trainOptions } from "../config/train-section.ts";
import { CliError } from "../errors.ts";
import type { OptionOrigin, OptionValues, ResolvedOptions } from "../options.ts";
import { cardWarnings, fitToCard } from "./fpga-plan.ts";
import { checkLoss, fitToLoss, usualEstimator } from "./loss-plan.ts";

type Values = OptionValues<typeof trainOptions>;
type Name = keyof typeof trainOptions;

/** Options that go together, with what the ones left out follow from. */
export interface TrainPlan {
  readonly values: Values;
  readonly estimator: EstimatorName;
  /** Draws a feature's code carries; 1 for `naive`, under `dither` and for raw rows, for `refetch` unless told otherwise. */
  readonly samples: number;
  /** Options that were given and have no effect. */
  readonly warnings: readonly string[];
}

const refuse = (message: string): never => {
  throw new CliError("option", message);
};

function estimatorOf(values: Values): EstimatorName {
  const { scheme, estimator, levels } = values;
  if (scheme === "dither" && levels === "optimal")
    refuse("--levels optimal lie at unequal steps, which --scheme dither can't use: it needs --scheme count");
  if (scheme === "none") {
    if (estimator !== undefined && estimator !== "full")
      refuse(`--scheme none sends raw rows, which --estimator full trains on; ${estimator} needs codes`);
    return "full";
  }
  if (estimator === "full") refuse(`--estimator full trains on raw rows: it needs --scheme none, not ${scheme}`);
  if (estimator === "double" && scheme === "dither")
    refuse("--estimator double needs two draws of a value, which --scheme dither does not send: use symmetric");
  return estimator ?? usualEstimator(values);
}

/** A grid of its own says how values are encoded. */
function checkGrid({ grid, scheme }: Values): void {
  if (grid !== undefined && scheme === "none") refuse("--grid encodes: it can't go with --scheme none");
}

/** Engines that read codes alone, or raw rows alone, are told from the scheme. */
function checkEngine({ scheme, engine }: Values): void {
  if (scheme === "none" && engine === "packed")
    refuse("--engine packed trains on codes: it can't go with --scheme none");
  if (scheme !== "none" && (engine === "float32" || engine === "hogwild"))
    refuse(`--engine ${engine} trains on raw rows: it needs --scheme none, not ${scheme}`);
}

function samplesOf(values: Values, estimator: EstimatorName, isGiven: boolean): number {
  const { bits, samples } = values;
  if (estimator === "full") return 1;
  if (values.scheme === "dither") {
    if (isGiven && samples !== 1) refuse(`--scheme dither sends one symbol a value: --samples 1, not ${samples}`);
    return 1;
  }
  if (estimator === "naive") {
    if (isGiven && samples !== 1) refuse(`--estimator naive is encoded with one draw: --samples 1, not ${samples}`);
    return 1;
  }
  if (estimator === "refetch") return isGiven ? samples : 1;
  if (samples < 2) refuse(`--estimator ${estimator} needs --samples of 2 or more, not ${samples}`);
  if (2 ** bits - 1 < samples)
    refuse(`--bits ${bits} hold no interval for --samples ${samples}: 2^bits - 1 must be at least the samples`);
  return samples;
}

/** Whether the target is a feature too, by its lags. */
export function hasOwnLags({ lags, target, features }: Pick<Values, "lags" | "target" | "features">): boolean {
  return lags > 0 && target !== undefined && features?.includes(target) === true;
}

/** Names of options without effect here, as one warning each. */
function idle(values: Values, origins: ReadonlyMap<Name, OptionOrigin>): string[] {
  const unused: readonly (readonly [boolean, string, readonly Name[]])[] = [
    [values.scheme === "none", "--scheme none", ["bits", "target-bits", "samples", "levels", "degree"]],
    [values.grid !== undefined, "--grid", ["scheme", "bits", "target-bits", "samples", "levels"]],
    [
      values.solver === "closed-form",
      "--solver closed-form",
      [
        "epochs",
        "batch",
        "step",
        "schedule",
        "model-bits",
        "gradient-bits",
        "engine",
        "platform",
        "layout",
        "planes",
        "threads",
        "average",
        "variance",
      ],
    ],
    [["reference", "float32", "fpga"].includes(values.engine ?? ""), `--engine ${values.engine}`, ["threads"]],
    [values.test !== undefined, "--test", ["split"]],
    [hasOwnLags(values), "the target among --features", ["target-bits"]],
  ];
  return unused.flatMap(([acts, cause, names]) =>
    names.filter((name) => acts && origins.has(name)).map((name) => `--${name} has no effect with ${cause}`),
  );
}

/**
 * Checks options against each other before any file is read.
 *
 * @param options The values of `zipml train`.
 * @throws {@link CliError} `option` for options that do not go together, TrainingError `options` for those of the loss.
 */
export function planTraining({ values: given, origins }: ResolvedOptions<typeof trainOptions>): TrainPlan {
  const values = fitToCard(fitToLoss(given, origins), origins);
  const estimator = estimatorOf(values);
  const samples = samplesOf(values, estimator, origins.has("samples"));
  checkLoss(values, estimator, samples);
  checkEngine(values);
  checkGrid(values);
  if (values.test !== undefined && origins.get("holdout") === origins.get("test"))
    refuse("--test and --holdout exclude each other: test rows come from one of them");
  if (values.group !== undefined && values.lags === 0 && (values.split !== "time" || values.test !== undefined))
    refuse("--group goes with --split time, where it keeps back the last rows of each group, or with --lags");
  return { values, estimator, samples, warnings: [...idle(values, origins), ...cardWarnings(values)] };
}
