import { describe, expect, it } from "vitest";
import { Prediction, smoothings } from "../../src/coding/prediction.ts";
import { createStream } from "../../src/stream.ts";

function after(number: number, positions: readonly number[], top = 255): number {
  const prediction = new Prediction(top, number);
  for (const position of positions) prediction.learn(position);
  return prediction.next;
}

describe("a prediction", () => {
  it("is at first the mean, then as the smoothing weighs", () => {
    expect(after(4, [1000])).toBe(1000);
    expect(after(4, [1000, 2000])).toBe(1500);
    expect(Math.abs(after(4, [1000, 2000, 3000, 2000]) - 2000)).toBeLessThan(40); // ⌊32/3⌋/32 for 1/3
    expect(after(0, [1000, 2000, 30_000])).toBe(30_000);
    expect(after(2, [0, 1000, 0, 1000])).toBe(625);
  });

  it("tells how far off it was, and nothing for the first", () => {
    const prediction = new Prediction(255, 0);
    expect(prediction.learn(1000)).toBeUndefined();
    expect(prediction.learn(1300)).toBe(300);
    expect(prediction.learn(1250)).toBe(-50);
  });

  it("is near smoothing in real numbers", () => {
    const words = createStream("prediction");
    for (const [number, { level, drift, damping }] of smoothings.entries()) {
      const prediction = new Prediction(4095, number);
      let next = 0;
      let moving = 0;
      let position = 500_000;
      for (let row = 0; row < 500; row++) {
        position += (words.word() % 2001) - 1000;
        prediction.learn(position);
        const error = position - next;
        if (row === 0) next = position;
        else {
          moving = (damping * moving + drift * error) / 32;
          next += (Math.max(level, Math.floor(32 / (row + 1))) * error) / 32 + moving;
        }
        // Rounding to whole units is forgotten as errors are: by less than 1/16 a row, or in a drift by 1/32.
        expect(Math.abs(prediction.next - next)).toBeLessThan(20);
      }
    }
  });

  it("follows a slope where there is a drift, and stays where positions may lie", () => {
    const slope = Array.from({ length: 60 }, (_, i) => 256 * i);
    const behind = smoothings.map((_, number) => 60 * 256 - after(number, slope));
    expect(behind[0]).toBe(256);
    for (const number of [5, 6, 7]) expect(behind[number]).toBeLessThan(180);
    for (const [number] of smoothings.entries()) {
      const steep = after(number, [0, 20_000, 40_000, 65_000, 65_408]);
      expect(steep).toBeLessThanOrEqual(255 * 256 + 128);
      expect(after(number, [65_000, 40_000, 20_000, 0, -127])).toBeGreaterThanOrEqual(-128);
    }
  });
});
