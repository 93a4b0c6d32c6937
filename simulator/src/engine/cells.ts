import { type FleetLayout, layOutFleet } from "../scenario/fleet.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { createWeather } from "../scenario/weather.ts";
import { birthBytes } from "./control-size.ts";
import { LorawanCell } from "./lorawan-cell.ts";
import type { LorawanCells } from "./lorawan-devices.ts";
import { type LorawanPlan, planLorawan } from "./lorawan-plan.ts";
import { LorawanSweep } from "./lorawan-sweep.ts";
import { SessionCell } from "./session-cell.ts";
import { planSessions, type SessionPlan } from "./session-plan.ts";
import type { MeasuredSizes } from "./size-steps.ts";
import { createTally, type Tally } from "./tally.ts";
import type { TracedFrame } from "./traced-frames.ts";

/** What a simulation's cells are run from: plain data, the same on every thread. */
export interface CellsInput {
  readonly scenario: Scenario;
  /** Sizes of frames that agents have measured, in place of the codec's of coding `packed`. */
  readonly measured?: readonly MeasuredSizes[] | undefined;
  /** Devices that are followed. */
  readonly traced?: readonly number[] | undefined;
  /** Bytes of a birth where they are known already. */
  readonly birth?: number | undefined;
}

/** How frames of a fleet are laid out, by kind of link. */
export type TrafficPlan =
  | { readonly kind: "lorawan"; readonly lorawan: LorawanPlan }
  | { readonly kind: "sessions"; readonly sessions: SessionPlan };

/**
 * How the frames of a scenario's fleet are laid out.
 *
 * @param input Scenario, measured sizes, bytes of a birth.
 * @throws SimulationError `limit` where a frame can't be carried.
 */
export function planTraffic({ scenario, measured, birth = birthBytes(scenario) }: CellsInput): TrafficPlan {
  return scenario.link === "lorawan"
    ? { kind: "lorawan", lorawan: planLorawan(scenario, birth, measured) }
    : { kind: "sessions", sessions: planSessions(scenario, birth, measured) };
}

/** Devices of the largest cell. */
function largestCell({ devices, cells }: FleetLayout): number {
  return Math.ceil(devices / cells);
}

function lorawanCell(cells: LorawanCells): LorawanCell | LorawanSweep {
  const { confirmed, transmissions } = cells.scenario.links.lorawan;
  return confirmed || transmissions > 1 ? new LorawanCell(cells) : new LorawanSweep(cells);
}

/** Runs cells one after the other and adds up their counts. */
export interface CellRunner {
  readonly cells: number;
  /** Counts of the cells run so far. */
  readonly tally: Tally;
  /** Frames of the devices that are followed, in no order. */
  readonly trace: readonly TracedFrame[];
  run(cell: number): void;
}

/**
 * A runner of a scenario's cells. Its memory is that of the largest cell, however many there are.
 *
 * @param input Scenario, measured sizes, devices to follow.
 * @throws SimulationError `limit` where a frame can't be carried.
 */
export function createCellRunner(input: CellsInput): CellRunner {
  const { scenario } = input;
  const plan = planTraffic(input);
  const layout = layOutFleet(scenario);
  const largest = plan.kind === "lorawan" ? plan.lorawan.largest : plan.sessions.largest;
  const tally = createTally(largest, layout.groups);
  const trace: TracedFrame[] = [];
  const common = {
    scenario,
    layout,
    weather: createWeather(scenario),
    capacity: largestCell(layout),
    tally,
    traced: new Set(input.traced ?? []),
    trace,
  };
  const cell =
    plan.kind === "lorawan"
      ? lorawanCell({ ...common, plan: plan.lorawan })
      : new SessionCell({ ...common, plan: plan.sessions });
  return {
    cells: layout.cells,
    get tally() {
      if (cell instanceof LorawanSweep) cell.addUp();
      return tally;
    },
    trace,
    run: (number) => cell.run(number),
  };
}
