import { createStream } from "@zipml/codec";
import { expect, test } from "vitest";
import { latencyBin, latencyBins, latencyCurve, latencyQuantile } from "../../src/engine/latency-histogram.ts";

test("bins rise with the time and never leave their number", () => {
  let before = -1;
  for (let time = 0; time < 2 ** 53; time = Math.floor(time * 1.01) + 1) {
    const bin = latencyBin(time);
    if (bin < before || bin >= latencyBins) expect([time, bin]).toBe(before);
    before = bin;
  }
  expect(latencyBin(2 ** 30 - 1) + 1).toBe(latencyBin(2 ** 30));
});

test("quantiles are those of the times themselves, to the width of a bin", () => {
  const stream = createStream("test/latency");
  const times = Array.from({ length: 20_000 }, () => Math.floor(Math.exp(stream.uniform() * 22)));
  const counts = new Float64Array(latencyBins);
  for (const time of times) counts[latencyBin(time)] = (counts[latencyBin(time)] ?? 0) + 1;
  times.sort((a, b) => a - b);
  for (const share of [0.05, 0.5, 0.95, 0.99]) {
    const exact = times[Math.ceil(share * times.length) - 1] ?? 0;
    expect(Math.abs(latencyQuantile(counts, share) / exact - 1)).toBeLessThan(0.07);
  }
  const curve = latencyCurve(counts);
  expect(curve.at(-1)?.[1]).toBe(1);
  expect(latencyQuantile(new Float64Array(latencyBins), 0.5)).toBeNaN();
});
