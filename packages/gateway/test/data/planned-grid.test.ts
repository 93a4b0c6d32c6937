import { createQuantizer, createStream, defineSchema, type Grid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { columnRanges, frameBytes, type GridChoice, plannedGrid, taskOf } from "../../src/data/index.ts";
import { evaluate, leastSquares, type PrecisionPlan, planPrecision, train } from "../../src/train/index.ts";
import { codeBlocks, decodedBlocks, sourceOf } from "../train/support/data.ts";

const rows = 2000;
const names = ["a", "b", "c", "d", "y"];
const task = taskOf(names);

/** Correlated features of several units, a strong signal and a little noise. */
function exactRows(): Float64Array {
  const stream = createStream("test/plan");
  const normal = () => Math.sqrt(-2 * Math.log(1 - stream.uniform())) * Math.cos(2 * Math.PI * stream.uniform());
  const values = new Float64Array(rows * names.length);
  for (let r = 0; r < rows; r++) {
    const common = normal();
    const a = common + 0.5 * normal();
    const b = 20 + 3 * (common + 0.7 * normal());
    const c = 1000 * stream.uniform();
    const d = 0.01 * normal();
    const y = 2 * a - 0.4 * b + 0.003 * c + 50 * d + 0.5 * normal();
    values.set([a, b, c, d, y], r * names.length);
  }
  return values;
}

const values = exactRows();
const exact = evaluate(leastSquares(values, names.length, task), task, values, names.length).loss;

function schemaOf() {
  const ranges = columnRanges(values, names.length);
  return defineSchema(
    names.map((name, i) => ({
      name,
      unit: "",
      range: ranges[i] ?? ([0, 0] as const),
      role: name === "y" ? ("target" as const) : ("feature" as const),
    })),
  );
}

const dither: GridChoice = { scheme: "dither", coding: "packed", samples: 1 };
const count: GridChoice = { scheme: "count", coding: "packed", samples: 2 };

/** Share of the exact loss by which models learned from encoded rows exceed it, one a draw of the encoding. */
async function excesses(grid: Grid, times: number): Promise<number[]> {
  const quantizer = createQuantizer(grid);
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    const blocks =
      grid.scheme === "dither"
        ? decodedBlocks(values, quantizer, `d${i}`)
        : codeBlocks(values, quantizer, createStream("test/plan/draws", i), 4096);
    const { model } = await train({ source: sourceOf(names.length, blocks), task, solver: "closed-form" });
    found.push(evaluate(model, task, values, names.length).loss / exact - 1);
  }
  return found;
}

/** Whether the mean agrees with a prediction within five standard errors. */
function agrees(found: readonly number[], predicted: number): boolean {
  const mean = found.reduce((sum, x) => sum + x, 0) / found.length;
  const variance = found.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (found.length - 1);
  return Math.abs(mean - predicted) <= 5 * Math.sqrt(variance / found.length);
}

describe("a grid planned for an excess", () => {
  it.each([dither, count])("has the excess that is predicted, scheme $scheme", async (choice) => {
    const plan = planPrecision(values, names.length, task, { excess: 0.0005 });
    const { grid, excess, channels } = plannedGrid(schemaOf(), plan, { ...choice, coding: "rice" });
    expect(channels.every(({ isTooWide }) => !isTooWide)).toBe(true);
    expect(excess).toBeCloseTo(0.0005, 12);
    const found = await excesses(grid, 60);
    expect(agrees(found, excess)).toBe(true);
    // Controls: half and twice the prediction are told from it.
    expect(agrees(found, excess / 2)).toBe(false);
    expect(agrees(found, excess * 2)).toBe(false);
  });

  it("is rejected where the weights' share of the noise is left out", async () => {
    const plan = planPrecision(values, names.length, task, { excess: 0.0005 });
    const inflated: PrecisionPlan = {
      ...plan,
      features: plan.features.map((column) => ({ ...column, variance: column.variance * Math.min(column.weight, 30) })),
    };
    const { grid } = plannedGrid(schemaOf(), inflated, { ...dither, coding: "rice" });
    expect(agrees(await excesses(grid, 40), plan.excess)).toBe(false);
  });

  it("spends no more than allowed where packed codes leave steps finer", () => {
    const plan = planPrecision(values, names.length, task, { excess: 0.0005 });
    for (const choice of [dither, count]) {
      const { excess, channels } = plannedGrid(schemaOf(), plan, choice);
      expect(excess).toBeLessThanOrEqual(0.0005);
      expect(channels.every(({ bits }) => bits >= 1 && bits <= 16)).toBe(true);
    }
  });

  it("says where 16 bits do not do", () => {
    const plan = planPrecision(values, names.length, task, { excess: 1e-13 });
    const { channels } = plannedGrid(schemaOf(), plan, dither);
    expect(channels.some(({ isTooWide }) => isTooWide)).toBe(true);
  });

  it("takes steps twice as wide for four times the excess", () => {
    const steps = (excess: number): number[] => {
      const plan = planPrecision(values, names.length, task, { excess });
      return plannedGrid(schemaOf(), plan, { ...dither, coding: "rice" }).channels.map(({ step }) => step);
    };
    for (const [i, step] of steps(0.0016).entries()) expect(step / (steps(0.0004)[i] ?? 0)).toBeCloseTo(2, 9);
  });
});

describe("frame bytes", () => {
  it("are the frames' own", () => {
    const plan = planPrecision(values, names.length, task, { excess: 0.0005 });
    const { grid } = plannedGrid(schemaOf(), plan, dither);
    const bits = grid.channels.reduce((sum, channel) => sum + channel.bits, 0);
    const { frames, perReading, exact: lossless } = frameBytes({ names, values }, grid, 256);
    expect(frames).toBe(8);
    expect(lossless).toBe(0);
    const body = (rows * bits) / 8 / values.length;
    expect(perReading).toBeGreaterThan(body);
    expect(perReading).toBeLessThan(body + (26 * frames) / values.length);
  });
});
