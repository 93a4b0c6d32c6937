import { latencyBin } from "./latency-histogram.ts";
import { type LorawanTables, tableWidth } from "./lorawan-devices.ts";
import { outcome, outcomeCount } from "./outcome.ts";
import { mostClasses, type Tally } from "./tally.ts";

/**
 * Counts of uplinks that are sent once each. What became of uplinks of a factor and size is one number, from which most of
 * the tally follows; it is worked out when it is asked for.
 */
export class UplinkCounts {
  readonly #tally: Tally;
  readonly #tables: LorawanTables;
  /** By factor, bytes and outcome: frames, and parts of births. */
  readonly #frames = new Float64Array(mostClasses * tableWidth * outcomeCount);
  readonly #births = new Float64Array(mostClasses * tableWidth * outcomeCount);

  /**
   * @param tally Is added to.
   * @param tables By factor.
   */
  constructor(tally: Tally, tables: LorawanTables) {
    this.#tally = tally;
    this.#tables = tables;
  }

  /**
   * A part of a birth.
   *
   * @param size Factor and bytes: factor · {@link tableWidth} + bytes.
   * @param verdict What became of it.
   */
  birth(size: number, verdict: number): void {
    const at = size * outcomeCount + verdict;
    this.#births[at] = (this.#births[at] as number) + 1;
  }

  /**
   * A frame.
   *
   * @param size Factor and bytes: factor · {@link tableWidth} + bytes.
   * @param verdict What became of it.
   * @param delay Time from its sealing to the uplink's end, µs.
   * @param group Of its device.
   */
  frame(size: number, verdict: number, delay: number, group: number): void {
    const at = size * outcomeCount + verdict;
    this.#frames[at] = (this.#frames[at] as number) + 1;
    if (verdict !== outcome.received) return;
    const { latencies, latencySum, groups } = this.#tally;
    const bin = latencyBin(delay);
    latencies[bin] = (latencies[bin] as number) + 1;
    latencySum[0] = (latencySum[0] as number) + delay;
    groups[2 * group + 1] = (groups[2 * group + 1] as number) + 1;
  }

  /** Brings the tally up to date. */
  addUp(): void {
    const { largest, frames, transmissions, receivedBySize, sentBySize, controlBySize, rows } = this.#tally;
    for (let factor = 0; factor < mostClasses; factor++)
      for (let bytes = 0; bytes <= largest; bytes++) {
        const size = factor * tableWidth + bytes;
        const place = factor * (largest + 1) + bytes;
        this.#move(this.#births, size, [transmissions], controlBySize, place);
        const received = this.#frames[size * outcomeCount + outcome.received] as number;
        receivedBySize[place] = (receivedBySize[place] as number) + received;
        rows[factor] = (rows[factor] as number) + received * (this.#tables.rows[factor] as number);
        this.#move(this.#frames, size, [transmissions, frames], sentBySize, place);
      }
  }

  /** Moves the counts of one factor and size to the tally. */
  #move(counts: Float64Array, size: number, byOutcome: readonly Float64Array[], bySize: Float64Array, place: number) {
    const factor = Math.floor(size / tableWidth);
    let sum = 0;
    for (let verdict = 0; verdict < outcomeCount; verdict++) {
      const count = counts[size * outcomeCount + verdict] as number;
      sum += count;
      const at = factor * outcomeCount + verdict;
      for (const table of byOutcome) table[at] = (table[at] as number) + count;
    }
    counts.fill(0, size * outcomeCount, (size + 1) * outcomeCount);
    bySize[place] = (bySize[place] as number) + sum;
    const { airtime } = this.#tally;
    airtime[factor] = (airtime[factor] as number) + sum * (this.#tables.airtimes[size] as number);
  }
}
