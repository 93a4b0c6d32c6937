import { defineSchema, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { type Asked, createAsked, nextAfter } from "../../src/levels/asked.ts";

const grid = uniformGrid(defineSchema([{ name: "x", unit: "", range: [0, 1], role: "feature" }]), { epoch: 4 });
const asking = (at: number, version: number, before?: Asked): Asked =>
  createAsked({ grid, at, isRetry: false }, [version], before);
const refused = (version: number) => ({ session: 1, version, status: "refused", reason: "no" }) as const;
const applied = (version: number) => ({ session: 1, version, status: "applied", from: 0, grid: 4 }) as const;

describe("what was asked for", () => {
  it("counts the answers to its own versions, the last of each device", () => {
    const asked = createAsked({ grid, at: 0, isRetry: false }, [7, 9], undefined);
    asked.answer("a", refused(8), true);
    expect(asked).toMatchObject({ version: 9, applied: 0, refused: 0, collided: false });
    asked.answer("a", refused(7), false);
    asked.answer("b", applied(9), false);
    asked.answer("b", applied(9), false);
    expect(asked).toMatchObject({ applied: 1, refused: 1, collided: false });
    asked.answer("a", applied(9), false);
    expect(asked).toMatchObject({ applied: 2, refused: 0 });
    asked.answer("a", refused(9), true);
    expect(asked).toMatchObject({ applied: 1, refused: 1, collided: true });
  });

  it("waits ever longer for the next as long as no device takes any, up to 1,024 times", () => {
    let asked = asking(0, 1);
    expect(nextAfter(asked, 100)).toBe(100);
    for (let i = 1; i < 15; i++) {
      asked.answer("a", refused(i), false);
      expect(nextAfter(asked, 100)).toBe(100 * 2 ** Math.min(i, 10));
      asked = asking(0, i + 1, asked);
    }
    asked.answer("b", applied(15), false);
    expect(nextAfter(asking(5, 16, asked), 100)).toBe(105);
  });
});
