import { GridError } from "@zipml/codec";
import { createSerialQueue, type MessageOf } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import type { GridBook } from "./grid-book.ts";
import type { Intake } from "./intake.ts";
import { checkBatch } from "./options.ts";

/** What became of a desired configuration. */
export type Outcome =
  | {
      readonly status: "applied";
      readonly version: number;
      readonly from: number;
      readonly grid: number;
      readonly changed: boolean;
    }
  | { readonly status: "refused"; readonly version: number; readonly reason: string };

/** Applies desired configurations; a device's own come before its group's. */
export interface Configuration {
  /** Version in force, undefined before the first. */
  readonly version: number | undefined;
  /**
   * Applies or refuses a configuration. The version in force, which a broker sends again on every connection, changes
   * nothing and has the same outcome as before.
   *
   * @returns Undefined when it is not for this device to follow: its group's beside one of its own, or older than one it had.
   */
  apply(message: MessageOf<"desired">, own: boolean): Promise<Outcome | undefined>;
}

/**
 * @param intake Takes grids and batches.
 * @param book The session's grids.
 */
export function createConfiguration(intake: Intake, book: GridBook): Configuration {
  const queue = createSerialQueue(); // in order of arrival: a newer one must not be overtaken by an older one's sealing
  const outcomes: { own?: Outcome; group?: Outcome } = {};
  let version: number | undefined;
  const adopt = async (message: MessageOf<"desired">): Promise<Outcome> => {
    const before = book.quantizer.grid.epoch;
    try {
      // The batch is checked before the grid is adopted: a refused configuration changes nothing.
      const batch = message.batch === undefined ? undefined : checkBatch({ ...intake.batch, ...message.batch });
      const from = message.grid === undefined ? intake.counts().sequence : await intake.adopt(message.grid);
      if (batch !== undefined) intake.rebatch(batch);
      version = message.version;
      const grid = book.quantizer.grid.epoch;
      return { status: "applied", version: message.version, from, grid, changed: grid !== before };
    } catch (error) {
      if (!(error instanceof GridError || error instanceof DeviceError)) throw error;
      return { status: "refused", version: message.version, reason: error.message };
    }
  };
  return {
    get version() {
      return version;
    },
    apply: (message, own) => {
      const source = own ? "own" : "group";
      return queue.run(async () => {
        if (!own && outcomes.own !== undefined) return undefined;
        const before = outcomes[source];
        if (before !== undefined && message.version < before.version) return undefined;
        if (before?.version === message.version)
          return before.status === "applied" ? { ...before, changed: false } : before;
        const outcome = await adopt(message);
        outcomes[source] = outcome;
        return outcome;
      });
    },
  };
}
