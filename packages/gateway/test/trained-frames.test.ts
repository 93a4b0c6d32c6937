import { describe, expect, it } from "vitest";
import { trainedFrames } from "../src/trained-frames.ts";

const frame = (device: string, session: number, sequence: number) => ({ device, session, sequence });

describe("trained frames", () => {
  it("knows frames by name, whatever the order and over a checkpoint; a value does not change", () => {
    const none = trainedFrames();
    const first = none.with([frame("a", 1, 5), frame("a", 1, 3), frame("b", 1, 0)]);
    expect(none.has(frame("a", 1, 5))).toBe(false);
    for (const known of [first, trainedFrames(JSON.parse(JSON.stringify(first.saved())))]) {
      expect([3, 4, 5, 6].map((sequence) => known.has(frame("a", 1, sequence)))).toEqual([true, false, true, false]);
      expect(known.has(frame("a", 2, 3))).toBe(false);
      expect(known.has(frame("b", 1, 0))).toBe(true);
    }
    expect(first.saved()).toContainEqual({ device: "b", session: 1, sequences: { floor: 1, ranges: [] } });
  });

  it("keeps what was trained of sessions that are held, and forgets those that have left", () => {
    const first = trainedFrames().with([frame("a", 1, 0), frame("b", 1, 0)]);
    const later = first.with([frame("a", 1, 7)]);
    expect([frame("a", 1, 0), frame("a", 1, 7), frame("b", 1, 0)].map(later.has)).toEqual([true, true, false]);
  });
});
