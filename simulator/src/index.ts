export type { Learning, LearningPoint } from "./agents/learn.ts";
export {
  type FleetResult,
  type GroupLearning,
  type SimulateFleetOptions,
  type SimulationStage,
  simulateFleet,
} from "./agents/simulate-fleet.ts";
export { analyse, createAnalysis } from "./analytic/analyse.ts";
export { type OutcomeName, outcomeNames } from "./engine/outcome.ts";
export type { RunCellsOptions } from "./engine/run-cells.ts";
export type { MeasuredSizes } from "./engine/size-steps.ts";
export type { TracedFrame } from "./engine/traced-frames.ts";
export { fleetPage } from "./report/fleet-page.ts";
export type { EnergySplit } from "./results/class-account.ts";
export { type Cell, type PointRow, type RunResult, resultCells, toCsv } from "./results/columns.ts";
export { axisKeys, type GridAxis, type GridPoint, gridPoints, parseAxis, scenarioAt } from "./results/grid-axes.ts";
export { scenarioHash, simulatorVersion } from "./results/manifest.ts";
export { openPointStore, type PointStore, type StoredPoint } from "./results/point-store.ts";
export type { ClassResult, DirectionBytes, Manifest, OutcomeCounts, SimulationResult } from "./results/result.ts";
export { type SimulateOptions, type Simulation, simulateEvents } from "./results/simulate.ts";
export { runScenario, type Sweep, type SweepOptions, sweep } from "./results/sweep.ts";
export { defineScenario, gridOf, schemaOf } from "./scenario/check-scenario.ts";
export { SimulationError, type SimulationErrorCode, type SimulationErrorFacts } from "./scenario/errors.ts";
export { exampleScenario } from "./scenario/example.ts";
export { deviceName, type FleetLayout, groupName, layOutFleet, simulatedSession } from "./scenario/fleet.ts";
export { type FrameLimit, type FramePlan, planFrames } from "./scenario/frame-plan.ts";
export { scenarioJsonSchema } from "./scenario/json-schema.ts";
export { type LinkKind, type LinksOptions, type LorawanOptions, linkKinds } from "./scenario/link-options.ts";
export { readScenario, scenarioFromYaml } from "./scenario/read-scenario.ts";
export type {
  FleetOptions,
  LossOptions,
  Outage,
  Scenario,
  ScenarioInput,
  TrainingChoice,
} from "./scenario/scenario.ts";
export type { SensorSource, Signal } from "./scenario/sensors.ts";
export { createWeather, type EventWords, eventWords, type Position, type Weather } from "./scenario/weather.ts";
