import { describe, expect, it } from "vitest";
import { compareModes } from "./mode-cases.ts";

describe("fast and clocked mode", () => {
  it("agree on every counter and every bit of the model, for many shapes", () => {
    expect(compareModes(500, 60, 9)).toBeGreaterThan(0);
  });
});
