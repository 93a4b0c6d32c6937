import type { LogEntry } from "./entry.ts";

/** What an entry has added to what is stored. */
export interface Added {
  readonly device: string;
  readonly session: number;
  /** Sequences that were not stored before. */
  readonly ranges: readonly (readonly [from: number, to: number])[];
  /** Rows added to the sample store. */
  readonly rows: number;
  /** How many of the sequences were declared as dropped. */
  readonly declared: number;
  /** Time and place of a frame: what the window goes by. */
  readonly time: number;
  readonly sequence: number;
}

/** Where ingest puts what it takes, before it says so to anybody. */
export interface FrameLog {
  /**
   * Hands an entry over.
   *
   * @param settled Told once, in the order of the entries: whether it is durable. Answers what that has added. After an
   * entry that is not durable, none that waited behind it is.
   * @returns False when there is no room: nothing was taken, and `settled` is not told.
   */
  append(entry: LogEntry, settled: (durable: boolean) => Added | undefined): boolean;
}

/** The log of a gateway without a directory: everything is as durable at once as it will ever be. */
export function memoryLog(): FrameLog {
  return {
    append: (_entry, settled) => {
      settled(true);
      return true;
    },
  };
}
