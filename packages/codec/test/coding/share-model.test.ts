import { describe, expect, it } from "vitest";
import { smoothings } from "../../src/coding/prediction.ts";
import { totalShare } from "../../src/coding/range-coder.ts";
import { odds, paces, ShareModel, starts } from "../../src/coding/share-model.ts";
import { createStream } from "../../src/stream.ts";

/** Bounds of the window's shares: below(first), …, below(last + 1). */
const boundsOf = (model: ShareModel): number[] =>
  Array.from({ length: model.last - model.first + 2 }, (_, i) => model.below(model.first + i));

describe("shares around a prediction", () => {
  it("cover all of 65,536, every group with at least one, whatever was learned, offset and parameters", () => {
    const words = createStream("share model/cover");
    for (const top of [1, 2, 14, 15, 127, 128, 255, 4000, 65_535])
      for (let smoothing = 0; smoothing < smoothings.length; smoothing++)
        for (let start = 0; start < starts; start++) {
          const aware = words.word() % 2 === 0;
          const model = new ShareModel(top, { aware, smoothing, pace: words.word() % paces.length, start });
          for (let n = 0; n < 4; n++) {
            const offset = aware ? (words.word() >>> 24) - 128 : 0;
            model.learn((words.word() % (top + 1)) * 256 - offset);
            const group = model.aim(offset);
            const { first, last, topGroup, shift } = model;
            const bounds = boundsOf(model);
            const rises = bounds.every((bound, i) => i === 0 || bound > (bounds[i - 1] as number));
            const ends = [bounds[0] === 0, bounds.at(-1) === totalShare];
            const sound = rises && group >= first && group <= last && topGroup === top >> shift;
            expect([sound, ...ends], `top ${top}, smoothing ${smoothing}, start ${start}`).toEqual([
              true,
              first === 0,
              last === topGroup,
            ]);
          }
        }
  });

  it.each([true, false])("are those of the law, offsets used: %s", (aware) => {
    for (let start = 0; start < starts; start++) {
      const model = new ShareModel(65_535, { aware, smoothing: 0, pace: 0, start });
      const position = 30_000 * 256 + (aware ? 77 : 0);
      model.learn(position);
      const offset = aware ? 31 : 0;
      model.aim(offset);
      const mean = 2 ** (start - 4);
      const width = aware ? Math.sqrt(Math.max(1 / 256, mean * mean - 1 / 16)) : mean + 1 / 8;
      const law = (x: number): number => {
        const against = 2 ** ((-1.75 * Math.abs(x)) / width);
        const tail = against / (1.5 + against / 2);
        return x < 0 ? tail : 1 - tail;
      };
      const bounds = boundsOf(model);
      for (const [i, bound] of bounds.entries()) {
        const edge = (model.first + i) * 2 ** model.shift - (position + 128 + offset) / 256;
        // A thousandth for the floor of a share each, and what rounding distance and rate to whole numbers comes to.
        if (i > 0 && i + 1 < bounds.length) expect(Math.abs(bound / totalShare - law(edge))).toBeLessThan(0.006);
      }
    }
  });

  it("round their table as exact arithmetic does", () => {
    // The entry is t where 2^17·2^(−i/256) lies between 2t − 1 and 2t + 1; all three to the 256th power.
    for (const [i, odd] of odds.entries()) {
      const power = (n: number): bigint => BigInt(n) ** 256n * 2n ** BigInt(i);
      const exact = 2n ** (17n * 256n);
      expect(power(2 * odd - 1) < exact && exact < power(2 * odd + 1), `entry ${i}`).toBe(true);
    }
    expect([odds[0], odds[1], odds[128], odds[255]]).toEqual([65_536, 65_359, 46_341, 32_857]);
  });

  it("widen after large errors and narrow after small ones, the faster the smaller the pace's number", () => {
    const shareAfter = (pace: number, errors: readonly number[]): number => {
      const model = new ShareModel(4095, { aware: true, smoothing: 0, pace, start: 6 });
      let position = 256 * 2000;
      model.learn(position);
      for (const error of errors) {
        position += 256 * error;
        model.learn(position);
      }
      model.aim(0);
      return model.below((position >> 8) + 1) - model.below(position >> 8);
    };
    const quiet = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? 0.25 : -0.25));
    const before = shareAfter(2, []);
    const after = paces.map((_, pace) => shareAfter(pace, quiet));
    for (const share of after) expect(share).toBeGreaterThan(before);
    expect(after).toEqual([...after].sort((a, b) => b - a));
    for (const [pace] of paces.entries()) expect(shareAfter(pace, [200, -200])).toBeLessThan(before);
  });

  it("stay sound where errors are as large as they get, row after row", () => {
    for (const [pace] of paces.entries())
      for (const [smoothing] of smoothings.entries()) {
        const model = new ShareModel(65_535, { aware: true, smoothing, pace, start: 15 });
        for (let n = 0; n < 400; n++) {
          const high = n % 3 === 0;
          model.learn(high ? 65_535 * 256 + 128 : -127);
          const group = model.aim(high ? 127 : -128);
          expect(group >= model.first && group <= model.last && model.below(group + 1) > model.below(group)).toBe(true);
        }
      }
  });
});
