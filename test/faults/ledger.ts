import { readFile } from "node:fs/promises";
import { rowNumber } from "./readings.ts";
import type { LoggedFrame } from "./stored.ts";

/** Rows of one device that it durably noted as accepted. */
export async function readAccepted(file: string): Promise<Set<number>> {
  const accepted = new Set<number>();
  const text = await readFile(file, "utf8").catch(() => "");
  for (const line of text.split("\n").slice(0, -1)) {
    const [hi = 0, from = 0, to = -1] = line.split(" ").map(Number);
    for (let lo = from; lo <= to; lo++) accepted.add(rowNumber(hi, lo));
  }
  return accepted;
}

/** What became of rows. */
export interface Balance {
  /** Rows whose push resolved and was noted durably. */
  readonly accepted: number;
  /** Rows in the store. */
  readonly stored: number;
  /** Accepted and not stored. */
  readonly lost: number;
  /** Stored more than once. */
  readonly duplicated: number;
  /** Stored, and pushed just before a kill, so that no note says whether the push resolved: at most a burst a kill. */
  readonly unconfirmed: number;
  /** Stored, and never pushed. */
  readonly unexpected: number;
  /** The first few numbers of what is wrong. */
  readonly examples: readonly string[];
}

/**
 * Compares what devices accepted with what is stored.
 *
 * @param accepted By device.
 * @param frames What is stored, each frame once.
 * @param burst Most rows that a device has under way.
 */
export function balance(
  accepted: ReadonlyMap<string, ReadonlySet<number>>,
  frames: readonly LoggedFrame[],
  burst: number,
): Balance {
  const times = new Map<string, Map<number, number>>();
  for (const { device, rows } of frames) {
    const counts = times.get(device) ?? new Map<number, number>();
    times.set(device, counts);
    for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  const sums = { accepted: 0, stored: 0, lost: 0, duplicated: 0, unconfirmed: 0, unexpected: 0 };
  const examples: string[] = [];
  const wrong = (kind: "lost" | "duplicated" | "unexpected", device: string, row: number): void => {
    sums[kind] += 1;
    if (examples.length < 12)
      examples.push(`${kind} ${device} ${Math.floor(row / rowNumber(1, 0))}:${row % rowNumber(1, 0)}`);
  };
  for (const [device, rows] of accepted) {
    sums.accepted += rows.size;
    for (const row of rows) if (!times.get(device)?.has(row)) wrong("lost", device, row);
  }
  for (const [device, counts] of times) {
    const known = accepted.get(device) ?? new Set<number>();
    for (const [row, count] of counts) {
      sums.stored += count;
      if (count > 1) wrong("duplicated", device, row);
      if (known.has(row)) continue;
      // Pushed after the last note of a run: the run's last accepted row lies at most a burst below.
      const lo = row % rowNumber(1, 0);
      const near = lo < burst || Array.from({ length: burst }, (_, i) => row - 1 - i).some((other) => known.has(other));
      if (near) sums.unconfirmed += 1;
      else wrong("unexpected", device, row);
    }
  }
  return { ...sums, examples };
}
