import { createStream } from "@zipml/codec";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventHeap } from "../../src/engine/event-heap.ts";

test("events come in the order of time and, at one time, of device", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 1000 }))), (events) => {
      const heap = new EventHeap(events.length + 1);
      for (const [time, device] of events) heap.push(time, device);
      const out: [number, number][] = [];
      while (heap.size > 0) {
        out.push([heap.time, heap.device]);
        heap.pop();
      }
      expect(out).toEqual([...events].sort(([a, i], [b, j]) => a - b || i - j));
    }),
  );
});

test("a device that comes again and again goes by the same order as a sorted list", () => {
  const stream = createStream("test/heap");
  const heap = new EventHeap(50);
  const list: [number, number][] = [];
  for (let device = 0; device < 50; device++) {
    const time = stream.word() % 1000;
    heap.push(time, device);
    list.push([time, device]);
  }
  for (let step = 0; step < 1000; step++) {
    list.sort(([a, i], [b, j]) => a - b || i - j);
    const [time, device] = list[0] ?? [0, 0];
    expect([heap.time, heap.device]).toEqual([time, device]);
    const next = time + (stream.word() % 40);
    list[0] = [next, device];
    heap.replace(next);
  }
  heap.clear();
  expect(heap.size).toBe(0);
});

test("a full heap takes no more", () => {
  const heap = new EventHeap(1);
  heap.push(1, 1);
  expect(() => heap.push(2, 2)).toThrow(RangeError);
});
