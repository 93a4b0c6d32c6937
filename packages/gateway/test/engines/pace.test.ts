import { describe, expect, it } from "vitest";
import { createPace, type Pace } from "../../src/engines/pace.ts";

/** The members of so many stretches, where `seconds` is what a mini-batch takes so many of them. */
function stretches(pace: Pace, count: number, seconds: (members: number) => number): number[] {
  return Array.from({ length: count }, () => {
    const { members } = pace;
    const batches = pace.stretch(1_000_000);
    pace.record(batches, batches * seconds(members));
    return members;
  });
}

const share = (seen: readonly number[], members: number): number =>
  seen.filter((one) => one === members).length / seen.length;

/** Members that divide the work evenly, and members of which all wait for one that gets a processor a third of the time. */
const even = (members: number): number => 1e-4 / members;
const starved = (members: number): number => (members === 1 ? 1e-4 : 3e-4 / members);

describe("the pace of a team", () => {
  it("stays with the whole team where that is fastest, and tries fewer once in 64 stretches in the long run", () => {
    const pace = createPace(2);
    expect(pace.members).toBe(2);
    stretches(pace, 200, even);
    expect(share(stretches(pace, 650, even), 1)).toBeCloseTo(1 / 65, 6);
  });

  it("leaves one member alone as soon as the team falls behind it, and calls the others again when that has passed", () => {
    const pace = createPace(2);
    stretches(pace, 200, even);
    const disturbed = stretches(pace, 200, starved);
    expect(disturbed.indexOf(1)).toBeLessThanOrEqual(2);
    expect(share(disturbed.slice(2), 1)).toBeGreaterThan(0.95);
    expect(disturbed.slice(2)).toContain(2);
    const after = stretches(pace, 200, even);
    expect(after.indexOf(2)).toBeLessThanOrEqual(65);
    expect(share(after.slice(66), 2)).toBeGreaterThan(0.9);
  });

  it("gets there too where the team was slow from the start", () => {
    const pace = createPace(2);
    expect(share(stretches(pace, 200, starved), 1)).toBeGreaterThan(0.9);
  });

  it.each([
    [8, [1, 2, 4, 8]],
    [5, [1, 2, 3, 5]],
    [3, [1, 2, 3]],
  ])("finds the fastest of a team of %i, whichever of %j it is", (most, sizes) => {
    for (const best of sizes) {
      const seen = stretches(createPace(most), 1000, (members) => 1e-4 * (1 + Math.abs(members - best)));
      expect(seen.filter((members) => !sizes.includes(members))).toEqual([]);
      expect(share(seen.slice(500), best)).toBeGreaterThan(0.95);
    }
  });

  it("judges nothing by what compilers have not finished with: the first stretch, and 0.2 s after it", () => {
    const pace = createPace(2);
    pace.record(pace.stretch(1000), 1);
    let [seconds, tried] = [0, 0];
    while (tried === 0) {
      const batches = pace.stretch(1000);
      // Thrice as slow at first.
      const took = batches * even(2) * (seconds < 0.19 ? 3 : 1);
      pace.record(batches, took);
      seconds += took;
      if (pace.members === 1) tried = seconds;
    }
    expect(tried).toBeGreaterThan(0.2);
    expect(tried).toBeLessThan(0.4);
    expect(share(stretches(pace, 100, even), 2)).toBeGreaterThan(0.9);
  });

  it("is not moved by noise of a tenth", () => {
    const pace = createPace(2);
    let at = 0;
    const noisy = (members: number): number => {
      at += 1;
      return even(members) * (1 + 0.1 * Math.sin(at));
    };
    expect(share(stretches(pace, 500, noisy), 2)).toBeGreaterThan(0.95);
  });

  it("hands out stretches of some 40 ms, even ones, and never more than is left or nothing", () => {
    const pace = createPace(2);
    expect(pace.stretch(1)).toBe(1);
    expect(pace.stretch(64)).toBe(64);
    expect(pace.stretch(65)).toBe(33);
    pace.record(64, 0.0064);
    expect(pace.stretch(1000)).toBe(334);
    expect(pace.stretch(401)).toBe(201);
    expect(pace.stretch(400)).toBe(400);
    pace.record(1, 100);
    pace.record(1, 1000);
    for (let k = 0; k < 40; k++) pace.record(1, 1e9);
    expect(pace.stretch(7)).toBe(1);
  });

  it("bears a clock that stands still", () => {
    const pace = createPace(2);
    for (let k = 0; k < 100; k++) {
      const batches = pace.stretch(1000);
      expect(batches).toBeGreaterThanOrEqual(1);
      expect(batches).toBeLessThanOrEqual(1000);
      pace.record(batches, 0);
    }
  });
});
