import { type Clock, systemClock } from "@zipml/protocol";
import { type FullPolicy, fullPolicies } from "../outbox.ts";
import { SpoolError } from "./errors.ts";
import { type SpoolFiles, systemFiles } from "./files.ts";
import { type Processes, systemProcesses } from "./lock.ts";

/** Options of `openSpool`. */
export interface SpoolOptions {
  /** Folder of the spool alone; made, with mode 0700, where it is missing. */
  readonly directory: string;
  /** Bytes that the spool may take on disk, at least 65,536. Default 64 MiB. */
  readonly capacity?: number;
  /** Bytes of a segment file, at least 1,024. Default 1 MiB, and never more than a 32nd of the capacity. */
  readonly segmentBytes?: number;
  /**
   * When full: `refuse` (default) rejects the append with `DeviceError` `outbox-full`; `drop-oldest` drops the oldest
   * frames, and where there are none the oldest rows, a segment's worth at a time; `drop-newest` drops the row that is
   * appended, and the append resolves; `thin` rejects like `refuse`, and the agent seals rows under a coarser grid before
   * it comes to that. Whatever is dropped is counted: see `dropped()`. A frame that does not fit is refused under all but
   * `drop-oldest`, and its rows stay.
   */
  readonly policy?: FullPolicy;
  /**
   * Rows wait for others until there are `rows` of them or the oldest has waited `milliseconds`, and go to the disk by
   * one sync. Sealing and reading rows ends the wait. Default: no wait; rows that come during a sync share the next one.
   */
  readonly sync?: { readonly rows: number; readonly milliseconds: number };
  /** Time for `sync`. Default the system's. */
  readonly clock?: Clock;
  /** The file system. Default the machine's. */
  readonly files?: SpoolFiles;
  /** What tells whether the owner of a lock still runs. Default the machine's. */
  readonly processes?: Processes;
}

/** {@link SpoolOptions} with every default in its place. */
export interface ResolvedSpoolOptions extends Required<Omit<SpoolOptions, "sync">> {
  readonly sync: { readonly rows: number; readonly milliseconds: number } | undefined;
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new SpoolError("options", `${name} must be a whole number of at least ${least}, not ${value}`);
}

function checkPolicy(policy: FullPolicy): FullPolicy {
  if (fullPolicies.includes(policy)) return policy;
  throw new SpoolError("options", `policy must be one of ${fullPolicies.join(", ")}, not ${JSON.stringify(policy)}`);
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {@link SpoolError} with code `options`.
 */
export function resolveSpoolOptions(options: SpoolOptions): ResolvedSpoolOptions {
  if (options.directory === "") throw new SpoolError("options", "directory must name a folder");
  const capacity = atLeast("capacity", options.capacity ?? 64 * 1024 * 1024, 65_536);
  const segmentBytes = atLeast("segmentBytes", options.segmentBytes ?? 1024 * 1024, 1024);
  const { sync } = options;
  return {
    directory: options.directory,
    capacity,
    segmentBytes: Math.min(segmentBytes, Math.floor(capacity / 32)),
    policy: checkPolicy(options.policy ?? "refuse"),
    sync:
      sync === undefined
        ? undefined
        : {
            rows: atLeast("sync.rows", sync.rows, 1),
            milliseconds: atLeast("sync.milliseconds", sync.milliseconds, 0),
          },
    clock: options.clock ?? systemClock(),
    files: options.files ?? systemFiles(),
    processes: options.processes ?? systemProcesses(),
  };
}
