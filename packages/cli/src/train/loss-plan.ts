import { type EstimatorName, resolveTrainOptions, type TrainOptions, usualDegree } from "@zipml/gateway/train";
import type { trainOptions } from "../config/train-section.ts";
import { CliError } from "../errors.ts";
import type { OptionOrigin, OptionValues } from "../options.ts";

type Values = OptionValues<typeof trainOptions>;
type Name = keyof typeof trainOptions;

/** Width of a feature's code where the loss is trained on single draws, or on many draws at once. */
const marginBits = 8;

const isMargin = ({ loss }: Values): boolean => loss === "logistic" || loss === "hinge";

/** The estimator of codes where none was asked for. */
export function usualEstimator(values: Values): EstimatorName {
  if (!isMargin(values)) return "symmetric";
  if (values.loss === "hinge" && values.scheme === "interval") return "refetch";
  return values.degree === undefined ? "naive" : "polynomial";
}

/** Widths and draws that follow from the loss, where none were given. */
export function fitToLoss(values: Values, origins: ReadonlyMap<Name, OptionOrigin>): Values {
  if (!isMargin(values)) return values;
  const isDrawn = values.scheme !== "dither" && (values.estimator ?? usualEstimator(values)) === "polynomial";
  return {
    ...values,
    bits: origins.has("bits") ? values.bits : marginBits,
    samples: isDrawn && !origins.has("samples") ? (values.degree ?? usualDegree) + 1 : values.samples,
  };
}

/** The options that say what is lowered, as the trainer takes them. */
export function objectiveOptions(values: Values, estimator: EstimatorName) {
  const { loss, l1, l2, box, ball, average } = values;
  // Raw rows need no polynomial.
  const degree = estimator === "polynomial" ? values.degree : undefined;
  return { loss, l1, l2, box, ball, average, degree } satisfies Partial<TrainOptions>;
}

/**
 * Checks what the loss goes with, before any file is read.
 *
 * @param samples Draws of a feature's code.
 * @throws CliError `option`, or TrainingError `options`.
 */
export function checkLoss(values: Values, estimator: EstimatorName, samples: number): void {
  const { degree, solver, epochs, loss, scheme } = values;
  if (degree !== undefined && loss !== "logistic")
    throw new CliError("option", `--degree goes with --loss logistic, not ${loss}`);
  if (degree !== undefined && estimator !== "polynomial" && estimator !== "full")
    throw new CliError("option", `--degree goes with --estimator polynomial, not ${estimator}`);
  if (estimator === "refetch" && scheme !== "interval" && values.grid === undefined)
    throw new CliError("option", `--estimator refetch needs the readings' intervals: --scheme interval, not ${scheme}`);
  const draws = (degree ?? usualDegree) + 1;
  if (estimator === "polynomial" && scheme !== "dither" && samples < draws)
    throw new CliError(
      "option",
      `a polynomial of degree ${draws - 1} needs --samples of ${draws} or more, not ${samples}`,
    );
  resolveTrainOptions({ ...objectiveOptions(values, estimator), estimator, solver, epochs });
}
