export type {
  Accelerator,
  AcceleratorConfig,
  ClockedEpoch,
  ColumnConstants,
  EpochCounters,
  FastEpoch,
  HardwareRange,
  LayoutSpec,
  LinePlace,
  PipelineState,
  Shape,
  Stalls,
} from "./accelerator.ts";
export {
  type Card,
  type CardBuffer,
  CardError,
  type CardErrorCode,
  cardIdentity,
  checksum,
  control,
  fault,
  mode,
  register,
  stallOrder,
  status,
} from "./card.ts";
export { type EngineLayout, engineLayouts } from "./card-rows.ts";
export { countEpoch } from "./count-epoch.ts";
export {
  type CardCounters,
  type CardData,
  type Driver,
  type DriverOptions,
  openDriver,
  type Patience,
} from "./driver.ts";
export { type CardFault, createEmulatedCard, type EmulatedCardOptions } from "./emulated-card.ts";
export { createAccelerator } from "./emulator.ts";
export { AcceleratorError, type AcceleratorErrorCode } from "./errors.ts";
export { fractionBits, fromFixed, toFixed } from "./fixed-point.ts";
export { type FpgaEngine, type FpgaEngineOptions, fpgaEngine } from "./fpga-engine.ts";
export { hardwareCode, hardwareLevels, hardwareValue, nearestHardwareCode } from "./hardware-codes.ts";
export {
  type BeatBits,
  type BeatRows,
  decodeBeats,
  encodeBeats,
  encodeFloatBeats,
} from "./layouts/beats.ts";
export {
  type CodeRows,
  type DecodedRow,
  decodeCodeLine,
  decodeFloatLine,
  encodeCodeLines,
  encodeFloatLines,
  type FloatRows,
} from "./layouts/lines.ts";
export { linesPerRow } from "./layouts/shape.ts";
export { decodeWoven, encodeWoven, wovenFraction, wovenWords } from "./layouts/weave.ts";
export { checkPlatform, type LayoutName, layoutNames, type Platform, platformNamed, platforms } from "./platform.ts";
export { estimateResources, type ResourceEstimate } from "./resources.ts";
export { estimateThroughput, type ThroughputEstimate } from "./throughput.ts";
