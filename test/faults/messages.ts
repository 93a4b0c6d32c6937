import type { BrokerOptions } from "@zipml/gateway";

/** What a device process is told on its command line, as JSON. */
export interface DeviceSettings {
  readonly id: string;
  readonly url: string;
  readonly protocol: "auto" | "3.1.1" | "5";
  /** Of the spool. */
  readonly folder: string;
  readonly capacity?: number;
  readonly policy?: "refuse" | "drop-oldest" | "drop-newest";
  /** File of `hi from to` lines: rows whose push resolved, synced before the next are pushed. */
  readonly ledger: string;
  /** Number of this run of the device. */
  readonly hi: number;
  /** Rows pushed at a time, the milliseconds between two such times, and how many rows in all. */
  readonly burst: number;
  readonly pause: number;
  readonly rows: number;
  readonly rowsPerFrame: number;
  readonly window: number;
  readonly resendAfter: number;
}

/** What a gateway process is told on its command line, as JSON. */
export interface GatewaySettings {
  readonly directory: string;
  /** An external broker, or the embedded one. */
  readonly url?: string;
  readonly broker?: BrokerOptions;
  /** Seconds between trainings while it runs; 0 for none. */
  readonly everySeconds: number;
  readonly segmentBytes: number;
  /** Newest rows that are trained on. */
  readonly window: number;
}

/** What an aedes process is told on its command line, as JSON. */
export interface BrokerSettings {
  readonly port: number;
}

/** What a device process tells of itself. */
export interface DeviceReport {
  readonly pid: number;
  readonly state: string;
  readonly accepted: number;
  /** Rows that the ledger names, of this run. */
  readonly ledgered: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly frames: number;
  readonly resent: number;
  readonly dropped: { readonly rows: number; readonly frames: number; readonly frameRows: number };
  readonly damage: number;
  readonly lost: unknown;
  readonly quarantined: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** What a gateway process tells of itself. */
export interface GatewayReport {
  readonly online: boolean;
  readonly rows: number;
  readonly frames: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly deferred: number;
  readonly damage: { readonly stretches: number; readonly bytes: number; readonly frames: number };
  readonly failing: string | undefined;
  readonly refused: number;
  readonly unusable: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly model: string | undefined;
  readonly rss: number;
}

/** What a training came to. */
export interface TrainedReport {
  readonly version: number;
  readonly hash: string;
  readonly rows: number;
  /** The master model, as JSON. */
  readonly model: string;
}

/** What a process is asked. */
export type Ask = "report" | "stop" | "train" | "model" | "close";

/** A question, and its answer. */
export interface AskMessage {
  readonly ask: Ask;
  readonly id: number;
}
export interface AnswerMessage {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}
