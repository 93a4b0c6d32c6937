import { expect, test } from "vitest";
import { growthOf, type HeldMemory, heldSlope, leftOpen, mostOpened } from "./measure.ts";

const megabyte = 2 ** 20;

/** Ten minutes: a hundred megabytes that fill within the warm-up, noise of garbage, and so many more a minute. */
function run(leak: number): HeldMemory[] {
  return Array.from({ length: 61 }, (_, i) => {
    const at = i * 10;
    const filled = 60 + 100 * Math.min(1, at / 140) + (leak * at) / 60;
    const garbage = (i * 7919) % 5; // 0 to 4 MB, in no order
    return {
      at,
      heap: filled * megabyte,
      external: 7 * megabyte,
      arrayBuffers: 4 * megabyte,
      rss: (40 + filled + garbage) * megabyte,
    };
  });
}

test("memory that fills within the warm-up does not count as growth; a leak does, however slow", () => {
  const warm = 150;
  const [sound, leaking] = [run(0), run(1.5)];
  expect(heldSlope(sound, warm)).toBeCloseTo(0, 6);
  expect(Math.abs(growthOf(sound, warm).slope)).toBeLessThan(megabyte / 2);
  expect(growthOf(sound, warm).flat).toBe(true);
  expect(heldSlope(leaking, warm) / megabyte).toBeCloseTo(1.5, 6);
  expect(growthOf(leaking, warm).slope).toBeGreaterThan(megabyte);
  // What a busy machine made wait at the end is no leak.
  const late = sound.map((point, i) => (i > 55 ? { ...point, rss: point.rss + 20 * megabyte } : point));
  expect(growthOf(late, warm).slope).toBeLessThan(megabyte);
  // Within the warm-up the filling itself would be taken for a leak.
  expect(heldSlope(sound.slice(0, 15), 0)).toBeGreaterThan(megabyte);
});

test("what is open may rise within the bound, not beyond it, under load or after it", () => {
  const point = (at: number, more: number) => ({ at, descriptors: 30 + more, handles: 20 + more });
  const busy = (leak: number) => Array.from({ length: 31 }, (_, at) => point(at, 12 + ((at * 7919) % 3) + leak * at));
  const [before, after] = [point(0, 0), point(32, 2)];
  expect(leftOpen(before, busy(0), after, 15)).toEqual([]);
  expect(leftOpen(before, busy(1), after, 15)).toEqual([
    expect.stringMatching(/^descriptors rise under load/),
    expect.stringMatching(/^handles rise under load/),
  ]);
  expect(leftOpen(before, busy(0), point(32, mostOpened), 15)).toEqual([]);
  expect(leftOpen(before, busy(0), { ...after, descriptors: 31 + mostOpened }, 15)).toEqual([
    `descriptors rise over the run from 30 to ${31 + mostOpened}`,
  ]);
  // Where the system does not list descriptors, handles are judged alone.
  const unlisted = busy(1).map((each) => ({ ...each, descriptors: undefined }));
  expect(leftOpen({ ...before, descriptors: undefined }, unlisted, after, 15)).toHaveLength(2);
});
