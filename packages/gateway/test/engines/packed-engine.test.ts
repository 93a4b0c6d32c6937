import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { type PackedEngineOptions, packedEngine } from "../../src/engines/index.ts";
import { createTypeScriptKernels } from "../../src/kernels/index.ts";
import {
  type Engine,
  evaluate,
  leastSquares,
  referenceEngine,
  type SampleBlock,
  type SampleSource,
  type TrainOptions,
  type TrainResult,
  train,
} from "../../src/train/index.ts";
import { encodedSource, quantizerOf, same, sourceOf, syntheticSet } from "../train/support/data.ts";

const open: Engine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close?.();
});

function packed(options: PackedEngineOptions = { threads: 1 }): Engine {
  const engine = packedEngine(options);
  open.push(engine);
  return engine;
}

const twin = (): Engine => packed({ kernels: createTypeScriptKernels });

const set = syntheticSet(10, 2000, 1);
const coded = encodedSource(set, 4, 1);

async function run(engine: Engine, options: Partial<TrainOptions> = {}, source = coded): Promise<TrainResult> {
  return train({ source, task: set.task, engine, epochs: 3, ...options });
}

const weights = ({ model }: TrainResult): number[] => model.features.map(({ weight }) => weight);

/** Two grids, of 2 and of 7 bits, in blocks in turn. */
function mixedSource(): SampleSource {
  const rows = 600;
  const block = (bits: number, seed: number) => {
    const quantizer = quantizerOf([
      ...same(3, { low: -1, high: 1, bits, samples: 2 }),
      { low: -2, high: 2, bits: 8, samples: 1 },
    ]);
    const codes = new Uint16Array(rows * 4).map((_, i) => {
      const { top } = quantizer.channels[i % 4] as { top: number };
      return (i * 7919 + seed * (i % 11)) % (top + 1);
    });
    return { kind: "codes" as const, rows, quantizer, codes };
  };
  return sourceOf(4, [block(2, 1), block(7, 2)]);
}

describe("packed equals its TypeScript twin to the bit", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("codes of %i bits", async (bits) => {
    const samples = bits === 1 ? 1 : 2;
    const estimator = bits === 1 ? "naive" : "symmetric";
    const source = encodedSource(set, bits, bits, samples);
    const options = { estimator, epochs: 1 } as const;
    expect(weights(await run(packed(), options, source))).toEqual(weights(await run(twin(), options, source)));
  });

  it("with model, residual and gradient in few bits, and a batch that leaves a short one", async () => {
    const options = { modelBits: 5, residualBits: 6, gradientBits: 5, batch: 37, epochs: 2 };
    expect(weights(await run(packed(), options))).toEqual(weights(await run(twin(), options)));
  });

  it("with grids of two widths in one source", async () => {
    const source = mixedSource();
    const task = { features: set.task.features.slice(0, 3), target: { name: "y", unit: "", column: 3 } };
    const result = await run(packed(), { task }, source);
    expect(weights(result)).toEqual(weights(await run(twin(), { task }, source)));
  });

  it("and the same in memory that another set has used", async () => {
    const engine = packed();
    const wide = syntheticSet(90, 700, 2);
    await run(engine, { task: wide.task }, encodedSource(wide, 8, 1));
    expect(weights(await run(engine))).toEqual(weights(await run(packed())));
  });

  it("and is the same for the same seed, another for another", async () => {
    const engine = packed();
    const first = weights(await run(engine, { seed: 7 }));
    expect(weights(await run(engine, { seed: 7 }))).toEqual(first);
    expect(weights(await run(engine, { seed: 8 }))).not.toEqual(first);
  });
});

describe("packed against the reference", () => {
  it.each([
    { bits: 4, modelBits: 0, residualBits: 0 },
    { bits: 8, modelBits: 0, residualBits: 0 },
    { bits: 6, modelBits: 8, residualBits: 8 },
  ])("comes to the same loss on exact rows within 1 % at $bits bits, model $modelBits", async (widths) => {
    const { bits, ...rest } = widths;
    const source = encodedSource(set, bits, 3);
    const lossOf = async (engine: Engine): Promise<number> => {
      const { model } = await run(engine, { epochs: 20, ...rest }, source);
      return evaluate(model, set.task, set.values, set.columns).loss;
    };
    const [ours, theirs] = [await lossOf(packed()), await lossOf(referenceEngine())];
    expect(Math.abs(ours / theirs - 1)).toBeLessThan(0.01);
  });

  it("shrinks with naive as the reference does, and not with symmetric", async () => {
    const source = encodedSource(set, 2, 5, 1);
    const size = (result: TrainResult): number => Math.hypot(...weights(result));
    const exact = leastSquares(set.values, set.columns, set.task);
    const full = Math.hypot(...exact.features.map(({ weight }) => weight));
    const naive = size(await run(packed(), { estimator: "naive", epochs: 20 }, source));
    const reference = size(await run(referenceEngine(), { estimator: "naive", epochs: 20 }, source));
    expect(naive / reference).toBeCloseTo(1, 1);
    expect(naive / full).toBeLessThan(0.95);
    const symmetric = size(await run(packed(), { epochs: 20 }, encodedSource(set, 3, 5)));
    expect(symmetric / full).toBeGreaterThan(0.97);
  });

  it("uses raw targets beside the codes", async () => {
    const blocks: SampleBlock[] = [];
    for await (const block of coded.blocks()) blocks.push(block);
    const targets = blocks.map((block) => {
      if (block.kind !== "codes") throw new Error("codes are expected");
      const target = block.quantizer.channels[10];
      const at = (row: number): number => target?.mean(block.codes[row * 11 + 10] as number) ?? 0;
      return { ...block, targets: Float64Array.from({ length: block.rows }, (_, row) => at(row)) };
    });
    const result = weights(await run(packed(), {}, sourceOf(11, targets)));
    expect(result.map((weight) => weight.toFixed(9))).toEqual(
      weights(await run(packed())).map((weight) => weight.toFixed(9)),
    );
  });
});

