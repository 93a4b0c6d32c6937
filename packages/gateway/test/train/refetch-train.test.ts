import { createQuantizer, createStream, defineSchema, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/train/evaluate.ts";
import { type ExactRows, exactTable } from "../../src/train/exact-rows.ts";
import type { SampleSource } from "../../src/train/samples.ts";
import { train } from "../../src/train/train.ts";
import { codeBlocks, gaussian, sourceOf, taskOf, valueSource } from "./support/data.ts";

const size = 5;
const columns = size + 1;
const rows = 1500;
const task = taskOf(size);
const truth = [1.5, -1, 0.7, 0.4, 0];

/** Readings in units of their own, far from 0; labels 3 and 8 with noise. */
function classSet(count: number, name: string): Float64Array {
  const stream = createStream(`test/refetch-train/${name}`);
  return Float64Array.from(
    Array.from({ length: count }, () => {
      const standard = truth.map(() => 2 * stream.uniform() - 1);
      const decision = standard.reduce((sum, a, i) => sum + a * (truth[i] ?? 0), 0.3 + 0.3 * gaussian(stream));
      return [...standard.map((a, i) => 100 + 10 ** i * a), decision > 0 ? 8 : 3];
    }).flat(),
  );
}

const values = classSet(rows, "train");
const unseen = classSet(2000, "test");

function encoded(bits: number, samples = 1, scheme: "interval" | "count" = "interval"): SampleSource {
  const schema = defineSchema(
    Array.from({ length: columns }, (_, c) => ({
      name: `c${c}`,
      unit: "",
      range: c === size ? ([3, 8] as const) : ([100 - 10 ** c, 100 + 10 ** c] as const),
      role: c === size ? ("target" as const) : ("feature" as const),
    })),
  );
  const quantizer = createQuantizer(uniformGrid(schema, { scheme, bits, samples }));
  return sourceOf(columns, codeBlocks(values, quantizer, createStream("test/refetch-train/draws"), 400));
}

const exact = exactTable(values, columns);
const options = { task, loss: "hinge", epochs: 10, seed: 3 } as const;
const accuracyOf = async (model: Parameters<typeof evaluate>[0]) =>
  evaluate(model, task, unseen, columns).accuracy ?? 0;

describe("train with the estimator refetch", () => {
  it("comes to the full-precision model, in the columns' units, where naive rounding does not", async () => {
    const full = await train({ ...options, source: valueSource(values, columns) });
    const best = await accuracyOf(full.model);
    expect(best).toBeGreaterThan(0.9);
    for (const [bits, samples] of [
      [3, 1],
      [5, 2],
      [8, 1],
    ] as const) {
      const { model, refetch, warnings, engine } = await train({ ...options, source: encoded(bits, samples), exact });
      expect([model.estimator, engine, warnings, refetch?.missing]).toEqual(["refetch", "reference", [], 0]);
      expect(Math.abs((await accuracyOf(model)) - best), `${bits} bits`).toBeLessThan(0.012);
    }
    const naive = await train({ ...options, source: encoded(2, 1), estimator: "naive" });
    const refetched = await train({ ...options, source: encoded(2, 1), exact });
    const lossOf = (model: typeof naive.model) => evaluate(model, task, values, columns).loss;
    expect(lossOf(refetched.model)).toBeLessThan(lossOf(naive.model));
  });

  it("asks for fewer rows the more bits there are, each row by its number in the source", async () => {
    const asked = new Set<number>();
    const noting: ExactRows = {
      fetch: async (numbers, signal) => {
        expect(new Set(numbers).size).toBe(numbers.length);
        for (const number of numbers) asked.add(number);
        return exact.fetch(numbers, signal);
      },
    };
    const shares: number[] = [];
    for (const bits of [4, 6, 8]) {
      asked.clear();
      const { refetch } = await train({ ...options, source: encoded(bits), exact: noting });
      expect(refetch?.rows).toBe(asked.size);
      expect(refetch?.undecided).toBeGreaterThanOrEqual(asked.size);
      shares.push((refetch?.undecided ?? 0) / (refetch?.decisions ?? 1));
    }
    expect(shares[0]).toBeGreaterThan(2 * (shares[1] ?? 1));
    expect(shares[1]).toBeGreaterThan(2 * (shares[2] ?? 1));
  });

  it("tells of rows that are not to be had, and gives the same model for the same answers", async () => {
    const half: ExactRows = {
      fetch: async (numbers, signal) =>
        (await exact.fetch(numbers, signal)).map((row, i) => ((numbers[i] ?? 0) % 2 === 0 ? row : undefined)),
    };
    const first = await train({ ...options, source: encoded(5), exact: half });
    const again = await train({ ...options, source: encoded(5), exact: half });
    expect(again.model).toEqual(first.model);
    const { undecided = 0, missing = 0 } = first.refetch ?? {};
    expect(missing).toBeGreaterThan(0.4 * undecided);
    expect(missing).toBeLessThan(0.6 * undecided);
    expect(first.warnings).toEqual([expect.stringMatching(/^refetch: of \d+ decisions .* biased/)]);
  });

  it("makes exact zeros by l1 with the gradient of refetched rows", async () => {
    const { model } = await train({ ...options, source: encoded(4), exact, l1: 0.05 });
    expect(model.features.at(-1)?.weight).toBe(0);
    expect(model.features[0]?.weight).toBeGreaterThan(0.1);
  });

  it("ends with its signal while it waits for rows", async () => {
    const ending = new AbortController();
    const never: ExactRows = {
      fetch: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
          ending.abort();
        }),
    };
    const training = train({ ...options, source: encoded(3), exact: never, signal: ending.signal });
    await expect(training).rejects.toMatchObject({ code: "aborted" });
  });

  it("refuses what does not go together, and rows that can't be", async () => {
    const source = encoded(4);
    const refused = async (more: object, code: string): Promise<void> => {
      await expect(train({ ...options, source, exact, ...more })).rejects.toMatchObject({ code });
    };
    await refused({ exact: undefined, estimator: "refetch" }, "options");
    await refused({ loss: "logistic", estimator: "refetch" }, "options");
    await refused({ loss: "squares", estimator: "refetch" }, "options");
    await refused({ source: encoded(4, 1, "count"), estimator: "refetch" }, "estimator");
    await refused({ exact: { fetch: async (numbers: number[]) => numbers.map(() => [Number.NaN]) } }, "rows");
  });
});
