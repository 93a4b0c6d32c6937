import type { SegmentKind } from "./segment.ts";

/** A segment on disk and what in it is kept. */
export interface SegmentInfo {
  readonly number: number;
  /** undefined where its head is damaged. */
  readonly kind: SegmentKind | undefined;
  /** Bytes of the file. */
  length: number;
  /** Rows and frames in it that are kept. */
  live: number;
  liveBytes: number;
  /** Segments whose refused end only this one tells of; it stays for as long as they do. */
  readonly cuts: readonly number[];
}

/** The segments on disk. */
export interface SegmentTable {
  readonly segments: ReadonlyMap<number, SegmentInfo>;
  /** Bytes of all files. */
  bytes(): number;
  /** A number that no segment had before. */
  nextNumber(): number;
  add(info: Omit<SegmentInfo, "live" | "liveBytes">): SegmentInfo;
  remove(number: number): void;
  /** A kept record of so many bytes lies in the segment. */
  hold(number: number, size: number): void;
  /** It is kept no longer, or lies elsewhere now. */
  free(number: number, size: number): void;
}

/** An empty table. */
export function createSegmentTable(): SegmentTable {
  const segments = new Map<number, SegmentInfo>();
  let highest = 0;
  const change = (number: number, live: number, bytes: number): void => {
    const info = segments.get(number);
    if (info === undefined) return;
    info.live += live;
    info.liveBytes += bytes;
  };
  return {
    segments,
    bytes: () => {
      let sum = 0;
      for (const { length } of segments.values()) sum += length;
      return sum;
    },
    nextNumber: () => {
      highest += 1;
      return highest;
    },
    add: (given) => {
      const info = { ...given, live: 0, liveBytes: 0 };
      segments.set(info.number, info);
      highest = Math.max(highest, info.number);
      return info;
    },
    remove: (number) => {
      segments.delete(number);
    },
    hold: (number, size) => change(number, 1, size),
    free: (number, size) => change(number, -1, -size),
  };
}
