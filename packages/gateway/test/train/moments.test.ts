import { createQuantizer, createStream, type Quantizer } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combineMoments, createMoments, type SampleBlock } from "../../src/train/index.ts";
import { codeBlocks, gaussian, quantizerOf } from "./support/data.ts";

const columns = 3;
const quantizer = quantizerOf([
  { low: -3, high: 3, bits: 4, samples: 2 },
  { low: 0, high: 5, bits: 5, samples: 3 },
  { low: -2, high: 7, bits: 8, samples: 1 },
]);

function rowsOf(rows: number, seed: number): Float64Array {
  const stream = createStream(`test/moments/${seed}`);
  const values = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const shared = gaussian(stream);
    values.set([shared, 2.5 + 0.5 * shared + 0.3 * gaussian(stream), 2 + shared + gaussian(stream)], r * columns);
  }
  return values;
}

/** Means and corrected covariance straight from decoded values, as an oracle. */
function direct(blocks: readonly { quantizer: Quantizer; codes: Uint16Array }[]) {
  const means: number[][] = [];
  const spreads: number[][] = [];
  for (const block of blocks) {
    const m = new Float64Array(block.codes.length);
    const d = new Float64Array(block.codes.length);
    block.quantizer.meansInto(block.codes, m);
    block.quantizer.spreadsInto(block.codes, d);
    for (let i = 0; i < m.length; i += columns) {
      means.push([...m.slice(i, i + columns)]);
      spreads.push([...d.slice(i, i + columns)]);
    }
  }
  const average = (f: (r: number) => number): number => means.reduce((total, _, r) => total + f(r), 0) / means.length;
  const mean = Array.from({ length: columns }, (_, i) => average((r) => means[r]?.[i] as number));
  const spread = Array.from({ length: columns }, (_, i) => average((r) => spreads[r]?.[i] as number));
  const covariance = mean.flatMap((mi, i) =>
    mean.map(
      (mj, j) =>
        average((r) => ((means[r]?.[i] as number) - mi) * ((means[r]?.[j] as number) - mj)) -
        (i === j ? (spread[i] as number) : 0),
    ),
  );
  return { mean, spread, covariance };
}

function expectClose(actual: ArrayLike<number> | undefined, expected: readonly number[]): void {
  expect(actual?.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual?.[i]).toBeCloseTo(value, 10);
}

