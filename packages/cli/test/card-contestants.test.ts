import { describe, expect, it } from "vitest";
import { cardClaim } from "../src/reproduce/figure5/card-claim.ts";
import { paperCard } from "../src/reproduce/figure5/card-contestants.ts";
import type { TimedCurve } from "../src/reproduce/figure5/contestant.ts";
import { syntheticSet } from "../src/reproduce/sets/generated.ts";
import { subjectOf } from "../src/reproduce/sets/subject.ts";

describe("the card in Figure 5", () => {
  it("races by the model's clock, alike from run to run, and reads fewer bytes the fewer bits it has", async () => {
    const subject = subjectOf(syntheticSet(60, 1, 1024));
    const race = { subject, step: 0.25, batch: 64, epochs: 3, seed: 1, signal: new AbortController().signal };
    const curves: TimedCurve[] = [];
    for (const contestant of paperCard) curves.push(await contestant.run(race));
    expect(curves.map(({ name }) => name)).toEqual([
      "float32 lines",
      "Q8 pairs",
      "Q4 pairs",
      "Q2 pairs",
      "4-bit codes",
    ]);
    expect(curves.map(({ bytes }) => bytes / 64 / 1024)).toEqual([4, 2, 1, 1, 1]); // lines of a row
    for (const { clock, seconds, losses } of curves) {
      expect(clock).toBe("modelled");
      expect(seconds).toEqual([0, 1, 2, 3].map((epoch) => epoch * (seconds[1] ?? 0)));
      expect(losses.at(-1)).toBeLessThan(0.25);
    }
    const [, , pairs] = paperCard;
    expect(await pairs?.run(race)).toEqual(curves[2]);
  });

  it("claims what its curves show, between epochs by straight line, and nothing without float32 lines", () => {
    const curve = (name: string, epoch: number, losses: readonly number[]): TimedCurve => ({
      ...{ name, clock: "modelled", bytes: 1, losses },
      seconds: losses.map((_, i) => i * epoch),
    });
    const base = curve("float32 lines", 8, [1, 0.2, 0.1]);
    const claims = cardClaim([base, curve("quick", 1, [1, 0.2, 0.1]), curve("lost", 1, [1, 0.5, 0.4])]);
    expect(claims).toMatchObject([{ verdict: "holds" }]);
    expect(claims[0]?.measured).toMatch(/^modelled, not measured: .* 8 times from quick, never from lost/);
    expect(cardClaim([base, curve("slow", 4, [1, 0.2, 0.1])])).toMatchObject([{ verdict: "does not hold" }]);
    expect(cardClaim([curve("quick", 1, [1])])).toEqual([]);
  });
});
