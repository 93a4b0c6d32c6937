import { describe, expect, it } from "vitest";
import { createExactRows } from "../src/exact-rows.ts";

const id = (sequence: number) => ({ session: 1, sequence });
const rows = (count: number) =>
  Array.from({ length: count }, (_, time) => ({ session: 1, time, values: new Float64Array(2) }));
const bytes = (count: number) => count * (16 + 64);

describe("exact rows", () => {
  it("keeps the newest that fit, and gives each out once", () => {
    const exact = createExactRows(bytes(5));
    exact.add(id(0), rows(2));
    exact.add(id(1), rows(2));
    expect(exact.bytes).toBe(bytes(4));
    exact.add(id(2), rows(3));
    expect([exact.ids(), exact.bytes]).toEqual([[id(1), id(2)], bytes(5)]);
    exact.add(id(3), rows(6)); // more than all there is room for: pushes nothing out
    expect(exact.ids()).toEqual([id(1), id(2)]);
    expect(exact.take(id(1))).toHaveLength(2);
    expect(exact.take(id(1))).toBeUndefined();
    expect(exact.bytes).toBe(bytes(3));
  });

  it("forgets what a receipt covers, and all when asked", () => {
    const exact = createExactRows(bytes(100));
    for (let sequence = 0; sequence < 6; sequence++) exact.add(id(sequence), rows(1));
    exact.release({ session: 2, floor: 9, ranges: [] });
    exact.release({ session: 1, floor: 2, ranges: [[4, 4]] });
    expect(exact.ids()).toEqual([id(2), id(3), id(5)]);
    exact.clear();
    expect([exact.ids(), exact.bytes]).toEqual([[], 0]);
  });

  it("keeps nothing by default", () => {
    const exact = createExactRows(0);
    exact.add(id(0), rows(1));
    expect(exact.ids()).toEqual([]);
  });
});
