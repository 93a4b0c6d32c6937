import { profiled, startChild } from "../soak/child.ts";
import { megabytes } from "../soak/measure.ts";
import type { FuzzResult, FuzzStart } from "./target.ts";

/** Bounds of the process that is fuzzed. */
export interface FuzzProcess {
  /** Largest old generation of its heap, MB: one that leaks ends. */
  readonly heap: number;
  /** Folder for a profile of its processor time. */
  readonly profile?: string;
}

/**
 * Fuzzes a gateway in a process of its own.
 *
 * @throws Error when that process ends.
 */
export async function fuzzGateway(start: FuzzStart, { heap, profile }: FuzzProcess): Promise<FuzzResult> {
  const child = startChild(new URL("target.ts", import.meta.url), { ...profiled(profile), heap });
  try {
    return await child.call<FuzzResult>("fuzz", start);
  } finally {
    await child.stop();
  }
}

/** What is wrong with a result; nothing for one that passes. */
export function faultsOf({ valid, growth, faults, events, messages }: FuzzResult): string[] {
  const { sent, stored, twice, missing, receipted } = valid;
  return [
    ...faults,
    ...(stored === sent && missing === 0
      ? []
      : [`of ${sent} valid frames ${stored} were stored, ${missing} are missing`]),
    ...(twice === 0 ? [] : [`${twice} valid frames were stored twice, or not as they were sent`]),
    ...(receipted === sent ? [] : [`of ${sent} valid frames ${receipted} were receipted`]),
    ...((events["refused"] ?? 0) > messages / 10 ? [] : ["hardly anything was refused: the messages are not hostile"]),
    // A short run has not filled the gateway's tables yet.
    ...(growth.flat || messages < 1_000_000
      ? []
      : [`memory grows from ${megabytes(growth.early)} to ${megabytes(growth.late)} MB`]),
  ];
}
