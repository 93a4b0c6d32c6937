import type { Traffic } from "@zipml/protocol";
import type { IngestCounts } from "./ingest/ingest.ts";
import type { TrainedModel } from "./learner.ts";
import type { Task } from "./train/index.ts";

/** One device, as the gateway knows it. */
export interface DeviceSummary {
  readonly id: string;
  readonly online: boolean;
  /** Its newest session. */
  readonly session: number | undefined;
  /** Frames stored of all its sessions that are kept. */
  readonly frames: number;
  /** Frames missing below the newest stored one. */
  readonly missing: number;
  /** Readings clipped, and rows refused, as its last health message says. */
  readonly clipped: number;
  readonly refused: number;
  /** Why its readings can't be used, where they can't. */
  readonly unusable: string | undefined;
}

/** What a gateway always tells. */
export interface GatewayStatus {
  readonly online: boolean;
  /** What is trained, once a birth has shown it. */
  readonly task: Task | undefined;
  readonly ingest: IngestCounts;
  /** Frames missing below the newest stored one, over all sessions. */
  readonly missing: number;
  /** Rows held for training, and ever stored. */
  readonly rows: { readonly held: number; readonly stored: number };
  readonly devices: readonly DeviceSummary[];
  /** Version of the newest model. */
  readonly model: number | undefined;
  readonly traffic: Traffic;
}

/** What happens to a gateway. */
export type GatewayEvent =
  | { readonly type: "online"; readonly protocol: string }
  | { readonly type: "offline"; readonly reason: string }
  | { readonly type: "birth"; readonly device: string; readonly session: number }
  | { readonly type: "death"; readonly device: string; readonly session: number; readonly reason: string }
  | { readonly type: "task"; readonly task: Task }
  | {
      readonly type: "stored";
      readonly device: string;
      readonly session: number;
      readonly sequence: number;
      readonly rows: number;
    }
  /** A message that was refused: nothing of it was taken. */
  | { readonly type: "refused"; readonly device: string | undefined; readonly reason: string; readonly error: unknown }
  /** A device whose readings can't be trained on. */
  | { readonly type: "unusable"; readonly device: string; readonly reason: string }
  | {
      readonly type: "reported";
      readonly device: string;
      readonly version: number;
      readonly reason: string | undefined;
    }
  | { readonly type: "trained"; readonly model: TrainedModel }
  | { readonly type: "error"; readonly error: unknown };
