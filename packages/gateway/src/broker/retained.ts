import type { BrokerLimits } from "./options.ts";

/** Knows which topics have a retained message, and who wrote it. */
export interface RetainedLedger {
  /** Topics with a retained message. */
  readonly count: number;
  /**
   * A client wants to write a retained message.
   *
   * @param owner Its client id; undefined for one that is not bounded.
   * @param empty Whether the message takes the retained one away.
   * @returns False where that would be one too many.
   */
  write(topic: string, owner: string | undefined, empty: boolean): boolean;
}

/**
 * A ledger.
 *
 * @param limits Bounds.
 * @param topics Topics that have a retained message from before.
 */
export function createRetainedLedger(
  limits: Pick<BrokerLimits, "retained" | "retainedInAll">,
  topics: Iterable<string> = [],
): RetainedLedger {
  const owners = new Map<string, string | undefined>();
  const counts = new Map<string, number>();
  for (const topic of topics) owners.set(topic, undefined);
  const move = (owner: string | undefined, by: number): void => {
    if (owner === undefined) return;
    const count = (counts.get(owner) ?? 0) + by;
    if (count > 0) counts.set(owner, count);
    else counts.delete(owner);
  };
  return {
    get count() {
      return owners.size;
    },
    write: (topic, owner, empty) => {
      const known = owners.has(topic);
      const before = owners.get(topic);
      if (empty) {
        if (known) move(before, -1);
        owners.delete(topic);
        return true;
      }
      if (owner !== undefined && before !== owner) {
        if ((counts.get(owner) ?? 0) >= limits.retained) return false;
        if (!known && owners.size >= limits.retainedInAll) return false;
      }
      if (known) move(before, -1);
      move(owner, 1);
      owners.set(topic, owner);
      return true;
    },
  };
}
