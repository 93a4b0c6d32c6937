import type { AcceleratorConfig, Shape } from "../accelerator.ts";
import { Channel } from "../timing.ts";

/**
 * Asks memory for lines in bursts, one request a cycle, while the reorder buffer has room for what was asked for and not
 * taken; counts the lines as they arrive, in order.
 */
export class MemoryPort {
  readonly #burst: number;
  readonly #depth: number;
  readonly #lines: number;
  readonly #channel: Channel;
  /** Cycles at which the lines under way arrive, in order. */
  readonly #arrivals: number[] = [];
  requested = 0;
  delivered = 0;

  constructor(config: AcceleratorConfig, shape: Shape) {
    this.#burst = config.platform.burst;
    this.#depth = config.platform.reorderDepth;
    this.#lines = shape.lines;
    this.#channel = new Channel(config, shape);
  }

  /**
   * One cycle.
   *
   * @param taken Lines that the lanes had taken before it.
   */
  step(cycle: number, taken: number): void {
    const size = Math.min(this.#burst, this.#lines - this.requested);
    if (size > 0 && this.requested + size - taken <= this.#depth) {
      for (let i = 0; i < size; i++) this.#arrivals.push(this.#channel.deliver(cycle));
      this.requested += size;
    }
    while (this.#arrivals.length > 0 && (this.#arrivals[0] as number) <= cycle) {
      this.#arrivals.shift();
      this.delivered += 1;
    }
  }
}
