import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createBatch } from "../../src/train/batch.ts";
import type { EstimatorName, SampleBlock, Task } from "../../src/train/index.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import { codeBlocks, quantizerOf, valueSource } from "./support/data.ts";

// Features in another order than the columns; one column unused, one with an alphabet too large for a table.
const quantizer = quantizerOf([
  { low: -2, high: 5, bits: 8, samples: 1 },
  { low: 0, high: 10, bits: 14, samples: 2 },
  { low: -1, high: 1, bits: 4, samples: 2 },
  { low: 3, high: 3, bits: 4, samples: 2 },
  { low: -1, high: 4, bits: 4, samples: 3 },
]);
const task: Task = {
  features: [4, 1, 3].map((column) => ({ name: `c${column}`, unit: "", column })),
  target: { name: "c0", unit: "", column: 0 },
};
const scaling = {
  rows: 40,
  means: Float64Array.from([1, 5, 3]),
  deviations: Float64Array.from([2, 4, 0]),
  spreads: new Float64Array(3),
  targetMean: 1,
  targetDeviation: 3,
};
const stream = createStream("test/row-reader");
const values = Float64Array.from({ length: 40 * 5 }, (_, i) => (i % 5 === 3 ? 3 : 4 * stream.uniform() - 0.5));
const [block] = codeBlocks(values, quantizer, stream) as [Extract<SampleBlock, { kind: "codes" }>];

function readAll(estimator: EstimatorName, from: SampleBlock, rowSpreads = false) {
  const batch = createBatch(3, 40, estimator === "double");
  const read = createRowReader({ estimator, task, scaling, rowSpreads }).open(from, createStream("test/coins"));
  for (let row = 0; row < 40; row++) read(row, batch);
  return batch;
}

describe("createRowReader", () => {
  it("gives means, targets and the rows' d in standardised units", () => {
    const batch = readAll("symmetric", block, true);
    const means = new Float64Array(200);
    const spreads = new Float64Array(200);
    quantizer.meansInto(block.codes, means);
    quantizer.spreadsInto(block.codes, spreads);
    const d = [0, 0];
    for (let r = 0; r < 40; r++) {
      expect(batch.left[3 * r]).toBeCloseTo(((means[5 * r + 4] as number) - 1) / 2, 12);
      expect(batch.left[3 * r + 1]).toBeCloseTo(((means[5 * r + 1] as number) - 5) / 4, 12);
      expect(batch.left[3 * r + 2]).toBe(0);
      expect(batch.targets[r]).toBeCloseTo(((means[5 * r] as number) - 1) / 3, 12);
      d[0] = (d[0] as number) + (spreads[5 * r + 4] as number) / 4;
      d[1] = (d[1] as number) + (spreads[5 * r + 1] as number) / 16;
    }
    expect([...batch.spreads]).toEqual([expect.closeTo(d[0] as number, 12), expect.closeTo(d[1] as number, 12), 0]);
    expect(batch.rows).toBe(40);
    expect(batch.right).toBe(batch.left);
  });

  it("gives two draws for double that stand on the ends of the code's interval", () => {
    const batch = readAll("double", block);
    let apart = 0;
    for (let r = 0; r < 40; r++) {
      const code = block.codes[5 * r + 4] as number;
      const ends = [Math.floor(code / 3), Math.ceil(code / 3)].map((j) => (-1 + j - 1) / 2);
      for (const draw of [batch.left[3 * r], batch.right[3 * r]])
        expect(ends.some((end) => Math.abs(end - (draw as number)) < 1e-12)).toBe(true);
      if (batch.left[3 * r] !== batch.right[3 * r]) apart += 1;
    }
    expect(apart).toBeGreaterThan(0);
  });

  it("reads raw rows as float32", async () => {
    for await (const raw of valueSource(values, 5).blocks()) {
      const batch = readAll("full", raw);
      expect(batch.left[0]).toBe((Math.fround(values[4] as number) - 1) * 0.5);
      expect(batch.targets[1]).toBe((Math.fround(values[5] as number) - 1) / 3);
    }
  });

  it("refuses blocks that the estimator does not read", () => {
    const reader = createRowReader({ estimator: "full", task, scaling, rowSpreads: false });
    expect(() => reader.open(block, stream)).toThrow(expect.objectContaining({ code: "estimator" }));
  });
});
