import { stated } from "../constants.ts";
import { checkWithin } from "../errors.ts";

/** Signals that a gateway's concentrator can receive at a time. */
export const demodulatorCount = stated(8, "SX1301: eight parallel LoRa demodulators; ns-3 lorawan has as many");

/** Why a gateway did not take a signal up. */
export type Refusal = "no-demodulator" | "sending";

/**
 * A gateway's receiver: eight signals at a time, and none while it sends itself (half duplex: a downlink also cuts off what
 * is being received). Signals and downlinks are told in the order of their starts.
 */
export class GatewayRadio {
  readonly #ends: Float64Array;
  #downlinks = 0;
  #sendingUntil = Number.NEGATIVE_INFINITY;
  #lastDownlinkStart = Number.NEGATIVE_INFINITY;

  /**
   * @param demodulators How many signals at a time. Default 8.
   * @throws LinkError code `option`
   */
  constructor(demodulators: number = demodulatorCount.value) {
    this.#ends = new Float64Array(checkWithin("demodulators", demodulators, 1, 1024)).fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * A signal starts that is strong enough.
   *
   * @param startUs When it starts; not before any told earlier.
   * @param endUs When it ends.
   * @returns Why it is not taken up, or undefined if a demodulator is now bound to it until its end.
   */
  receive(startUs: number, endUs: number): Refusal | undefined {
    if (startUs < this.#sendingUntil) return "sending";
    const free = this.#ends.findIndex((end) => end <= startUs);
    if (free < 0) return "no-demodulator";
    this.#ends[free] = endUs;
    return undefined;
  }

  /**
   * A downlink starts. It frees every demodulator: what they were bound to is lost.
   *
   * @param startUs When it starts; not before any told earlier.
   * @param endUs When it ends.
   * @returns False if the gateway is sending already: the downlink is not sent.
   */
  send(startUs: number, endUs: number): boolean {
    if (startUs < this.#sendingUntil) return false;
    this.#sendingUntil = endUs;
    this.#lastDownlinkStart = startUs;
    this.#downlinks += 1;
    this.#ends.fill(Number.NEGATIVE_INFINITY);
    return true;
  }

  /**
   * Whether a signal that was taken up came to its end: no downlink began while it lasted. Asked at the signal's end, before
   * anything later is told.
   *
   * @param startUs When the signal started.
   */
  completed(startUs: number): boolean {
    return this.#lastDownlinkStart < startUs;
  }

  /** Downlinks sent so far. */
  get downlinks(): number {
    return this.#downlinks;
  }
}
