import type { OutcomeName } from "../engine/outcome.ts";
import type { Constants } from "../links/constants.ts";
import type { LayerBytes } from "../links/link.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { EnergySplit } from "./class-account.ts";

/** Numbers by what became of frames or transmissions; their sum is `sent`. In analytic mode expected ones. */
export type OutcomeCounts = Readonly<Record<"sent" | OutcomeName, number>>;

/** Bytes of one direction and kind by layer. */
export interface DirectionBytes {
  readonly up: LayerBytes;
  readonly down: LayerBytes;
}

/** Devices that are told apart: those of one spreading factor, or all. */
export interface ClassResult {
  /** `SF7` to `SF12`, or `all`. */
  readonly name: string;
  readonly devices: number;
  readonly frames: OutcomeCounts;
  readonly transmissions: OutcomeCounts;
  /** Rows of a frame, and whether the link's limit made it so few. */
  readonly rowsPerFrame: number;
  readonly isSplit: boolean;
  /** Bytes of the frames sent, on average. */
  readonly frameBytes: number;
  /** From a frame's first row to its sealing. */
  readonly batchingSeconds: number;
  /** Load of a channel of a cell by this class: air time over time, G of ALOHA. */
  readonly load: number;
  /** Time on air of a device: on average and at most, as a share of the time. */
  readonly airtimeShare: { readonly mean: number; readonly most: number };
  readonly energyJoulesPerDeviceDay: number;
  /** Null for devices on the mains. */
  readonly batteryYears: { readonly mean: number; readonly worst: number } | null;
}

/** What a fleet comes to. Every name says its unit. */
export interface SimulationResult {
  readonly manifest: Manifest;
  readonly mode: Scenario["mode"];
  readonly devices: number;
  readonly frames: OutcomeCounts;
  readonly transmissions: OutcomeCounts;
  /** Received of the frames that were due. */
  readonly deliveryShare: number;
  /** Of the worst group. */
  readonly worstGroupDeliveryShare: number;
  /** Frames received again. */
  readonly duplicates: number;
  readonly rows: { readonly sent: number; readonly received: number };
  readonly readings: { readonly sent: number; readonly received: number };
  /** Frames, and everything else that travels: connections, births, receipts, pings, acknowledgements, other grids. */
  readonly bytes: {
    readonly data: DirectionBytes;
    readonly control: DirectionBytes;
    /** All of it. */
    readonly wire: number;
    readonly wirePerReceivedReading: number;
    /** Bytes of frames alone, for a reading sent. */
    readonly payloadPerReading: number;
  };
  readonly airtime: {
    readonly totalSeconds: number;
    readonly secondsPerDeviceDay: number;
    /** On average, of a frame that was sent. */
    readonly millisecondsPerTransmission: number;
    /** What is left of the duty cycle to the device that sends most: 1 is all, null where none holds. */
    readonly dutyHeadroomShare: number | null;
  };
  readonly energy: {
    readonly totalJoules: number;
    readonly split: EnergySplit;
    readonly joulesPerDeviceDay: number;
    readonly millijoulesPerFrame: number;
    readonly millijoulesPerReceivedReading: number;
  };
  /** Null for devices on the mains. */
  readonly batteryYears: { readonly mean: number; readonly worst: number } | null;
  /** From sealing to arrival of frames that were received; null where there were none. */
  readonly latency: {
    readonly meanSeconds: number;
    readonly p50Seconds: number;
    readonly p95Seconds: number;
    readonly p99Seconds: number;
    /** Upper ends in seconds, and shares up to them. */
    readonly curve: readonly (readonly [seconds: number, share: number])[];
  } | null;
  readonly classes: readonly ClassResult[];
}

/** What a result rests on: enough to make it again. */
export interface Manifest {
  readonly name: string;
  /** Of this package. */
  readonly version: string;
  readonly node: string;
  readonly seed: string;
  /** How random numbers come about. */
  readonly generator: string;
  /** SHA-256 of the scenario as canonical JSON, hexadecimal. */
  readonly scenarioHash: string;
  readonly scenario: Scenario;
  /** The link in words, one for each class. */
  readonly links: readonly string[];
  readonly constants: Constants;
}