describe("moments of codes", () => {
  const blocks = codeBlocks(rowsOf(700, 1), quantizer, createStream("test/moments/draws"), 61);

  it("equal what the decoded values give", () => {
    const moments = createMoments(quantizer);
    for (const block of blocks) moments.add(block);
    const { rows, means, spreads, variances, covariance } = moments.summary();
    const expected = direct(blocks as never);
    expect(rows).toBe(700);
    expectClose(means, expected.mean);
    expectClose(spreads, expected.spread);
    expectClose(covariance, expected.covariance);
    expectClose(
      variances,
      [0, 1, 2].map((i) => expected.covariance[i * 4] as number),
    );
  });

  it("merge to the same bits in any order and grouping", () => {
    const whole = createMoments(quantizer);
    for (const block of blocks) whole.add(block);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(blocks, { minLength: blocks.length }),
        fc.array(fc.nat({ max: 3 }), { minLength: blocks.length, maxLength: blocks.length }),
        (order, groups) => {
          const parts = Array.from({ length: 4 }, () => createMoments(quantizer));
          for (const [i, block] of order.entries()) parts[groups[i] as number]?.add(block);
          const merged = createMoments(quantizer);
          for (const part of parts) merged.merge(part);
          expect(merged.rows).toBe(whole.rows);
          expect(merged.sums()).toEqual(whole.sums());
          expect(merged.summary()).toEqual(whole.summary());
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });

  it("take columns in the order asked for, and only squares where that is enough", () => {
    const full = createMoments(quantizer);
    const some = createMoments(quantizer, { columns: [2, 0] });
    const squares = createMoments(quantizer, { products: false });
    for (const block of blocks) for (const moments of [full, some, squares]) moments.add(block);
    const expected = full.summary();
    expect(squares.summary().covariance).toBeUndefined();
    expectClose(squares.summary().variances, [...expected.variances]);
    expectClose(
      some.summary().covariance,
      [8, 6, 2, 0].map((i) => expected.covariance?.[i] as number),
    );
  });

  it("estimate the exact rows' covariance without bias: within 5 standard errors", () => {
    const values = rowsOf(20_000, 2);
    const moments = createMoments(quantizer);
    for (const block of codeBlocks(values, quantizer, createStream("test/moments/large"))) moments.add(block);
    const raw = createMoments(columns);
    raw.add({ kind: "values", rows: 20_000, values });
    // The second column has five intervals and values inside: variance 0.34 with 0.25 of quantization.
    const { variances, spreads } = moments.summary();
    const exact = raw.summary().variances;
    for (const i of [0, 1]) {
      const error =
        2 * Math.sqrt(((exact[i] as number) * (spreads[i] as number) + (spreads[i] as number) ** 2) / 20_000);
      expect(Math.abs((variances[i] as number) - (exact[i] as number))).toBeLessThan(5 * error);
      // Negative control: without the correction it is far off.
      expect((variances[i] as number) + (spreads[i] as number) - (exact[i] as number)).toBeGreaterThan(5 * error);
    }
  });
});

describe("moments of raw rows and raw targets", () => {
  it("keep their digits about a large mean", () => {
    const values = rowsOf(500, 3).map((value) => value + 1e7);
    const near = createMoments(columns);
    near.add({ kind: "values", rows: 500, values: rowsOf(500, 3) });
    const far = createMoments(columns);
    far.add({ kind: "values", rows: 200, values: values.slice(0, 600) });
    const rest = createMoments(columns);
    rest.add({ kind: "values", rows: 300, values: values.slice(600) });
    far.merge(rest);
    for (const [i, value] of (near.summary().covariance ?? []).entries())
      expect(far.summary().covariance?.[i]).toBeCloseTo(value, 6);
  });

  it("put raw targets last", () => {
    const values = rowsOf(400, 4);
    const targets = Float64Array.from({ length: 400 }, (_, r) => 3 * (values[r * columns] as number) + 1000);
    const moments = createMoments(quantizer, { columns: [0, 1], targets: true });
    for (const block of codeBlocks(values, quantizer, createStream("test/moments/targets"), 90, targets))
      moments.add(block);
    const { means, covariance, columns: size } = moments.summary();
    expect(size).toBe(3);
    expect(means[2]).toBeCloseTo(targets.reduce((total, value) => total + value, 0) / 400, 9);
    const cross = (covariance?.[2] as number) / (covariance?.[0] as number);
    expect(cross).toBeGreaterThan(2.8);
    expect(cross).toBeLessThan(3.2);
    expect(covariance?.[8]).toBeGreaterThan(0);
  });

  it("join several grids as one set of rows", () => {
    const other = quantizerOf([
      { low: -6, high: 4, bits: 6, samples: 2 },
      { low: -1, high: 6, bits: 4, samples: 4 },
      { low: -4, high: 9, bits: 8, samples: 1 },
    ]);
    const first = codeBlocks(rowsOf(300, 5), quantizer, createStream("test/moments/first"));
    const second = codeBlocks(rowsOf(200, 6), other, createStream("test/moments/second"));
    const parts = [first, second].map((blocks, i) => {
      const moments = createMoments(i === 0 ? quantizer : other);
      for (const block of blocks) moments.add(block);
      return moments.summary();
    });
    const joined = combineMoments(parts);
    const expected = direct([...first, ...second] as never);
    expect(joined.rows).toBe(500);
    expectClose(joined.means, expected.mean);
    expectClose(joined.covariance, expected.covariance);
  });
});

describe("refusals", () => {
  const block = (fields: Partial<Extract<SampleBlock, { kind: "codes" }>> = {}): SampleBlock => ({
    kind: "codes",
    rows: 1,
    quantizer,
    codes: Uint16Array.of(1, 2, 3),
    ...fields,
  });
  const refused = (code: string) => expect.objectContaining({ name: "TrainingError", code });

  it.each([
    ["a code above the top", block({ codes: Uint16Array.of(15, 0, 0) })],
    ["a wrong length", block({ codes: Uint16Array.of(1, 2) })],
    ["another quantizer", block({ quantizer: createQuantizer(quantizer.grid) })],
    ["targets that were not announced", block({ targets: Float64Array.of(1) })],
    ["raw rows", { kind: "values", rows: 1, values: new Float64Array(columns) } as const],
  ])("%s", (_, bad) => {
    expect(() => createMoments(quantizer).add(bad)).toThrow(refused("rows"));
  });

  it("values and targets that are not finite", () => {
    const values = Float64Array.of(1, Number.NaN, 3);
    expect(() => createMoments(columns).add({ kind: "values", rows: 1, values })).toThrow(refused("rows"));
    const bad = block({ targets: Float64Array.of(Number.POSITIVE_INFINITY) });
    expect(() => createMoments(quantizer, { targets: true }).add(bad)).toThrow(refused("rows"));
  });

  it("more rows than whole numbers can count, other kinds in a merge, no rows, columns outside", () => {
    const wide = quantizerOf([{ low: 0, high: 1, bits: 16, samples: 1 }]);
    const moments = createMoments(wide);
    moments.add({ kind: "codes", rows: 1, quantizer: wide, codes: Uint16Array.of(9) });
    const full = { ...moments, rows: 2 ** 22, sums: () => ({ ...moments.sums(), rows: 2 ** 22 }) };
    expect(() => moments.merge(full)).toThrow(refused("rows"));
    expect(() => moments.merge(createMoments(quantizer))).not.toThrow();
    const other = createMoments(columns);
    other.add({ kind: "values", rows: 1, values: new Float64Array(columns) });
    expect(() => moments.merge(other)).toThrow(refused("rows"));
    expect(() => createMoments(quantizer).summary()).toThrow(refused("rows"));
    expect(() => combineMoments([])).toThrow(refused("rows"));
    expect(() => createMoments(quantizer, { columns: [3] })).toThrow(refused("options"));
    expect(() => createMoments(columns, { targets: true })).toThrow(refused("options"));
  });
});
