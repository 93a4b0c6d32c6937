/** What is known of each device of a cell; by device, counted from the cell's first. */
export interface DeviceStates {
  /** Class: on LoRaWAN 0 for spreading factor 7 … 5 for 12, elsewhere 0. */
  readonly factor: Uint8Array;
  readonly group: Int32Array;
  /** Time at which the frame with sequence 0 is sealed, µs. */
  readonly origin: Float64Array;
  /** Sequence of the oldest frame that is not done with; below 0 for parts of the birth. */
  readonly head: Int32Array;
  /** Frames that are due before the end. */
  readonly due: Int32Array;
  /** Transmissions of the head so far. */
  readonly attempts: Uint16Array;
  /** {@link mark}s. */
  readonly marks: Uint8Array;
  /** What became of the head's last transmission. */
  readonly verdict: Uint8Array;
  /** When the device may send again at the earliest, µs. */
  readonly free: Float64Array;
  /** When the transmission under way began, or the head arrived, µs. */
  readonly sentAt: Float64Array;
  /** Bytes of the head, once it has been sent. */
  readonly bytes: Int32Array;
  /** Time on air so far, µs. */
  readonly airtime: Float64Array;
  /** What the device's next event is. */
  readonly phase: Uint8Array;
  /** On LoRaWAN: power at the gateway, mW. */
  readonly power: Float64Array;
  /** On LoRaWAN: above the sensitivity. */
  readonly audible: Uint8Array;
}

/** Marks of a device's head. */
export const mark = Object.freeze({
  /** A transmission whose verdict has not been asked for. */
  underway: 1,
  /** The gateway has it. */
  received: 2,
  /** It was held back by the duty cycle. */
  blocked: 4,
  /** The transmission under way is lost at random. */
  lost: 8,
  /** The device has its acknowledgement. */
  acknowledged: 16,
} as const);

/**
 * Room for the devices of a cell.
 *
 * @param devices Most that a cell has.
 */
export function createDeviceStates(devices: number): DeviceStates {
  return {
    factor: new Uint8Array(devices),
    group: new Int32Array(devices),
    origin: new Float64Array(devices),
    head: new Int32Array(devices),
    due: new Int32Array(devices),
    attempts: new Uint16Array(devices),
    marks: new Uint8Array(devices),
    verdict: new Uint8Array(devices),
    free: new Float64Array(devices),
    sentAt: new Float64Array(devices),
    bytes: new Int32Array(devices),
    airtime: new Float64Array(devices),
    phase: new Uint8Array(devices),
    power: new Float64Array(devices),
    audible: new Uint8Array(devices),
  };
}
