import type { Experiment } from "./experiment.ts";
import { bitsFeatures } from "./experiments/bits-features.ts";
import { figure3 } from "./experiments/figure3.ts";
import { figure4 } from "./experiments/figure4.ts";
import { figure5 } from "./experiments/figure5.ts";
import { figure6 } from "./experiments/figure6.ts";
import { figure7a } from "./experiments/figure7a.ts";
import { figure8 } from "./experiments/figure8.ts";
import { naiveBias } from "./experiments/naive-bias.ts";
import { nonlinear } from "./experiments/nonlinear.ts";
import { refetch } from "./experiments/refetch.ts";
import { tomography } from "./experiments/tomography.ts";

/** All experiments, in the order of the page. */
export const experiments: readonly Experiment[] = Object.freeze([
  naiveBias,
  figure3,
  figure4,
  figure5,
  figure6,
  figure7a,
  figure8,
  bitsFeatures,
  nonlinear,
  refetch,
  tomography,
]);
