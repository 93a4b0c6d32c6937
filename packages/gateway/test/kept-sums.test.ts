import { createQuantizer, createStream, defineSchema, type Quantizer, uniformGrid } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createKeptSums, type KeptRows } from "../src/kept-sums.ts";
import { createSampleStore } from "../src/sample-store.ts";
import { type SampleSource, type Task, train } from "../src/train/index.ts";

function quantizerOf(columns: number, bits: number): Quantizer {
  const role = (c: number) => (c === columns - 1 ? ("target" as const) : ("feature" as const));
  const channels = Array.from({ length: columns }, (_, c) => ({
    name: `c${c}`,
    unit: "",
    range: [-1, 2] as const,
    role: role(c),
  }));
  return createQuantizer(uniformGrid(defineSchema(channels), { bits, targetBits: 8 }));
}

function rowsOf(quantizer: Quantizer, rows: number, seed: number): KeptRows {
  const stream = createStream("test/kept", seed);
  const codes = Uint16Array.from({ length: rows * quantizer.channels.length }, (_, i) => {
    const { top } = quantizer.channels[i % quantizer.channels.length] ?? { top: 0 };
    return Math.floor(stream.uniform() * (top + 1));
  });
  return { rows, quantizer, codes };
}

const task: Task = {
  features: [1, 0].map((column) => ({ name: `c${column}`, unit: "", column })),
  target: { name: "c2", unit: "", column: 2 },
};
const grids = [4, 6].map((bits) => quantizerOf(3, bits));

/** Frames of two devices, more rows than the window holds, one after another in time. */
function filledStore(window: number, order: readonly number[]) {
  const store = createSampleStore(window);
  for (const i of order) {
    const { quantizer, codes } = rowsOf(grids[i % 2] as Quantizer, 9, i);
    store.add({ device: `d${i % 3}`, session: 1, sequence: i, time: i, rows: 9, quantizer, codes });
  }
  return store;
}

describe("sums kept while rows come and go", () => {
  it("give the model that a pass over the rows gives, to the bit, in any order of arrival", async () => {
    const numbers = Array.from({ length: 24 }, (_, i) => i);
    const shuffled = fc.shuffledSubarray(numbers, { minLength: numbers.length });
    await fc.assert(
      fc.asyncProperty(shuffled, fc.integer({ min: 20, max: 300 }), async (order, window) => {
        const source = filledStore(window, order).source(3);
        expect(source.kept).toHaveLength(2);
        const { kept: _, ...read } = source;
        const solve = async (from: SampleSource) => {
          const { model } = await train({ source: from, task, solver: "closed-form", estimator: "symmetric" });
          return model;
        };
        expect(await solve(source)).toEqual(await solve(read));
      }),
      { seed: 17, numRuns: 30 },
    );
  });

  it("spare the pass: a source that throws when it is read trains by the closed form", async () => {
    const source = filledStore(100, [0, 1, 2, 3, 4, 5]).source(3);
    const unread: SampleSource = {
      ...source,
      blocks: () => {
        throw new Error("read");
      },
    };
    await expect(train({ source: unread, task, solver: "closed-form", estimator: "symmetric" })).resolves.toBeDefined();
    const { kept: _, ...without } = unread;
    await expect(train({ source: without, task, solver: "closed-form", estimator: "symmetric" })).rejects.toThrow(
      "read",
    );
  });

  it("are not kept where they would not be whole numbers, and not told unless all grids have them", () => {
    const sums = createKeptSums(1000);
    const plain = quantizerOf(2, 4);
    const wide = quantizerOf(2, 16);
    const { channels } = wide.grid;
    const dithered = createQuantizer({
      ...wide.grid,
      scheme: "dither",
      seed: "s",
      channels: channels.map((channel) => ({ ...channel, samples: 1 })),
    });
    sums.add(rowsOf(plain, 5, 1));
    sums.add(rowsOf(dithered, 5, 2));
    expect(sums.of([plain])).toHaveLength(1);
    expect(sums.of([plain, dithered])).toBeUndefined();
    const many = createKeptSums(2 ** 30); // 2³⁰ squares of 16-bit codes pass 2⁵³
    many.add(rowsOf(wide, 5, 3));
    expect(many.of([wide])).toBeUndefined();
  });

  it("keep squares but no products of more than 32 columns", () => {
    const sums = createKeptSums(1000);
    const [few, many] = [quantizerOf(32, 4), quantizerOf(33, 4)];
    sums.add(rowsOf(few, 5, 1));
    sums.add(rowsOf(many, 5, 1));
    expect(sums.of([few])?.[0]?.summary.covariance).toHaveLength(32 * 32);
    expect(sums.of([many])?.[0]?.summary.covariance).toBeUndefined();
  });
});
