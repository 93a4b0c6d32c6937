import type { Traffic } from "@zipml/protocol";
import type { ControlCounts } from "./ingest/control.ts";
import type { IngestCounts } from "./ingest/ingest-counts.ts";
import type { TrainedModel } from "./learner.ts";
import type { LevelsStatus, NewLevels } from "./levels/options.ts";
import type { LogStatus } from "./log/journal.ts";
import type { Damage } from "./log/segment.ts";
import type { RefetchStatus } from "./refetch/refetch.ts";
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
  /** Milliseconds for which the lowest gap of a session has been its lowest: the longest over its sessions. */
  readonly oldestGap: number | undefined;
  /** Frames that it declared as dropped, and that are not missing therefore. */
  readonly declared: number;
  /** Readings clipped, and rows refused, as its last health message says. */
  readonly clipped: number;
  readonly refused: number;
  /** Why its readings can't be used, where they can't. */
  readonly unusable: string | undefined;
}

/** What a training came to. */
export interface TrainingStatus {
  /** Rows that it read. */
  readonly rows: number;
  /** Passes of SGD that made the model, those of the models it went on from included; undefined for the closed form. */
  readonly passes: number | undefined;
  /** Loss on these rows as the codes estimate it, in the target's unit squared, of classes without unit. */
  readonly loss: number;
  /** Of a living model: loss of the one before on the same rows, before it was trained on them. Where it rises there is drift. */
  readonly before: number | undefined;
  /** Time that it took, in seconds. */
  readonly seconds: number;
  /** Its warnings. */
  readonly warnings: readonly string[];
}

/** What a gateway always tells. */
export interface GatewayStatus {
  readonly online: boolean;
  /** What is trained, once a birth has shown it. */
  readonly task: Task | undefined;
  readonly ingest: IngestCounts;
  /** Births, deaths, health and reported messages of devices. */
  readonly control: ControlCounts;
  /** Frames missing below the newest stored one, over all sessions. */
  readonly missing: number;
  /** Rows held for training, and ever stored. */
  readonly rows: { readonly held: number; readonly stored: number };
  readonly devices: readonly DeviceSummary[];
  /** Version of the newest model. */
  readonly model: number | undefined;
  /** What the newest model came to. */
  readonly training: TrainingStatus | undefined;
  /** Rows that were asked for exactly. */
  readonly refetch: RefetchStatus;
  readonly traffic: Traffic;
  /** The log on disk, where the gateway has a directory. */
  readonly log: LogStatus | undefined;
  /** Where levels follow the readings. */
  readonly levels: LevelsStatus | undefined;
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
  /** Frames that were asked for again and again and have not come. Told once a gap. */
  | {
      readonly type: "gap";
      readonly device: string;
      readonly session: number;
      /** Frames missing in the session. */
      readonly missing: number;
      /** Milliseconds since the first request. */
      readonly age: number;
    }
  /** More sessions than `limits.retired` allows: a frame of this one that came again would be stored again. */
  | { readonly type: "forgotten"; readonly device: string; readonly session: number }
  /** The disk takes no frames, for the reason given, and no receipts go out; or it does again. */
  | { readonly type: "log"; readonly failing: string | undefined }
  /** A stretch of the log that could not be read when the gateway started; the rest was taken. */
  | ({ readonly type: "damage" } & Damage)
  /** Frames that were stored before and that the log lacks now. They count as missing. */
  | {
      readonly type: "lost";
      readonly device: string;
      readonly session: number;
      readonly ranges: readonly (readonly [from: number, to: number])[];
    }
  | { readonly type: "trained"; readonly model: TrainedModel }
  /** A new grid was published, as these channels' readings had moved. Devices answer by `reported`. */
  | { readonly type: "levels"; readonly epoch: number; readonly channels: readonly NewLevels[] }
  | { readonly type: "error"; readonly error: unknown };
