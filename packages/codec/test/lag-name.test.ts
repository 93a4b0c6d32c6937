import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lagName, lagOf, maxLags } from "../src/lag-name.ts";

describe("names of lagged features", () => {
  it("go back to channel and rows, whatever the channel is called", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: maxLags }), (channel, steps) => {
        expect(lagOf(lagName(channel, steps))).toEqual({ channel, steps });
      }),
    );
    expect(lagName("temperature", 6)).toBe("temperature@-6");
    expect(lagOf("a@-1@-2")).toEqual({ channel: "a@-1", steps: 2 });
  });

  it("are no others", () => {
    for (const name of [
      "temperature",
      "@-1",
      "a@1",
      "a@-0",
      "a@-01",
      "a@-",
      "a@-1.5",
      "a@-1 ",
      `a@-${maxLags + 1}`,
      "",
    ])
      expect(lagOf(name), name).toBeUndefined();
  });
});
