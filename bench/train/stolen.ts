import { readFileSync } from "node:fs";

/** Ticks of all processors since the system started. */
export interface ProcessorTicks {
  /** In which something ran. */
  readonly worked: number;
  /** In which something was to run, and the host gave the processor to another of its machines. */
  readonly stolen: number;
}

/** @param stat What Linux says in /proc/stat. @returns Undefined where there is no line of all processors. */
export function parseTicks(stat: string): ProcessorTicks | undefined {
  const words = /^cpu +(\d+(?: \d+){7})/m.exec(stat)?.[1]?.split(" ").map(Number);
  if (words === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0, stolen = 0] = words;
  return { worked: user + nice + system + interrupts + soft, stolen };
}

/** Undefined on systems that do not tell. */
export function readTicks(): ProcessorTicks | undefined {
  try {
    return parseTicks(readFileSync("/proc/stat", "utf8"));
  } catch {
    return undefined; // not Linux
  }
}

/** The share of the time asked for that went to other machines of the host, 0 … 1. */
export function stolenShare(before: ProcessorTicks, after: ProcessorTicks): number {
  const stolen = after.stolen - before.stolen;
  const asked = after.worked - before.worked + stolen;
  return asked > 0 ? stolen / asked : 0;
}
