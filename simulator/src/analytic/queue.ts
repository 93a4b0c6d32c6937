import { meanWaitUs } from "../links/load.ts";
import { SimulationError } from "../scenario/errors.ts";

/**
 * Share of arrivals that find all servers taken (Erlang's loss formula, which holds for any distribution of service times).
 *
 * @param load Offered load: arrivals in a service time.
 * @param servers Number of servers.
 */
export function erlangLoss(load: number, servers: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (load * blocked) / (n + load * blocked);
  return blocked;
}

/**
 * Mean wait for a medium on which one sends at a time: M/D/1.
 *
 * @param utilisation Share of time that it is taken.
 * @param service Time of one message, µs.
 * @returns µs
 * @throws SimulationError `limit` where more arrives than can be served.
 */
export function waitFor(utilisation: number, service: number): number {
  if (utilisation < 1) return meanWaitUs(utilisation, service);
  throw new SimulationError("limit", `take ${utilisation.toFixed(2)} times what the medium of a cell can carry`, {
    key: "fleet.devices",
    limit: 1,
  });
}
