import { createStream } from "@zipml/codec";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TimeOrder } from "../../src/engine/time-order.ts";

/** What a sort by time and number makes of events `from` and on. */
function sorted(times: Float64Array, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i).sort(
    (a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b,
  );
}

test("events come in the order of time and, at one time, of number", () => {
  const order = new TimeOrder();
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 2 ** 40 - 1 })), { maxLength: 300 }),
      fc.nat(20),
      fc.constantFrom(0, 5, 2 ** 45),
      (offsets, skipped, start) => {
        const times = Float64Array.from(offsets, (offset) => start + offset);
        const from = Math.min(skipped, times.length);
        const found = order.of(times, from, times.length, start, start + 2 ** 40);
        expect([...found.subarray(0, times.length - from)]).toEqual(sorted(times, from, times.length));
      },
    ),
  );
});

test.each([
  ["spread over the window", 1, 3e10],
  ["all in a ten-thousandth of it", 1e-4, 3e10],
  ["all in a microsecond of it", 1e-12, 3e10],
  ["in a window of a few microseconds", 1, 7],
])("thousands of events %s", (_, share, span) => {
  const stream = createStream("test/time-order");
  const order = new TimeOrder();
  for (const count of [0, 1, 2, 5000, 20_000]) {
    const times = Float64Array.from({ length: count }, () => Math.floor((stream.word() / 2 ** 32) * span * share));
    expect([...order.of(times, 0, count, 0, span).subarray(0, count)]).toEqual(sorted(times, 0, count));
  }
});
