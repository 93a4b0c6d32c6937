import { GridError } from "@zipml/codec";
import { createSerialQueue, type MessageOf } from "@zipml/protocol";
import { DeviceError } from "./errors.ts";
import type { GridBook } from "./grid-book.ts";
import type { Intake } from "./intake-ports.ts";
import { checkBatch } from "./options.ts";

/** What became of a desired configuration. */
export type Outcome =
  | {
      readonly status: "applied";
      readonly version: number;
      readonly from: number;
      readonly grid: number;
      /** Epoch of the grid for a full outbox, where there is one. */
      readonly thin?: number;
      readonly changed: boolean;
    }
  | { readonly status: "refused"; readonly version: number; readonly reason: string };

/** Applies desired configurations; what a device's own say comes before its group's, field by field. */
export interface Configuration {
  /** Version in force, undefined before the first. */
  readonly version: number | undefined;
  /**
   * Applies or refuses a configuration. The version in force, which a broker sends again on every connection, changes
   * nothing and has the same outcome as before.
   *
   * @returns Undefined when it is not for this device to follow: its group's that says only what its own have said, or
   * one older than it had.
   */
  apply(message: MessageOf<"desired">, own: boolean): Promise<Outcome | undefined>;
}

const fields = ["grid", "thin", "batch"] as const;
type Field = (typeof fields)[number];
type Change = Pick<MessageOf<"desired">, "version" | Field>;

/** What of a group's configuration a device follows beside its own; undefined for nothing. */
function without(message: Change, own: ReadonlySet<Field>): Change | undefined {
  if (own.size === 0) return message;
  const left = fields.filter((field) => message[field] !== undefined && !own.has(field));
  if (left.length === 0) return undefined;
  return { version: message.version, ...Object.fromEntries(left.map((field) => [field, message[field]])) };
}

/**
 * @param intake Takes grids and batches.
 * @param book The session's grids.
 */
export function createConfiguration(intake: Intake, book: GridBook): Configuration {
  const queue = createSerialQueue(); // in order of arrival: a newer one must not be overtaken by an older one's sealing
  const outcomes: { own?: Outcome; group?: Outcome } = {};
  const ownFields = new Set<Field>();
  let version: number | undefined;
  const adopt = async (message: Change): Promise<Outcome> => {
    const before = JSON.stringify(book.grids);
    try {
      // The batch is checked before the grid is adopted: a refused configuration changes nothing.
      const batch = message.batch === undefined ? undefined : checkBatch({ ...intake.batch, ...message.batch });
      const isGrid = message.grid !== undefined || message.thin !== undefined;
      const from = isGrid ? await intake.adopt(message) : intake.counts().sequence;
      if (batch !== undefined) intake.rebatch(batch);
      version = message.version;
      const grid = book.quantizer.grid.epoch;
      const thin = book.thin === undefined ? {} : { thin: book.thin };
      const changed = JSON.stringify(book.grids) !== before;
      return { status: "applied", version: message.version, from, grid, ...thin, changed };
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
        const change = own ? message : without(message, ownFields);
        if (change === undefined) return undefined;
        const before = outcomes[source];
        if (before !== undefined && message.version < before.version) return undefined;
        if (before?.version === message.version)
          return before.status === "applied" ? { ...before, changed: false } : before;
        if (own) for (const field of fields) if (message[field] !== undefined) ownFields.add(field);
        const outcome = await adopt(change);
        outcomes[source] = outcome;
        return outcome;
      });
    },
  };
}
