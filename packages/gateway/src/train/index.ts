export type { ClassFigures } from "./class-figures.ts";
export type { Engine, EngineNeeds, EpochContext, ModelTrail } from "./engine.ts";
export { checkAborted, TrainingError, type TrainingErrorCode } from "./errors.ts";
export { type EstimatorName, estimatorNames } from "./estimators.ts";
export { type Evaluation, evaluate } from "./evaluate.ts";
export { type ExactRows, exactTable, type RefetchFigures, type Refetching } from "./exact-rows.ts";
export { addGuard, type GuardTerm } from "./guard.ts";
export type { Labels, ModelClasses } from "./labels.ts";
export { createLagged, type LagLayout, layOutLags, type MakeLagged, rowsWithHistory } from "./lags.ts";
export { leastSquares } from "./least-squares.ts";
export { type ClassLossName, type LossName, lossNames, type MarginLossName, marginLossOf } from "./losses.ts";
export { mostDegree, usualDegree } from "./margin-polynomial.ts";
export {
  type LinearModel,
  labelOf,
  type ModelFeature,
  predictRow,
  quantizeModel,
  type SolverName,
  weightsOf,
} from "./model.ts";
export type { MomentsOptions } from "./moment-layout.ts";
export { combineMoments, type KeptMoments, type MomentSummary } from "./moment-summary.ts";
export { createMoments, type MomentSums, type Moments } from "./moments.ts";
export { type Objective, type ObjectiveOptions, type ResolvedObjective, usualEstimator } from "./objective.ts";
export { type EpochProgress, type ResolvedOptions, resolveTrainOptions, type TrainOptions } from "./options.ts";
export { type ColumnPrecision, type PrecisionOptions, type PrecisionPlan, planPrecision } from "./precision.ts";
export { referenceEngine } from "./reference-engine.ts";
export {
  createSketch,
  isOpenByIntervals,
  isOpenBySketch,
  isOpenByWidths,
  marginBounds,
  type Sketch,
} from "./refetch-rules.ts";
export { proximalStep, type Regularizer, type RegularizerOptions } from "./regularizers.ts";
export type { ReadRow, RowReader } from "./row-reader.ts";
export type { CodeBlock, DecodedBlock, SampleBlock, SampleSource, Task, TaskColumn, ValueBlock } from "./samples.ts";
export type { ScheduleName } from "./schedules.ts";
export { sgdVariance } from "./sgd-variance.ts";
export type { Scaling } from "./standardise.ts";
export { streamName, type TrainingStreams } from "./streams.ts";
export { type TrainResult, train } from "./train.ts";
export type { VarianceReport } from "./variance-report.ts";
