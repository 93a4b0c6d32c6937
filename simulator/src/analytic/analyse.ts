import { planTraffic } from "../engine/cells.ts";
import type { SimulationResult } from "../results/result.ts";
import { summarise } from "../results/summarise.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { expectedLorawan } from "./lorawan-tally.ts";
import { expectedSessions } from "./session-tally.ts";

/**
 * What a scenario's fleet comes to on average, in closed form: in a millisecond or so what events take seconds for, so that
 * many scenarios can be compared and a few of them then be simulated.
 *
 * @param scenario The scenario; its mode is not looked at.
 * @throws SimulationError `limit` where a frame can't be carried, or where more is sent than a shared medium carries.
 */
export function analyse(scenario: Scenario): SimulationResult {
  const traffic = planTraffic({ scenario });
  const tally =
    traffic.kind === "lorawan"
      ? expectedLorawan(scenario, traffic.lorawan)
      : expectedSessions(scenario, traffic.sessions);
  return summarise({ ...scenario, mode: "analytic" }, traffic, tally);
}
