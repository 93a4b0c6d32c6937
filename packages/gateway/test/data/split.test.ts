import { DataError, hashOrder, hashSplit, timeSplit } from "@zipml/gateway/data";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const codeOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error instanceof DataError ? error.code : error;
  }
  return "no error";
};

describe("hashSplit", () => {
  it("orders rows by Math.imul(i, 2654435761) >>> 0", () => {
    const rows = 1000;
    const oracle = Array.from({ length: rows }, (_, i) => ({ i, hash: Number((BigInt(i) * 2654435761n) % 2n ** 32n) }))
      .sort((a, b) => a.hash - b.hash)
      .map(({ i }) => i);
    const { train, test } = hashSplit(rows, 0.25);
    expect([...train, ...test]).toEqual(oracle);
    expect(train).toHaveLength(750);
    expect([...hashOrder(rows)]).toEqual(oracle);
  });

  it.each([
    [18_760, 0.25, 14_070],
    [1503, 0.25, 1127],
    [9568, 0.25, 7176],
    [20_640, 10_640, 10_000],
    [10, 0.01, 10],
  ])("of %i rows with holdout %d trains on %i", (rows, holdout, n) => {
    if (n === rows) expect(codeOf(() => hashSplit(rows, holdout))).toBe("split");
    else expect(hashSplit(rows, holdout).train).toHaveLength(n);
  });

  it("trains and tests on every row with holdout 0", () => {
    const { train, test } = hashSplit(5, 0);
    expect([...train].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...test]).toEqual([...train]);
  });

  it.each([-0.1, 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10, 9, 11, 0.99])(
    "of 10 rows refuses holdout %d",
    (h) => {
      expect(codeOf(() => hashSplit(10, h))).toBe("split");
      expect(codeOf(() => timeSplit(new Uint32Array(10), h))).toBe("split");
    },
  );
});

describe("timeSplit", () => {
  it("keeps back the last share of each group", () => {
    const groups = Uint32Array.from([0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1]);
    const { train, test } = timeSplit(groups, 0.25);
    expect([...test]).toEqual([6, 10, 11]);
    expect([...train].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 7, 8, 9]);
  });

  it("is a partition whose test rows come after the training rows of their group; a count is met exactly", () => {
    const groups = fc.array(fc.nat(3), { minLength: 8, maxLength: 200 }).map((list) => Uint32Array.from(list));
    fc.assert(
      fc.property(groups, fc.integer({ min: 2, max: 5 }), (list, count) => {
        const { train, test } = timeSplit(list, count);
        expect(test).toHaveLength(count);
        expect([...train, ...test].sort((a, b) => a - b)).toEqual([...list.keys()]);
        for (const row of test)
          for (const other of train) if (list[other] === list[row]) expect(other).toBeLessThan(row);
      }),
    );
  });
});
