import { expect, test } from "vitest";
import { growthOf, type HeldMemory, heldSlope } from "./measure.ts";

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
