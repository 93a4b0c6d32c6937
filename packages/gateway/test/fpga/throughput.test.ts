import { type AcceleratorConfig, estimateThroughput, type LayoutSpec, platformNamed } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";

const layouts: readonly LayoutSpec[] = [
  { kind: "float32" },
  { kind: "pairs", bits: 8 },
  { kind: "pairs", bits: 4 },
  { kind: "pairs", bits: 2 },
  { kind: "pairs", bits: 1 },
];

const harp = platformNamed("harp-v1");

/** Rows, features with the bias, and for float32, Q8, Q4, Q2, Q1 the lines a row and milliseconds an epoch. */
const table = [
  {
    name: "YearPrediction",
    rows: 463_715,
    n: 91,
    lines: [6, 3, 2, 1, 1],
    ms: [27.4, 13.7, 9.1, 4.6, 4.6],
    ratios: [2, 3, 6, 5.9],
  },
  {
    name: "Synthetic 100",
    rows: 10_000,
    n: 101,
    lines: [7, 4, 2, 1, 1],
    ms: [0.69, 0.39, 0.2, 0.098, 0.1],
    ratios: [1.8, 3.5, 7, 6.9],
  },
  {
    name: "Synthetic 1000",
    rows: 10_000,
    n: 1001,
    lines: [63, 32, 16, 8, 4],
    ms: [6.2, 3.15, 1.58, 0.79, 0.4],
    ratios: [2, 3.9, 7.9, 15.5],
  },
  {
    name: "mnist",
    rows: 60_000,
    n: 781,
    lines: [49, 25, 13, 7, 4],
    ms: [28.9, 14.8, 7.7, 4.1, 2.4],
    ratios: [2, 3.8, 7, 12.1],
  },
  {
    name: "gisette",
    rows: 6_000,
    n: 5001,
    lines: [313, 157, 79, 40, 20],
    ms: [18.5, 9.3, 4.7, 2.4, 1.2],
    ratios: [2, 4, 7.8, 15.4],
  },
] as const;

function estimate(layout: LayoutSpec, rows: number, features: number, changes: Partial<AcceleratorConfig> = {}) {
  return estimateThroughput({ platform: harp, layout, rows, features, batch: 1, stepShift: 0, ...changes });
}

describe("the throughput formula", () => {
  it.each(table)("gives the lines, times and ratios of $name", ({ rows, n, lines, ms, ratios }) => {
    const cells = layouts.map((layout) => estimate(layout, rows, n));
    expect(cells.map((cell) => cell.linesPerRow)).toEqual([...lines]);
    for (const [i, cell] of cells.entries()) {
      expect(Math.abs((1e3 * cell.seconds) / (ms[i] as number) - 1)).toBeLessThan(0.04);
      if (i === 0) continue;
      const ratio = (cells[0]?.seconds as number) / cell.seconds;
      expect(Math.abs(ratio / (ratios[i - 1] as number) - 1)).toBeLessThan(0.04);
      expect(cell.bytesRead).toBe(rows * (lines[i] as number) * 64);
    }
  });

  it("gains nothing for cadata: a row of nine features is a line whatever its bits", () => {
    const cells = layouts.map((layout) => estimate(layout, 20_640, 9));
    expect(cells.map((cell) => cell.linesPerRow)).toEqual([1, 1, 1, 1, 1]);
    for (const cell of cells.slice(0, 4)) {
      expect(1e3 * cell.seconds).toBeCloseTo(0.2, 2);
      expect((cells[0]?.seconds as number) / cell.seconds).toBeCloseTo(1, 1);
    }
  });

  it("is bound by memory but for Q1, whose lines take two cycles", () => {
    expect(layouts.map((layout) => estimate(layout, 1000, 1001).bound)).toEqual([
      ...["memory", "memory", "memory", "memory", "pipeline"],
    ]);
  });

  it("gives the Zynq design's epochs: a beat a cycle", () => {
    const beats = (bits: 1 | 8 | 32, rows: number, features: number): number =>
      10 * estimate({ kind: "beats", bits }, rows, features, { platform: platformNamed("zynq-pynq") }).seconds;
    expect(beats(32, 10_000, 785)).toBeCloseTo(0.394, 3);
    expect(beats(1, 10_000, 785)).toBeCloseTo(0.014, 3);
    expect(beats(32, 50_000, 91)).toBeCloseTo(0.235, 3);
    expect(beats(8, 50_000, 91)).toBeCloseTo(0.065, 3);
  });
});
