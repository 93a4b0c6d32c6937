import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSentFrames } from "../src/sent-frames.ts";

describe("sent frames", () => {
  it("says of every frame whether it is the first time, as a set would", () => {
    const id = fc.record({ session: fc.integer({ min: 0, max: 1 }), sequence: fc.integer({ min: 0, max: 30 }) });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 80 }), (ids) => {
        const sent = createSentFrames();
        const oracle = new Set<string>();
        for (const { session, sequence } of ids) {
          const key = `${session}/${sequence}`;
          expect(sent.add({ session, sequence })).toBe(!oracle.has(key));
          oracle.add(key);
        }
      }),
      { seed: 11 },
    );
  });
});
