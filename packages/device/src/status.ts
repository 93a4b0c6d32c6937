import type { Traffic } from "@zipml/protocol";
import type { Dropped, OutboxUsage } from "./outbox.ts";
import type { Offence, QuarantineCounts } from "./quarantine.ts";
import type { RefetchCounts } from "./refetch.ts";
import type { ThinnedCounts } from "./thinning.ts";

/** What a device agent always tells. Counts are since it was made. */
export interface DeviceStatus {
  /** `online` from the moment that birth was acknowledged on the present connection. */
  readonly state: "offline" | "online" | "closed";
  readonly session: number;
  /** Sequence that the next frame will have. */
  readonly sequence: number;
  /** Epoch of the grid in force. */
  readonly grid: number;
  /** Epoch of the grid for a full outbox, where one was named. */
  readonly thin: number | undefined;
  /** Version of the desired configuration that is applied. */
  readonly desired: number | undefined;
  /** Version of the model that predicts. */
  readonly model: number | undefined;
  /** Rows that the outbox took. */
  readonly accepted: number;
  /** Rows refused, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Readings out of range, clipped to it and so biased, by channel. */
  readonly clipped: Readonly<Record<string, number>>;
  /** Readings told as another value than they had, for the sake of a dead band, and so biased, by channel. */
  readonly held: Readonly<Record<string, number>>;
  /** What waits for a receipt. */
  readonly queued: OutboxUsage;
  /** Frames published, and of these again. */
  readonly published: number;
  readonly resent: number;
  /** Frames that the gateway says it has stored. */
  readonly receipted: number;
  /** What went out under the coarser grid because the outbox was full. */
  readonly thinned: ThinnedCounts;
  /** What a gateway asked of the exact rows that are kept. */
  readonly refetch: RefetchCounts;
  /** What the outbox's policy dropped, since the outbox was made. */
  readonly dropped: Dropped;
  /** Frames that are kept and not sent for now. */
  readonly quarantined: number;
  /** Why: those that the broker refused stay, those that the connection ended on are tried again later. */
  readonly quarantine: QuarantineCounts;
  readonly traffic: Traffic;
}

/** What happens to a device agent. */
export type DeviceEvent =
  | { readonly type: "online"; readonly protocol: string }
  | { readonly type: "offline"; readonly reason: string }
  | {
      readonly type: "sealed";
      readonly session: number;
      readonly sequence: number;
      readonly rows: number;
      readonly bytes: number;
    }
  | { readonly type: "receipted"; readonly frames: number }
  /** Rows, sealed or not, that the outbox's policy dropped, and of these the frames that were sealed. */
  | { readonly type: "dropped"; readonly rows: number; readonly frames: number }
  /** A frame that the broker refused twice and that is not sent any more, or hung up on and that is tried again later. */
  | {
      readonly type: "quarantined";
      readonly session: number;
      readonly sequence: number;
      readonly offence: Offence;
      readonly reason: string;
    }
  | {
      readonly type: "applied";
      readonly version: number;
      readonly grid: number;
      readonly from: number;
      /** Epoch of the grid for a full outbox, where one was named. */
      readonly thin?: number;
    }
  | { readonly type: "refused"; readonly version: number; readonly reason: string }
  | { readonly type: "model"; readonly version: number; readonly hash: string }
  /** Rows and frames that were still without a receipt when the agent closed; an outbox on disk keeps them. */
  | { readonly type: "left"; readonly rows: number; readonly frames: number }
  | { readonly type: "error"; readonly error: unknown };
