import { describe, expect, it } from "vitest";
import { createEmulatedCard, type EmulatedCardOptions } from "../../src/fpga/emulated-card.ts";
import { type FpgaEngineOptions, fpgaEngine } from "../../src/fpga/fpga-engine.ts";
import { platformNamed } from "../../src/fpga/platform.ts";
import { type EstimatorName, evaluate, referenceEngine, train } from "../../src/train/index.ts";
import { clock, linearRows, sourceOf, taskOf } from "./rows.ts";

const rows = linearRows(3000, 20);
const task = taskOf(rows.names);
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const harp = platformNamed("harp-v1");

function engineOf(options: Partial<FpgaEngineOptions> = {}, card: Partial<EmulatedCardOptions> = {}) {
  return fpgaEngine({ card: createEmulatedCard({ platform: harp, pause, ...card }), clock, timeout: 500, ...options });
}

type Engine = ReturnType<typeof engineOf>;
const fourBits = { bits: 4, samples: 2 };

async function lossOf(
  estimator: EstimatorName,
  widths: { bits: number; samples: number } | undefined,
  engine?: Engine,
) {
  const { model, warnings } = await train({
    source: sourceOf(rows, widths),
    task,
    seed: 1,
    epochs: 16,
    batch: 64,
    estimator,
    engine: engine ?? referenceEngine(),
  });
  await engine?.close();
  return { loss: evaluate(model, task, rows.values, rows.names.length).loss, model, warnings };
}

