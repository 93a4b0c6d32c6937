import { DutyCycleBudget } from "../links/lorawan/duty-cycle.ts";
import { eu868Constants } from "../links/lorawan/eu868.ts";
import type { LorawanOptions } from "../scenario/link-options.ts";
import type { GatewayReceiver } from "./gateway-receiver.ts";
import type { LorawanPlan } from "./lorawan-plan.ts";
import type { Tally } from "./tally.ts";

const never = Number.POSITIVE_INFINITY;

/** What an answer came to. */
export interface Answer {
  readonly answered: boolean;
  /** When it is tried again, µs; infinite for not. */
  readonly again: number;
}

/**
 * Acknowledgements of a gateway: in the device's first window, on the uplink's channel and data rate; or, where the gateway
 * is sending already or the band allows no more, in the second, which has a part of the band of its own.
 */
export class Downlinks {
  readonly #plan: LorawanPlan;
  readonly #options: LorawanOptions;
  readonly #receiver: GatewayReceiver;
  readonly #tally: Tally;
  /** Whether the first window has been tried, by device. */
  readonly #tried: Uint8Array;
  #budgets: readonly [DutyCycleBudget, DutyCycleBudget];
  /** Time from the end of an uplink after which no acknowledgement comes, µs. */
  readonly patience: number;

  constructor(devices: number, plan: LorawanPlan, options: LorawanOptions, receiver: GatewayReceiver, tally: Tally) {
    this.#plan = plan;
    this.#options = options;
    this.#receiver = receiver;
    this.#tally = tally;
    this.#tried = new Uint8Array(devices);
    this.#budgets = this.#newBudgets();
    this.patience = eu868Constants.receive2DelayUs.value + plan.secondAcknowledgement;
  }

  /** Forgets everything: the next cell. */
  clear(): void {
    this.#budgets = this.#newBudgets();
  }

  /**
   * A device's uplink asks for an acknowledgement.
   *
   * @param device Counted from the cell's first.
   * @param end Of the uplink, µs.
   * @returns When its first window opens, µs.
   */
  ask(device: number, end: number): number {
    this.#tried[device] = 0;
    return end + eu868Constants.receive1DelayUs.value;
  }

  /**
   * A window opens.
   *
   * @param device Counted from the cell's first.
   * @param factor 0 for spreading factor 7 … 5 for 12.
   * @param airtime Of an acknowledgement at the uplink's data rate, µs.
   * @param time Now, µs.
   */
  answer(device: number, factor: number, airtime: number, time: number): Answer {
    const window = this.#tried[device] as 0 | 1;
    const length = window === 0 ? airtime : this.#plan.secondAcknowledgement;
    const budget = this.#budgets[window];
    if (budget.earliestUs(time, length) === time && this.#receiver.send(time, time + length)) {
      budget.note(time, length);
      const { acknowledgements } = this.#tally;
      acknowledgements[2 * factor + window] = (acknowledgements[2 * factor + window] as number) + 1;
      return { answered: true, again: never };
    }
    if (window === 1) return { answered: false, again: never };
    this.#tried[device] = 1;
    const { receive1DelayUs, receive2DelayUs } = eu868Constants;
    return { answered: false, again: time + receive2DelayUs.value - receive1DelayUs.value };
  }

  #newBudgets(): readonly [DutyCycleBudget, DutyCycleBudget] {
    const { dutyCycle, downlinkDutyCycle } = this.#options;
    return [new DutyCycleBudget(dutyCycle), new DutyCycleBudget(downlinkDutyCycle)];
  }
}
