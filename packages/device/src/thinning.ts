import type { Outbox } from "./outbox.ts";

/** What went out under the coarser grid because the outbox was full. Counts are since the agent was made. */
export interface ThinnedCounts {
  /** Rows. */
  readonly rows: number;
  /** Frames that were sealed before and again under it; their rows are among `rows`. */
  readonly again: number;
  /** Whether rows are sealed under it now. */
  readonly active: boolean;
}

/** Whether rows are sealed under the coarser grid, by how full the outbox is. */
export interface Thinning {
  /** Looks how full the outbox is; returns whether rows are thinned now. */
  check(): boolean;
  /** A row did not fit: rows are thinned from now on, however full that is. Returns whether the policy allows it. */
  start(): boolean;
  /** What {@link Thinning.check} would find; asking changes nothing. */
  readonly isActive: boolean;
}

/** Share of the capacity from which on rows are thinned, and below which they are not any more. */
const startShare = 3 / 4;
const endShare = 1 / 2;

/**
 * Begins when three quarters of an outbox's capacity are taken, or a row did not fit, and ends when less than half is;
 * never with another policy than `thin`. Two thresholds, so that it does not come and go with every frame.
 *
 * @param outbox The outbox to watch.
 */
export function createThinning(outbox: Pick<Outbox, "policy" | "usage">): Thinning {
  let active = false;
  const look = (): boolean => {
    if (outbox.policy !== "thin") return false;
    const { bytes, capacity } = outbox.usage();
    return bytes >= (active ? endShare : startShare) * capacity;
  };
  return {
    get isActive() {
      return look();
    },
    check: () => {
      active = look();
      return active;
    },
    start: () => {
      active = outbox.policy === "thin";
      return active;
    },
  };
}