describe("engine fpga", () => {
  const layouts = [
    ["float32", "full", undefined],
    ["pairs", "double", fourBits],
    ["pairs", "double", { bits: 8, samples: 2 }],
    ["pairs", "double", { bits: 9, samples: 2 }], // levels 0 to 255: a code is wider than the lane of a draw
    ["code", "symmetric", fourBits],
    ["code", "symmetric", { bits: 8, samples: 2 }],
  ] as const;
  for (const [layout, estimator, widths] of layouts)
    it(`reaches the loss of full precision within 1 % from ${layout} at ${widths?.bits ?? 32} bits`, async () => {
      const full = await lossOf("full", undefined);
      const engine = engineOf({ layout });
      const card = await lossOf(estimator, widths, engine);
      expect(card.loss / full.loss).toBeLessThan(1.01);
      expect(card.warnings).toEqual([]);
      expect(engine.counters?.bytesRead).toBeGreaterThan(0);
    });

  it("reaches it on synthetic 100 as well: 10,000 rows of 100 features, pairs of 4 and 8 bits and codes of 4", async () => {
    const large = linearRows(10_000, 100);
    const its = taskOf(large.names);
    const loss = async (estimator: EstimatorName, widths: typeof fourBits | undefined, engine = referenceEngine()) => {
      const source = sourceOf(large, widths);
      const { model } = await train({ source, task: its, seed: 1, epochs: 20, batch: 64, estimator, engine });
      await engine.close?.();
      return evaluate(model, its, large.values, large.names.length).loss;
    };
    const full = await loss("full", undefined);
    for (const bits of [4, 8])
      expect((await loss("double", { bits, samples: 2 }, engineOf({ layout: "pairs" }))) / full).toBeLessThan(1.01);
    expect((await loss("symmetric", fourBits, engineOf({ layout: "code" }))) / full).toBeLessThan(1.01);
  });

  it("is biased with a single draw a code, as the reference engine is: by the ridge that quantization makes", async () => {
    const oneDraw = { bits: 2, samples: 1 };
    const card = await lossOf("naive", oneDraw, engineOf({ layout: "code" }));
    const reference = await lossOf("naive", oneDraw);
    const full = await lossOf("full", undefined);
    expect(card.loss / full.loss).toBeGreaterThan(1.15);
    expect(Math.abs(card.loss / reference.loss - 1)).toBeLessThan(0.02);
  });

  it("reads any precision of woven rows from one copy, the better the more planes", async () => {
    const { loss: least } = await lossOf("full", undefined);
    const losses: number[] = [];
    for (const planes of [2, 4, 10])
      losses.push((await lossOf("full", undefined, engineOf({ layout: "weave", planes }))).loss);
    expect(losses[0]).toBeGreaterThan(losses[1] as number);
    expect(losses[1]).toBeGreaterThan((losses[2] as number) * 0.999);
    expect((losses[2] as number) / least).toBeLessThan(1.01);
  });

  it("gives the same model to the bit every time, and with faults that a repetition mends, which it tells", async () => {
    const clean = await lossOf("symmetric", fourBits, engineOf({ layout: "code" }));
    expect(await lossOf("symmetric", fourBits, engineOf({ layout: "code" }))).toEqual(clean);
    const faults: EmulatedCardOptions["faults"] = [
      { kind: "bus", start: 1 },
      { kind: "flip", start: 4, in: "lines", word: 77, bit: 5 },
      { kind: "flip", start: 7, in: "model", word: 3, bit: 30 },
      { kind: "timeout", start: 10 },
    ];
    const mended = await lossOf("symmetric", fourBits, engineOf({ layout: "code" }, { faults }));
    expect(mended.model).toEqual(clean.model);
    expect(mended.warnings).toHaveLength(4);
    for (const [i, word] of ["bus", "lines", "model", "interrupt"].entries())
      expect(mended.warnings[i]).toContain(word);
  });

  it("trains again as a new one would, on other rows and on from a model", async () => {
    const runs = async (engine: () => Engine) => {
      const options = { source: sourceOf(rows, fourBits), task, epochs: 2, estimator: "symmetric" as const };
      const first = await train({ ...options, engine: engine() });
      const start = { ...first.model, epochs: 2 };
      return (await train({ ...options, source: sourceOf(rows, fourBits), start, engine: engine() })).model;
    };
    const one = engineOf({ layout: "code" });
    expect(await runs(() => one)).toEqual(await runs(() => engineOf({ layout: "code" })));
    await one.close();
  });

  it("hands over to another engine when the card stays broken, and says so; without one it ends without a model", async () => {
    const faults = [3, 4, 5].map((start) => ({ kind: "bus" as const, start }));
    const broken = { layout: "code" as const, fallback: referenceEngine() };
    const saved = await lossOf("symmetric", fourBits, engineOf(broken, { faults }));
    const full = await lossOf("full", undefined);
    expect(saved.loss / full.loss).toBeLessThan(1.01);
    expect(saved.warnings.at(-1)).toContain("reference ran the rest");
    await expect(lossOf("symmetric", fourBits, engineOf({ layout: "code" }, { faults }))).rejects.toMatchObject({
      code: "engine",
      epoch: 4,
    });
  });

  it("refuses what a card can't hold or compute, with the limit", async () => {
    const refused = (engine: Engine, estimator: EstimatorName, widths: typeof fourBits | undefined, more = {}) =>
      expect(
        train({ source: sourceOf(rows, widths), task, estimator, engine, epochs: 1, ...more }),
      ).rejects.toMatchObject({ code: "engine" });
    await refused(engineOf({ layout: "pairs" }), "symmetric", fourBits);
    await refused(engineOf({ layout: "code" }), "symmetric", { bits: 4, samples: 3 });
    await refused(engineOf({ layout: "pairs" }), "double", { bits: 12, samples: 2 });
    await refused(engineOf({ layout: "pairs" }), "double", fourBits, { modelBits: 8 });
    const small = { ...harp, features: { pairs: 19 } };
    await refused(fpgaEngine({ card: createEmulatedCard({ platform: small }), clock }), "double", fourBits);
    await refused(engineOf({ layout: "code" }, { memory: 1024 }), "symmetric", fourBits);
  });

  it("ends as diverged and publishes nothing where a sum leaves 32 bits, and refuses a step above 1, which is no shift", async () => {
    const alike = {
      ...rows,
      values: rows.values.map((value, i, all) => {
        const column = i % rows.names.length;
        return column === rows.names.length - 1 ? value : (all[i - column] as number) + value / 1000;
      }),
    };
    const run = (step: number) =>
      train({
        source: sourceOf(alike),
        task,
        estimator: "full",
        epochs: 4,
        batch: 64,
        schedule: "constant",
        step,
        engine: engineOf({ layout: "weave", planes: 12 }),
      });
    await expect(run(1)).rejects.toMatchObject({ code: "diverged" });
    await expect(run(1.5)).rejects.toMatchObject({ code: "engine" });
  });
});