describe("what packed can't run", () => {
  const refused = (options: Partial<TrainOptions>, source = coded) => run(packed(), options, source);

  it("refuses codes above 8 bits, estimators, row spreads and widths above int16 by a typed error", async () => {
    const wide = encodedSource(set, 10, 1);
    await expect(refused({}, wide)).rejects.toMatchObject({ code: "engine", message: /8 are the most/ });
    await expect(refused({ estimator: "double" })).rejects.toMatchObject({ code: "engine" });
    await expect(refused({ diagonal: "row" })).rejects.toMatchObject({ code: "engine", message: /diagonal/ });
    await expect(refused({ modelBits: 16 })).rejects.toMatchObject({ code: "engine", message: /modelBits/ });
  });

  it("is run by the fallback, which a warning tells", async () => {
    const wide = encodedSource(set, 10, 1);
    const result = await run(packed(), { fallback: referenceEngine() }, wide);
    expect(result.engine).toBe("reference");
    expect(result.warnings[0]).toMatch(/engine packed can't run this: .*8 are the most.*; reference runs it/);
    expect(weights(result)).toEqual(weights(await run(referenceEngine(), {}, wide)));
    expect((await run(packed(), { fallback: referenceEngine() })).engine).toBe("packed");
  });

  it("refuses options out of range", () => {
    for (const options of [{ threads: 0 }, { threads: 65 }, { threads: 1.5 }, { memory: 1000 }, { memory: 2 ** 33 }])
      expect(() => packedEngine(options)).toThrow(expect.objectContaining({ code: "options" }));
  });

  it("refuses to go on once closed", async () => {
    const engine = packed();
    await run(engine);
    await engine.close?.();
    await engine.close?.();
    await expect(run(engine)).rejects.toMatchObject({ code: "engine", message: /closed/ });
  });
});

describe("memory past the cap", () => {
  const spilled = syntheticSet(50, 12_000, 2);
  const source = encodedSource(spilled, 8, 1);

  it("streams rows from a nameless file and comes to the same loss", async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith("zipml-rows-"));
    const options = { task: spilled.task, epochs: 2 };
    const small = await run(packed({ threads: 1, memory: 2 ** 20 }), options, source);
    const large = await run(packed(), options, source);
    const loss = ({ model }: TrainResult): number =>
      evaluate(model, spilled.task, spilled.values, spilled.columns).loss;
    expect(Math.abs(loss(small) / loss(large) - 1)).toBeLessThan(0.02);
    expect(weights(small)).not.toEqual(weights(large)); // batches in another order: the file was used
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith("zipml-rows-"));
    expect(after).toEqual(before);
  });

  it("is the same to the bit for the same cap", async () => {
    const options = { task: spilled.task, epochs: 1 };
    const once = await run(packed({ threads: 1, memory: 2 ** 20 }), options, source);
    expect(weights(await run(packed({ threads: 1, memory: 2 ** 20 }), options, source))).toEqual(weights(once));
  });

  it("is a typed error where not even a mini-batch fits", async () => {
    const engine = packed({ threads: 1, memory: 2 ** 20 });
    const options = { task: spilled.task, batch: 12_000, step: 0.1 };
    await expect(run(engine, options, source)).rejects.toMatchObject({ code: "memory" });
  });
});

describe("an end before the end", () => {
  it("stops between batches once the signal fires", async () => {
    const controller = new AbortController();
    const endless = run(packed(), {
      epochs: 1000,
      signal: controller.signal,
      onEpoch: ({ epoch }) => {
        if (epoch === 2) controller.abort();
      },
    });
    await expect(endless).rejects.toMatchObject({ code: "aborted" });
  });

  it("reports a divergence, gives no model, and leaves nothing to the next training", async () => {
    const engine = packed();
    await expect(run(engine, { step: 1e6 })).rejects.toMatchObject({ code: "diverged" });
    expect(weights(await run(engine))).toEqual(weights(await run(packed())));
  });

  it("passes a source's own error on", async () => {
    const broken: SampleSource = {
      ...coded,
      blocks: (() => {
        let pass = 0;
        return async function* () {
          pass += 1;
          yield* coded.blocks();
          if (pass > 2) throw new Error("disk on fire");
        };
      })(),
    };
    await expect(run(packed(), {}, broken)).rejects.toThrow("disk on fire");
  });
});
