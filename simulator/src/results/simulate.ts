import { planTraffic } from "../engine/cells.ts";
import { type RunCellsOptions, runCells } from "../engine/run-cells.ts";
import type { MeasuredSizes } from "../engine/size-steps.ts";
import type { TracedFrame } from "../engine/traced-frames.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { SimulationResult } from "./result.ts";
import { summarise } from "./summarise.ts";

/** How a fleet is simulated. */
export interface SimulateOptions extends RunCellsOptions {
  /** Sizes of frames that agents have measured, in place of the codec's of coding `packed`. */
  readonly measured?: readonly MeasuredSizes[];
  /** Devices whose frames are told one by one. */
  readonly traced?: readonly number[];
}

/** What a simulation gives. */
export interface Simulation {
  readonly result: SimulationResult;
  /** Frames of the devices asked for, by device and sequence. */
  readonly trace: readonly TracedFrame[];
}

/**
 * Simulates a scenario's fleet event by event. The result is the same, to the last digit, for any number of threads.
 *
 * @param scenario The scenario; its mode is not looked at.
 * @param options Threads, progress, a signal.
 * @throws SimulationError `limit` where a frame can't be carried, `worker` where a thread fails.
 */
export async function simulateEvents(scenario: Scenario, options: SimulateOptions = {}): Promise<Simulation> {
  const { measured, traced } = options;
  const input = { scenario, measured, traced };
  const traffic = planTraffic(input);
  const { tally, trace } = await runCells(input, options);
  return { result: summarise({ ...scenario, mode: "events" }, traffic, tally), trace };
}
