import type { Gateway } from "@zipml/gateway";
import type { ReplayReport } from "../device/replay.ts";

/** Which frames the gateway said it stored, counted apart from the gateway's own counts. */
export interface Ledger {
  /** Rows stored so far. */
  readonly rows: number;
  /** Frames stored more than once. */
  readonly duplicated: number;
  /** Frames that a device sealed and the gateway did not store. */
  lost(reports: readonly ReplayReport[]): number;
  /** Resolves when the gateway is closed. */
  readonly done: Promise<void>;
}

/**
 * Keeps a ledger of a gateway's `stored` events.
 *
 * @param gateway The gateway; nothing may have been stored yet.
 * @param grown Told after every entry.
 */
export function keepLedger(gateway: Gateway, grown: () => void): Ledger {
  const entries = new Map<string, number>();
  let rows = 0;
  const watch = async (): Promise<void> => {
    for await (const event of gateway.events()) {
      if (event.type !== "stored") continue;
      const key = `${event.device}/${event.session}/${event.sequence}`;
      entries.set(key, (entries.get(key) ?? 0) + 1);
      rows += event.rows;
      grown();
    }
  };
  const done = watch();
  return {
    get rows() {
      return rows;
    },
    get duplicated() {
      return [...entries.values()].reduce((sum, times) => sum + times - 1, 0);
    },
    lost: (reports) =>
      reports.reduce((sum, { id, session, frames }) => {
        const keys = Array.from({ length: frames }, (_, sequence) => `${id}/${session}/${sequence}`);
        return sum + keys.filter((key) => !entries.has(key)).length;
      }, 0),
    done,
  };
}
