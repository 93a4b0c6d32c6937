import { encodeCounts } from "@zipml/codec/levels";
import { describe, expect, it } from "vitest";
import { createWindows, type LevelWindow } from "../../src/levels/windows.ts";

const windowOf = (counts: readonly number[], fields: Partial<LevelWindow> = {}): LevelWindow => ({
  session: 1,
  window: 1,
  low: 0,
  high: 1,
  bins: counts.length,
  below: 0,
  above: 0,
  counts: encodeCounts(counts),
  ...fields,
});

const shown = (windows: ReturnType<typeof createWindows>, ...devices: string[]): unknown => {
  const merged = windows.merged("x", devices, 0, 1);
  return merged && [[...merged.histogram.counts], merged.clipped];
};

describe("windows", () => {
  it("adds up devices, and takes each window once", () => {
    const windows = createWindows(1e6);
    expect(windows.put("a", "x", windowOf([1, 2, 0], { below: 3 }))).toBe(true);
    expect(windows.put("b", "x", windowOf([0, 5, 1], { above: 1 }))).toBe(true);
    expect(windows.put("a", "x", windowOf([1, 2, 0], { below: 3 }))).toBe(false); // it came again
    expect(shown(windows, "a", "b")).toEqual([[1, 7, 1], 4]);
    expect(shown(windows, "a")).toEqual([[1, 2, 0], 3]);
    expect(shown(windows, "c")).toBeUndefined();
    expect(windows.merged("z", ["a"], 0, 1)).toBeUndefined();
    expect(windows.size).toBe(2);
  });

  it("keeps the latest of a device and channel: an older one that a broker kept changes nothing", () => {
    const windows = createWindows(1e6);
    windows.put("a", "x", windowOf([1, 1], { window: 5 }));
    expect(windows.put("a", "x", windowOf([9, 9], { window: 4 }))).toBe(false);
    expect(windows.put("a", "x", windowOf([2, 0], { window: 6 }))).toBe(true);
    expect(shown(windows, "a")).toEqual([[2, 0], 0]);
    expect(windows.put("a", "x", windowOf([0, 3], { window: 1, session: 2 }))).toBe(true);
    expect(shown(windows, "a")).toEqual([[0, 3], 0]);
  });

  it("leaves out what is over another range, or has other bins than most", () => {
    const windows = createWindows(1e6);
    windows.put("a", "x", windowOf([1, 1]));
    windows.put("b", "x", windowOf([1, 1]));
    windows.put("c", "x", windowOf([7, 7, 7]));
    windows.put("d", "x", windowOf([5, 5], { high: 2 }));
    expect(shown(windows, "c", "a", "b", "d")).toEqual([[2, 2], 0]);
  });

  it("refuses bytes that are no counts, and keeps what it had", () => {
    const windows = createWindows(1e6);
    windows.put("a", "x", windowOf([1, 1]));
    const bad = windowOf([1, 1], { window: 2, counts: Uint8Array.of(1) });
    expect(() => windows.put("a", "x", bad)).toThrow(expect.objectContaining({ name: "DecodeError", code: "length" }));
    expect(shown(windows, "a")).toEqual([[1, 1], 0]);
  });

  it("is bounded: the longest silent give way, and one device can't push out the others", () => {
    const counts = Array.from({ length: 4096 }, (_, i) => i + 1);
    const windows = createWindows(200_000);
    for (let i = 0; i < 60; i++) {
      windows.put(`d${i}`, "x", windowOf(counts));
      windows.put("d0", "x", windowOf(counts, { window: i + 2 }));
      expect(windows.bytes).toBeLessThanOrEqual(200_000);
    }
    expect(shown(windows, "d1")).toBeUndefined();
    expect(shown(windows, "d0")).toBeDefined();
    expect(shown(windows, "d59")).toBeDefined();
    const roomy = createWindows(10_000_000);
    roomy.put("honest", "x", windowOf([1, 1]));
    for (let i = 0; i < 2000; i++) roomy.put("greedy", `c${i}`, windowOf(counts));
    expect(roomy.bytes).toBeLessThan(200_000);
    expect(shown(roomy, "honest")).toEqual([[1, 1], 0]);
  });
});
