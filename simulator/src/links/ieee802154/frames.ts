import { type Constants, stated } from "../constants.ts";
import { checkBytes } from "../errors.ts";

const standard = "IEEE 802.15.4-2011, 2.4 GHz O-QPSK, 250 kbit/s, symbol 16 us";

/** Constants of IEEE 802.15.4 at 2.4 GHz, with their sources. */
export const ieee802154Constants = {
  byteUs: stated(32, standard),
  physicalHeaderBytes: stated(6, `${standard}: preamble 4, start of frame 1, length 1`),
  maxMpduBytes: stated(127, `${standard}: aMaxPhyPacketSize`),
  frameCheckBytes: stated(2, standard),
  acknowledgementMpduBytes: stated(5, standard),
  shortHeaderBytes: stated(9, `${standard}: frame control 2, sequence 1, one PAN id 2, two short addresses 4`),
  extendedHeaderBytes: stated(21, `${standard}: frame control 2, sequence 1, one PAN id 2, two long addresses 16`),
  maxSecurityBytes: stated(21, `${standard}: auxiliary header 5, integrity code up to 16`),
  turnaroundUs: stated(192, `${standard}: aTurnaroundTime, 12 symbols`),
  carrierSenseUs: stated(128, `${standard}: 8 symbols`),
  meanBackoffUs: stated(1120, `${standard}: macMinBE 3, mean of 0 to 7 units of 320 us`),
  shortInterframeUs: stated(192, `${standard}: 12 symbols, up to aMaxSIFSFrameSize`),
  longInterframeUs: stated(640, `${standard}: 40 symbols`),
  maxShortMpduBytes: stated(18, `${standard}: aMaxSIFSFrameSize`),
  frameRetries: stated(3, `${standard}: macMaxFrameRetries`),
  backoffs: stated(4, `${standard}: macMaxCSMABackoffs`),
} as const satisfies Constants;

/**
 * Time on air of a frame, µs: (6 + MPDU) · 32.
 *
 * @param mpduBytes MAC frame with its frame check, 0 … 127 bytes.
 * @throws LinkError code `size`; code `payload` above 127 bytes
 */
export function frameAirtimeUs(mpduBytes: number): number {
  const { byteUs, physicalHeaderBytes, maxMpduBytes } = ieee802154Constants;
  return (physicalHeaderBytes.value + checkBytes("802.15.4 MPDU", mpduBytes, maxMpduBytes.value)) * byteUs.value;
}

/**
 * The pause after a frame, µs.
 *
 * @param mpduBytes MAC frame with its frame check, bytes.
 */
export function interframeUs(mpduBytes: number): number {
  const { maxShortMpduBytes, shortInterframeUs, longInterframeUs } = ieee802154Constants;
  return mpduBytes <= maxShortMpduBytes.value ? shortInterframeUs.value : longInterframeUs.value;
}

/** What of an unslotted cycle is counted. */
export interface CycleOptions {
  /** The frame is acknowledged. Default true. */
  readonly acknowledged?: boolean;
  /** Carrier sense and the turnaround after it, which some published figures leave out. Default true. */
  readonly carrierSense?: boolean;
}

/**
 * Mean time that one frame takes on an idle unslotted channel, µs: back-off, carrier sense and turnaround, frame, turnaround
 * and acknowledgement, pause.
 *
 * @param mpduBytes MAC frame with its frame check, 0 … 127 bytes.
 * @param options What is counted.
 * @throws LinkError code `size` or `payload`
 */
export function cycleUs(mpduBytes: number, options: CycleOptions = {}): number {
  const { acknowledged = true, carrierSense = true } = options;
  const { meanBackoffUs, carrierSenseUs, turnaroundUs, acknowledgementMpduBytes } = ieee802154Constants;
  const sense = carrierSense ? carrierSenseUs.value + turnaroundUs.value : 0;
  const answer = acknowledged ? turnaroundUs.value + frameAirtimeUs(acknowledgementMpduBytes.value) : 0;
  return meanBackoffUs.value + sense + frameAirtimeUs(mpduBytes) + answer + interframeUs(mpduBytes);
}
