import { describe, expect, it } from "vitest";
import { compareModes } from "./mode-cases.ts";

describe("fast and clocked mode", () => {
  it("agree on every counter and every bit of the model", () => {
    // The cases do reach the ends of 32 bits.
    expect(compareModes(40, 25, 8)).toBeGreaterThan(0);
  });
});
