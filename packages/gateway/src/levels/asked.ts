import type { Grid } from "@zipml/codec";
import type { Reported } from "@zipml/protocol";

/** A grid that devices were asked to run with, and what they have answered. */
export interface Asked {
  readonly grid: Grid;
  /** When, ms on the clock. */
  readonly at: number;
  /** Highest version of the configurations that say so. */
  readonly version: number;
  /** Whether it is the one before it again, under another epoch. */
  readonly isRetry: boolean;
  /** How many grids before it no device took, one after another. */
  readonly rejections: number;
  /** Devices that took it, and that refused it. */
  readonly applied: number;
  readonly refused: number;
  /** Whether a device refused it because it has used the epoch for another grid. */
  readonly collided: boolean;
  /** Takes a device's answer; one to another version changes nothing. */
  answer(device: string, message: Reported, knowsEpoch: boolean): void;
}

/** What was asked for, and when. */
export type AskedFacts = Pick<Asked, "grid" | "at" | "isRetry">;

/**
 * @param facts What was asked for, and when, ms on the clock.
 * @param versions Of the configurations that say so.
 * @param before What was asked for before it.
 */
export function createAsked(facts: AskedFacts, versions: readonly number[], before: Asked | undefined): Asked {
  const ofThis = new Set(versions);
  const applied = new Set<string>();
  const refused = new Set<string>();
  const wasRejected = before !== undefined && before.refused > 0 && before.applied === 0;
  let collided = false;
  return {
    ...facts,
    version: versions.reduce((highest, version) => Math.max(highest, version), 0),
    rejections: wasRejected ? before.rejections + 1 : 0,
    get applied() {
      return applied.size;
    },
    get refused() {
      return refused.size;
    },
    get collided() {
      return collided;
    },
    answer: (device, { version, status }, knowsEpoch) => {
      if (!ofThis.has(version)) return;
      if (status === "applied") {
        applied.add(device);
        refused.delete(device);
      } else {
        refused.add(device);
        applied.delete(device);
        collided ||= knowsEpoch;
      }
    },
  };
}

/** Most doublings of the time between two grids. */
const mostDoublings = 10;

/**
 * When the next grid may be asked for: what no device takes is followed by ever longer waits.
 *
 * @param asked The last one.
 * @param milliseconds Shortest time between two.
 */
export function nextAfter({ at, rejections, applied, refused }: Asked, milliseconds: number): number {
  const inARow = rejections + (refused > 0 && applied === 0 ? 1 : 0);
  return at + milliseconds * 2 ** Math.min(inARow, mostDoublings);
}
