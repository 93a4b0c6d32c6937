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
  /** Applies or refuses a configuration; undefined when it is not for this device to follow. */
  apply(message: MessageOf<"desired">, own: boolean): Promise<Outcome | undefined>;
}

/**
 * @param intake Takes grids and batches.
 * @param book The session's grids.
 */
export function createConfiguration(intake: Intake, book: GridBook): Configuration {
  const queue = createSerialQueue(); // in order of arrival: a newer one must not be overtaken by an older one's sealing
  let version: number | undefined;
  let ownSeen = false;
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
    apply: async (message, own) => {
      if (!own && ownSeen) return undefined;
      ownSeen ||= own;
      return queue.run(() => adopt(message));
    },
  };
}
