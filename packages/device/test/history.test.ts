import { defineSchema } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createHistory } from "../src/history.ts";

const schema = defineSchema([
  { name: "x", unit: "", range: [0, 9], role: "feature" },
  { name: "y", unit: "", range: [0, 9], role: "target" },
]);

describe("history", () => {
  it("holds nothing until it is told to, and then the newest rows", () => {
    const history = createHistory(schema);
    history.add(Float64Array.of(1, 2));
    expect(history.rows).toBe(0);
    history.keep(2);
    expect(history.reading("x", 1)).toBeUndefined();
    for (let i = 3; i < 6; i++) history.add(Float64Array.of(i, 10 * i));
    expect(history.rows).toBe(2);
    expect([history.reading("x", 1), history.reading("y", 1)]).toEqual([5, 50]);
    expect([history.reading("x", 2), history.reading("y", 2)]).toEqual([4, 40]);
    expect(history.reading("x", 3)).toBeUndefined();
  });

  it("knows its channels, and keeps the newest rows when it is to hold fewer", () => {
    const history = createHistory(schema);
    history.keep(3);
    for (let i = 0; i < 3; i++) history.add(Float64Array.of(i, i));
    history.keep(1);
    expect([history.rows, history.reading("x", 1), history.reading("x", 2)]).toEqual([1, 2, undefined]);
    expect([history.has("x"), history.has("z"), history.reading("z", 1)]).toEqual([true, false, undefined]);
    history.keep(0);
    expect(history.rows).toBe(0);
  });
});
