import { describe, expect, it } from "vitest";
import { nearest, suggestion } from "../src/nearest.ts";

describe("nearest", () => {
  it.each([
    ["temprature", ["humidity", "temperature"], "temperature"],
    ["pe", ["AT", "PE"], "PE"],
    ["zzz", ["humidity", "temperature"], undefined],
    ["x", [], undefined],
  ])("of %j in %j is %j", (name, candidates, best) => {
    expect(nearest(name, candidates)).toBe(best);
  });

  it("lists what there is where none is near", () => {
    expect(suggestion("zzz", ["humidity", "indoor"])).toBe("; there is humidity, indoor");
    expect(suggestion("indor", ["humidity", "indoor"])).toBe('; did you mean "indoor"?');
    expect(suggestion("x", [])).toBe("");
  });
});
