import type { Scenario } from "../scenario/scenario.ts";
import { eventWords, microsecond } from "../scenario/weather.ts";

/** Times at which something fails for a cell. */
export class OutageTimes {
  /** Starts and ends in turn, ascending, none overlapping. */
  readonly #edges: Float64Array;
  #at = 0;

  /** @param spans Starts and ends, in any order. */
  constructor(spans: readonly (readonly [start: number, end: number])[]) {
    const sorted = [...spans].sort(([a], [b]) => a - b);
    const edges: number[] = [];
    for (const [start, end] of sorted) {
      const last = edges.at(-1);
      if (last !== undefined && start <= last) edges[edges.length - 1] = Math.max(last, end);
      else edges.push(start, end);
    }
    this.#edges = Float64Array.from(edges);
  }

  /** Number of outages. */
  get count(): number {
    return this.#edges.length / 2;
  }

  /** Share of the time up to an end that is lost. */
  shareOf(end: number): number {
    let sum = 0;
    for (let i = 0; i < this.#edges.length; i += 2)
      sum += Math.max(0, Math.min(end, this.#edges[i + 1] as number) - (this.#edges[i] as number));
    return sum / end;
  }

  /** End of the outage under way at the time last asked about; of use only where {@link OutageTimes.covers} was true. */
  get end(): number {
    return this.#edges[this.#at] as number;
  }

  /** Whether it fails at a time, which is not before one asked about earlier. */
  covers(time: number): boolean {
    while (this.#at < this.#edges.length && (this.#edges[this.#at] as number) <= time) this.#at += 1;
    return (this.#at & 1) === 1;
  }
}

/**
 * The outages that concern a cell.
 *
 * @param scenario The scenario.
 * @param cell The cell.
 * @param of Gateways or the broker.
 */
export function outagesOf(scenario: Scenario, cell: number, of: "gateway" | "broker"): OutageTimes {
  const end = scenario.durationHours * 3600;
  const words = eventWords(scenario.seed, "outage");
  const spans: [number, number][] = [];
  for (const [place, outage] of scenario.outages.entries()) {
    if (outage.of !== of || words.word(cell, place) >= outage.share * 0x100000000) continue;
    const step = (outage.everyHours ?? Number.POSITIVE_INFINITY) * 3600;
    for (let i = 0, start = outage.startHours * 3600; start < end; i++, start = outage.startHours * 3600 + i * step) {
      spans.push([Math.round(start * microsecond), Math.round((start + outage.seconds) * microsecond)]);
      if (step === Number.POSITIVE_INFINITY) break;
    }
  }
  return new OutageTimes(spans);
}
