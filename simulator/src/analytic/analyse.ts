import { planTraffic } from "../engine/cells.ts";
import { birthBytes } from "../engine/control-size.ts";
import type { SimulationResult } from "../results/result.ts";
import { summarise } from "../results/summarise.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type Standing, standings } from "./lorawan-success.ts";
import { expectedLorawan } from "./lorawan-tally.ts";
import { expectedSessions } from "./session-tally.ts";

/** A function's values by the part of a scenario that they depend on. */
function remembered<T>(
  partOf: (scenario: Scenario) => unknown,
  make: (scenario: Scenario) => T,
): (scenario: Scenario) => T {
  const known = new Map<string, T>();
  return (scenario) => {
    const key = JSON.stringify(partOf(scenario));
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = make(scenario);
    known.set(key, made);
    return made;
  };
}

/**
 * Analyses many scenarios: as {@link analyse} does one, with what several have in common worked out once.
 *
 * @example
 * ```ts
 * const analyseNext = createAnalysis();
 * const results = scenarios.map((scenario) => analyseNext(scenario));
 * ```
 *
 * @returns A function of a scenario, that holds on to a few kilobytes for each schema, grid and placement it has met.
 */
export function createAnalysis(): (scenario: Scenario) => SimulationResult {
  const birthOf = remembered<number>(({ schema, grid }) => [schema, grid], birthBytes);
  const standingsOf = remembered<readonly Standing[]>(
    ({ fleet, links }) => [fleet.placement, links.lorawan],
    standings,
  );
  return (scenario) => {
    const traffic = planTraffic({ scenario, birth: birthOf(scenario) });
    const tally =
      traffic.kind === "lorawan"
        ? expectedLorawan(scenario, traffic.lorawan, standingsOf(scenario))
        : expectedSessions(scenario, traffic.sessions);
    return summarise({ ...scenario, mode: "analytic" }, traffic, tally);
  };
}

/**
 * What a scenario's fleet comes to on average, in closed form: in a millisecond or so what events take seconds for, so that
 * many scenarios can be compared and a few of them then be simulated.
 *
 * @param scenario The scenario; its mode is not looked at.
 * @throws SimulationError `limit` where a frame can't be carried, or where more is sent than a shared medium carries.
 */
export function analyse(scenario: Scenario): SimulationResult {
  return createAnalysis()(scenario);
}
