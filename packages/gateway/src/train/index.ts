export type { Engine, EpochContext, ModelTrail } from "./engine.ts";
export { TrainingError, type TrainingErrorCode } from "./errors.ts";
export { type EstimatorName, estimatorNames } from "./estimators.ts";
export { type Evaluation, evaluate } from "./evaluate.ts";
export { addGuard, type GuardTerm } from "./guard.ts";
export { leastSquares } from "./least-squares.ts";
export { type LinearModel, type ModelFeature, predictRow, quantizeModel, type SolverName, weightsOf } from "./model.ts";
export {
  combineMoments,
  createMoments,
  type MomentSummary,
  type MomentSums,
  type Moments,
  type MomentsOptions,
} from "./moments.ts";
export { type EpochProgress, type ResolvedOptions, resolveTrainOptions, type TrainOptions } from "./options.ts";
export { referenceEngine } from "./reference-engine.ts";
export type { ReadRow, RowReader } from "./row-reader.ts";
export type { CodeBlock, SampleBlock, SampleSource, Task, TaskColumn, ValueBlock } from "./samples.ts";
export type { ScheduleName } from "./schedules.ts";
export type { Scaling } from "./standardise.ts";
export type { TrainingStreams } from "./streams.ts";
export { type TrainResult, train } from "./train.ts";
