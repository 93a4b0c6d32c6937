import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { packedEngine } from "../../src/engines/index.ts";
import { createRedraw } from "../../src/engines/redraw.ts";
import { evaluate, referenceEngine, train } from "../../src/train/index.ts";
import { decodedBlocks, ditheredOf, same, sourceOf, syntheticSet, taskOf } from "../train/support/data.ts";

describe("dithered readings drawn anew", () => {
  const quantizer = ditheredOf(same(2, { low: -1, high: 2, bits: 4 }));
  const stream = createStream("test/redraw");
  const values = Float64Array.from({ length: 60_000 }, () => 3 * stream.uniform() - 1);
  const blocks = decodedBlocks(values, quantizer, "redraw");
  const redraw = createRedraw(quantizer, taskOf(1), 1);

  it("keep their m on average, and the new d is what the draws vary by: within 5 standard errors, and d is not 0", () => {
    const tally = { count: 0, off: 0, off2: 0, square: 0, square2: 0, spread: 0 };
    for (const [index, block] of blocks.entries()) {
      if (block.kind !== "decoded") throw new Error("decoded blocks are expected");
      const { codes, quantizer: fresh } = redraw.redraw(block, index);
      const channel = fresh.channels[0];
      if (channel === undefined) throw new Error("a channel is expected");
      for (let row = 0; row < block.rows; row++) {
        const m = block.means[2 * row] as number;
        const drawn = channel.mean(codes[2 * row] as number);
        const d = channel.spread(codes[2 * row] as number);
        tally.count += 1;
        tally.off += drawn - m;
        tally.off2 += (drawn - m) ** 2;
        tally.square += (drawn - m) ** 2 - d;
        tally.square2 += ((drawn - m) ** 2 - d) ** 2;
        tally.spread += d;
      }
    }
    expect(Math.abs(tally.off)).toBeLessThan(5 * Math.sqrt(tally.off2));
    expect(Math.abs(tally.square)).toBeLessThan(5 * Math.sqrt(tally.square2));
    expect(Math.abs(tally.square + tally.spread)).toBeGreaterThan(5 * Math.sqrt(tally.square2));
    expect(redraw.added()[0]).toBeCloseTo(tally.spread / tally.count, 12);
  });

  it("tell what they add: δ²/12 of the finer step over Δ²/12", () => {
    const ratio = (16 / 127) ** 2; // the range is 16 Δ wide, in 127 intervals
    expect(redraw.share() / ratio).toBeGreaterThan(0.95);
    expect(redraw.share() / ratio).toBeLessThan(1.05);
  });
});

describe("packed on dithered readings", () => {
  const set = syntheticSet(10, 3000, 1);
  const sourceAt = (bits: number) => {
    const grid = ditheredOf([...same(10, { low: -1, high: 1, bits }), { low: -12, high: 12, bits: 8 }]);
    return sourceOf(set.columns, decodedBlocks(set.values, grid, "set"));
  };
  const run = async (bits: number, options = {}) => {
    const engine = packedEngine({ threads: 1 });
    try {
      return await train({ source: sourceAt(bits), task: set.task, engine, epochs: 20, ...options });
    } finally {
      await engine.close();
    }
  };

  it.each([2, 4, 6])(
    "comes to the reference's loss within a hundredth at %i bits, and says what it has added",
    async (bits) => {
      const result = await run(bits);
      const { model } = await train({ source: sourceAt(bits), task: set.task, engine: referenceEngine(), epochs: 20 });
      const loss = evaluate(result.model, set.task, set.values, set.columns).loss;
      expect(Math.abs(loss / evaluate(model, set.task, set.values, set.columns).loss - 1)).toBeLessThan(0.01);
      expect(result.engine).toBe("packed");
      expect(result.warnings.join()).toMatch(/draws dithered readings anew at 8 bits: up to \S+ % more variance/);
    },
  );

  it("refuses naive, and codes of more bits than 6", async () => {
    await expect(run(4, { estimator: "naive" })).rejects.toMatchObject({ code: "engine" });
    await expect(run(7)).rejects.toMatchObject({ code: "engine", message: /dithered codes above 6 bits/ });
  });
});
