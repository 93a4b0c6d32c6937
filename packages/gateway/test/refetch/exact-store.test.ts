import { describe, expect, it } from "vitest";
import { createExactStore } from "../../src/refetch/exact-store.ts";

const place = (row: number, device = "a") => ({ device, session: 1, sequence: 2, row });

describe("createExactStore", () => {
  it("keeps the first readings of a row, and that it is gone until some come", () => {
    const store = createExactStore(100_000);
    expect(store.get(place(0))).toBeUndefined();
    expect(store.add(place(0), Float64Array.of(1, 2), true)).toBe(true);
    expect(store.add(place(0), "gone", true)).toBe(false);
    expect(store.add(place(1), "gone", true)).toBe(true);
    expect(store.add(place(1), "gone", true)).toBe(false);
    expect(store.add(place(2), "gone", true)).toBe(true);
    expect(store.add(place(2), Float64Array.of(7), true)).toBe(true);
    expect(store.get(place(2))).toEqual(Float64Array.of(7));
    expect(store.add(place(1, "b"), Float64Array.of(3), true)).toBe(true);
    expect([store.get(place(0)), store.get(place(1)), store.rows]).toEqual([Float64Array.of(1, 2), "gone", 3]);
    expect(store.bytes).toBe(4 * 200 + 8 * 4);
  });

  it("takes no more room than it may: the oldest answers leave", () => {
    const store = createExactStore(10 * 216);
    for (let row = 0; row < 25; row++) store.add(place(row), Float64Array.of(row, row), true);
    expect([store.rows, store.bytes]).toEqual([10, 10 * 216]);
    expect([store.get(place(14)), store.get(place(15))]).toEqual([undefined, Float64Array.of(15, 15)]);
    store.add(place(99), "gone", true); // takes less room
    expect(store.bytes).toBeLessThanOrEqual(10 * 216);
  });

  it("lets nothing that is not wanted push out another", () => {
    const store = createExactStore(3 * 216);
    for (let row = 0; row < 5; row++) store.add(place(row), Float64Array.of(row, row), false);
    expect([store.rows, store.get(place(2)), store.get(place(3))]).toEqual([3, Float64Array.of(2, 2), undefined]);
    expect(store.add(place(3), Float64Array.of(3, 3), true)).toBe(true);
    expect(store.get(place(0))).toBeUndefined();
  });
});
