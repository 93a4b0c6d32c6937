import { describe, expect, it } from "vitest";
import { totalShare } from "../../src/coding/range-coder.ts";
import { gains, ShareModel, scales, tails } from "../../src/coding/share-model.ts";
import { createStream } from "../../src/stream.ts";

describe("shares around a prediction", () => {
  it("cover all of 65,536, every group with at least one, whatever prediction, offset and parameters", () => {
    const words = createStream("share model/cover");
    for (const top of [1, 2, 14, 15, 127, 128, 255, 4000, 65_535])
      for (let gain = 0; gain < gains.length; gain++)
        for (let scale = 0; scale < scales; scale++) {
          const model = new ShareModel(top, gain, scale);
          for (let n = 0; n < 3; n++) {
            const offset = (words.word() >>> 24) - 128;
            model.learn((words.word() % (top + 1)) * 256 - offset);
            const group = model.aim(offset);
            let before = model.below(model.first);
            let sound = group >= model.first && group <= model.last && (before === 0) === (model.first === 0);
            for (let at = model.first + 1; at <= model.last + 1; at++) {
              const below = model.below(at);
              sound &&= below > before;
              before = below;
            }
            sound &&= before <= totalShare && (before === totalShare) === (model.last === model.topGroup);
            expect(sound, `top ${top}, gain ${gain}, scale ${scale}`).toBe(true);
          }
        }
  });

  it("are those of the two-sided law that halves every 2^((scale − 8)/2) steps", () => {
    for (let scale = 0; scale < 16; scale++) {
      const model = new ShareModel(255, 0, scale);
      model.learn(100 * 256 + 77);
      model.aim(31);
      const halving = 2 ** ((scale - 8) / 2);
      const law = (x: number): number => (x < 0 ? 2 ** (x / halving) / 2 : 1 - 2 ** (-x / halving) / 2);
      for (let code = model.first + 1; code <= model.last; code++) {
        const exact = law((code * 256 - 128 - 31 - (100 * 256 + 77)) / 256);
        expect(Math.abs(model.below(code) / totalShare - exact)).toBeLessThan(0.005);
      }
    }
  });

  it("round their table as exact arithmetic does", () => {
    // The entry is t where 65,406·2^(−i/256) lies between 2t − 1 and 2t + 1; all three to the 256th power.
    for (const [i, tail] of tails.entries()) {
      const power = (n: number): bigint => BigInt(n) ** 256n * 2n ** BigInt(i);
      const exact = 65_406n ** 256n;
      expect(power(2 * tail - 1) < exact && exact < power(2 * tail + 1), `entry ${i}`).toBe(true);
    }
    expect([tails[0], tails[1], tails[128], tails[255]]).toEqual([32_703, 32_615, 23_125, 16_396]);
  });

  it("learns at first the mean, then by its gain", () => {
    const model = new ShareModel(255, 7, 0);
    for (const position of [1000, 2000, 3000, 2000]) model.learn(position);
    expect(model.aim(0)).toBe(8); // the mean is 2,000, 7.8 steps
    const last = new ShareModel(255, 0, 0);
    for (const position of [1000, 2000, 30_000]) last.learn(position);
    expect(last.aim(0)).toBe(117);
  });
});
