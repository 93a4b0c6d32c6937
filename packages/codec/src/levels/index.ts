export { decodeCounts, encodeCounts, maxCount, maxCountBins } from "./count-bytes.ts";
export { type DriftOptions, judgeLevels, type LevelDrift, padLevels, spreadVariance } from "./drift.ts";
export { createHistogram, type Histogram, type HistogramOptions, histogramOf, maxBins } from "./histogram.ts";
export { LevelError, type LevelErrorCode } from "./level-error.ts";
export type { LevelMethod, LevelRequest, LevelSolution } from "./level-solution.ts";
export { levelVariance } from "./level-variance.ts";
export { createLevelLookup, type LevelLookup } from "./lookup.ts";
export { maxLevels, solveLevels, uniformLevels } from "./solve.ts";
