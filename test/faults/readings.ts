import { defineGrid, defineSchema, type Grid, type Schema } from "@zipml/codec";
import type { TrainingOptions } from "@zipml/gateway";

/** The group that all fault runs are about. */
export const group = "faults";

/** Rows that one run of a device may number: `lo` has 16 bits and two draws, so 32,767 intervals. */
export const rowsPerRun = 32_768;

/**
 * `hi` numbers the runs of a device, `lo` the rows of a run: their codes give both back exactly, so that each row that
 * a gateway stored can be told from all others.
 */
export const schema: Schema = defineSchema([
  { name: "hi", unit: "", range: [0, rowsPerRun - 1], role: "feature" },
  { name: "lo", unit: "", range: [0, rowsPerRun - 1], role: "feature" },
  { name: "x", unit: "", range: [-1, 1], role: "feature" },
  { name: "y", unit: "", range: [-4, 4], role: "target" },
]);

/** Widths of the channels' codes, in order. */
export const widths = [16, 16, 4, 8] as const;

/** Exact row numbers, and a feature and a target as coarse as usual. */
export const grid: Grid = defineGrid(schema, {
  epoch: 0,
  scheme: "count",
  coding: "packed",
  channels: schema.channels.map(({ range: [low, high], role }, c) => ({
    bits: widths[c] ?? 8,
    samples: role === "target" ? 1 : 2,
    levels: { kind: "uniform", low, high },
  })),
});

/** Row `lo` of run `hi`. */
export function rowOf(hi: number, lo: number): Record<string, number> {
  const x = Math.sin(hi * 12.9898 + lo * 78.233);
  return { hi, lo, x, y: 1.5 * x + lo / rowsPerRun + 0.3 * Math.cos(lo * 3.7) };
}

/** Number of a row among all of a device. */
export function rowNumber(hi: number, lo: number): number {
  return hi * rowsPerRun + lo;
}

/** What is trained, the same wherever two models are compared: SGD with every stream of random numbers in use. */
export const training: TrainingOptions = {
  estimator: "double",
  solver: "sgd",
  epochs: 2,
  batch: 64,
  modelBits: 8,
  gradientBits: 8,
  residualBits: 8,
  seed: 7,
  minimum: 20,
  everyRows: 0,
};

/** Rows that are trained on unless a scenario says otherwise: all. */
export const allRows = 2_000_000;
