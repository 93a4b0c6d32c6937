import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classFigures } from "../../src/train/class-figures.ts";

const figures = (decisions: readonly number[], labels: readonly number[]) =>
  classFigures(Float64Array.from(decisions), Float64Array.from(labels));

describe("figures of classes", () => {
  it("are known by hand", () => {
    const { accuracy, balancedAccuracy, auc } = figures([2, 1, -1, 0.5, -2, -3], [1, 1, 1, -1, -1, -1]);
    expect(accuracy).toBeCloseTo(4 / 6, 15);
    expect(balancedAccuracy).toBeCloseTo(2 / 3, 15);
    expect(auc).toBeCloseTo(8 / 9, 15);
  });

  it("agree with counting pairs and rows, ties half", () => {
    const row = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-1, 1));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
        const [up, down] = [rows.filter(([, label]) => label === 1), rows.filter(([, label]) => label === -1)];
        const right = (part: typeof rows): number =>
          part.filter(([decision, label]) => (decision >= 0 ? 1 : -1) === label).length;
        let pairs = 0;
        for (const [p] of up) for (const [n] of down) pairs += p > n ? 1 : p === n ? 0.5 : 0;
        const { accuracy, balancedAccuracy, auc } = figures(
          rows.map(([decision]) => decision),
          rows.map(([, label]) => label),
        );
        expect(accuracy).toBeCloseTo(right(rows) / rows.length, 12);
        if (up.length === 0 || down.length === 0) {
          expect([balancedAccuracy, auc]).toEqual([Number.NaN, Number.NaN]);
          return;
        }
        expect(balancedAccuracy).toBeCloseTo((right(up) / up.length + right(down) / down.length) / 2, 12);
        expect(auc).toBeCloseTo(pairs / (up.length * down.length), 12);
      }),
    );
  });

  it("end with decisions that are not finite", () => {
    expect(figures([Number.NaN, 1], [1, -1]).accuracy).toBe(0);
  });
});
