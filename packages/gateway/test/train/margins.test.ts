import { createStream, type Quantizer } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { clearBatch, createBatch, fillGradient } from "../../src/train/batch.ts";
import { evaluateChebyshev } from "../../src/train/chebyshev.ts";
import { openDraws } from "../../src/train/draw-reader.ts";
import type { EpochContext } from "../../src/train/engine.ts";
import type { EstimatorName } from "../../src/train/estimators.ts";
import { type LossName, type MarginLoss, marginLossOf } from "../../src/train/losses.ts";
import { marginPolynomial } from "../../src/train/margin-polynomial.ts";
import { createMargins } from "../../src/train/margins.ts";
import type { Objective } from "../../src/train/objective.ts";
import { referenceEngine } from "../../src/train/reference-engine.ts";
import { createRowReader } from "../../src/train/row-reader.ts";
import type { CodeBlock, SampleBlock } from "../../src/train/samples.ts";
import { createStreams } from "../../src/train/streams.ts";
import { gaussian, quantizerOf, same, sourceOf, taskOf } from "./support/data.ts";
import { allowed, createTally, note, type Tally, worstError } from "./support/statistics.ts";

const logistic = marginLossOf("logistic") as MarginLoss;
const plain: Objective = { regularizer: undefined, margin: undefined, polynomial: undefined, threshold: 0 };

function contextOf(
  blocks: readonly SampleBlock[],
  size: number,
  estimator: EstimatorName,
  objective: Objective,
  weights: Float64Array,
): EpochContext {
  const source = sourceOf(size + 1, blocks);
  const scaling = {
    rows: source.rows,
    means: new Float64Array(size),
    deviations: new Float64Array(size).fill(1),
    spreads: new Float64Array(size),
    targetMean: 0,
    targetDeviation: 1,
  };
  const task = taskOf(size);
  return {
    source,
    task,
    estimator,
    scaling,
    reader: createRowReader({ estimator, task, scaling, rowSpreads: false }),
    epoch: 1,
    step: 1,
    batch: source.rows,
    spreads: undefined,
    guard: undefined,
    objective,
    modelBits: 0,
    residualBits: 0,
    gradientBits: 0,
    streams: createStreams("margins", 1),
    seed: "margins",
    weights,
    trail: undefined,
    signal: undefined,
  };
}

describe("the gradient in full precision", () => {
  const size = 4;
  const rows = 50;
  const stream = createStream("test/margins/rows");
  const values = Float64Array.from({ length: rows * (size + 1) }, (_, at) =>
    Math.fround(at % (size + 1) === size ? (stream.uniform() < 0.4 ? 1 : -1) : gaussian(stream)),
  );
  const point = [0.3, -0.8, 0.5, 1.1, -0.2];

  function lossAt(loss: LossName, x: readonly number[]): number {
    const margin = marginLossOf(loss);
    let sum = 0;
    for (let r = 0; r < rows; r++) {
      const label = values[r * (size + 1) + size] as number;
      let f = margin === undefined ? 0 : (x[size] as number);
      for (let i = 0; i < size; i++) f += (values[r * (size + 1) + i] as number) * (x[i] as number);
      sum += margin === undefined ? (f - label) ** 2 / 2 : margin.value(label * f);
    }
    return sum / rows;
  }

  it.each(["squares", "ls-svm", "logistic", "hinge"] as const)("is the finite difference of %s", async (loss) => {
    const margin = marginLossOf(loss);
    const start = margin === undefined ? point.slice(0, size) : point;
    const weights = Float64Array.from(start);
    const block = { kind: "values" as const, rows, values };
    await referenceEngine().epoch(contextOf([block], size, "full", { ...plain, margin }, weights));
    for (const [i, value] of start.entries()) {
      const step = 1e-5;
      const difference = (lossAt(loss, start.with(i, value + step)) - lossAt(loss, start.with(i, value - step))) / 2;
      expect(value - (weights[i] as number)).toBeCloseTo(difference / step, 8);
    }
  });

  it("takes the slope of the loss, which is finite everywhere", () => {
    for (const z of [-800, -30, -1, 0, 2, 40, 800]) {
      const step = 1e-5;
      const difference = (logistic.value(z + step) - logistic.value(z - step)) / (2 * step);
      expect(logistic.slope(z)).toBeCloseTo(difference, 6);
    }
    expect(logistic.value(-800)).toBe(800);
  });

  it("starts where the best constant decision is", () => {
    for (const share of [0.1, 0.5, 0.8]) {
      for (const name of ["logistic", "hinge"] as const) {
        const { value, prior } = marginLossOf(name) as MarginLoss;
        const mean = (f: number): number => share * value(f) + (1 - share) * value(-f);
        const best = mean(prior(share));
        for (let f = -3; f <= 3; f += 0.1) expect(best).toBeLessThanOrEqual(mean(f) + 1e-12);
      }
    }
  });
});

describe("the gradient of one row from its codes", () => {
  const a = [0.31, -0.62, 0.83];
  const size = a.length;
  const x = Float64Array.of(0.6, -0.5, 0.4, 0.1);
  const label = -1;
  const rows = 20_000;
  const degree = 3;
  const decision = a.reduce((sum, value, i) => sum + value * (x[i] as number), x[size] as number);
  const polynomial = marginPolynomial(logistic, degree);
  const { coefficients, radius } = polynomial;
  const task = taskOf(size);

  function repeated(quantizer: Quantizer): CodeBlock {
    const draws = createStream("test/margins/draws");
    const codes = new Uint16Array(rows * (size + 1));
    const row = Float64Array.from([...a, 0]);
    const out = new Uint16Array(size + 1);
    for (let r = 0; r < rows; r++) {
      quantizer.encodeInto(row, out, draws);
      codes.set(out, r * (size + 1));
    }
    return { kind: "codes", rows, quantizer, codes, targets: new Float64Array(rows).fill(label) };
  }

  const gradientAt = (slope: number): number[] => [...a, 1].map((value) => label * slope * value);
  const exact = gradientAt(logistic.slope(label * decision));
  const expected = gradientAt(evaluateChebyshev(coefficients, () => (label * decision) / radius));
  const many = quantizerOf(same(size + 1, { low: -1, high: 1, bits: 4, samples: degree + 1 }));
  const codes = repeated(many);

  function tally(block: CodeBlock, estimator: EstimatorName, objective: Objective, weights = x): Tally[] {
    const batch = createBatch(size, 1, false);
    const context = contextOf([block], size, estimator, objective, weights);
    const margins = createMargins(context, batch);
    const read = margins?.open(block);
    const tallies = [...a, 1].map(createTally);
    const gradient = new Float64Array(size);
    for (let r = 0; r < rows; r++) {
      read?.(r, batch);
      margins?.fillResiduals(weights);
      fillGradient(batch, weights.subarray(0, size), undefined, gradient);
      for (const [i, one] of tallies.entries())
        note(one, i < size ? (gradient[i] as number) : (batch.residuals[0] as number));
      clearBatch(batch);
    }
    return tallies;
  }

  /** The estimator written once more, with a choice of which draw stands in which factor; draw 0 … degree. */
  function drawnBy(pick: (step: number) => number, outer: number, isSorted = false): Tally[] {
    const { scaling } = contextOf([codes], size, "polynomial", plain, x);
    const read = openDraws(codes, task, scaling, degree + 1, createStream("test/margins/coins"));
    const values = new Float64Array((degree + 1) * size);
    const tallies = [...a, 1].map(createTally);
    const at = (draw: number, i: number): number => values[draw * size + i] as number;
    const column = new Float64Array(degree + 1);
    const sortDraws = (): void => {
      for (let i = 0; i < size; i++) {
        for (let draw = 0; draw <= degree; draw++) column[draw] = at(draw, i);
        column.sort();
        for (let draw = 0; draw <= degree; draw++) values[draw * size + i] = column[draw] as number;
      }
    };
    for (let r = 0; r < rows; r++) {
      read(r, values);
      if (isSorted) sortDraws();
      const t = (step: number): number => {
        let sum = x[size] as number;
        for (let i = 0; i < size; i++) sum += at(pick(step), i) * (x[i] as number);
        return (label * sum) / radius;
      };
      const residual = label * evaluateChebyshev(coefficients, t);
      for (const [i, one] of tallies.entries()) note(one, i < size ? residual * at(outer, i) : residual);
    }
    return tallies;
  }

  it("is unbiased for the polynomial, which is close to the slope", () => {
    const objective = { ...plain, margin: logistic, polynomial };
    const tallies = tally(codes, "polynomial", objective);
    expect(worstError(tallies, expected)).toBeLessThan(allowed);
    expect(polynomial.tally).toEqual({ inside: rows, outside: 0 });
    for (const [i, value] of exact.entries()) expect(Math.abs(value - (expected[i] as number))).toBeLessThan(0.005);
  });

  it("is so written another way, hence the controls below fail for their fault alone", () => {
    expect(
      worstError(
        drawnBy((step) => step - 1, degree),
        expected,
      ),
    ).toBeLessThan(allowed);
    expect(
      worstError(
        drawnBy((step) => degree + 1 - step, 0),
        expected,
      ),
    ).toBeLessThan(allowed);
  });

  it("rejects one draw in every factor, an outer draw used before, and draws in a fixed order", () => {
    expect(
      worstError(
        drawnBy(() => 0, degree),
        expected,
      ),
    ).toBeGreaterThan(allowed);
    expect(
      worstError(
        drawnBy((step) => step - 1, 0),
        expected,
      ),
    ).toBeGreaterThan(allowed);
    expect(
      worstError(
        drawnBy((step) => step - 1, degree, true),
        expected,
      ),
    ).toBeGreaterThan(allowed);
  });

  it("rejects naive rounding at few bits, for logistic and for hinge", () => {
    const coarse = repeated(quantizerOf(same(size + 1, { low: -1, high: 1, bits: 2, samples: 1 })));
    expect(worstError(tally(coarse, "naive", { ...plain, margin: logistic }), exact)).toBeGreaterThan(allowed);
    const hinge = marginLossOf("hinge") as MarginLoss;
    const near = x.with(size, -0.95 - decision + (x[size] as number)); // the margin is 0.95, next to the kink
    const sharp = gradientAt(hinge.slope(0.95));
    expect(worstError(tally(coarse, "naive", { ...plain, margin: hinge }, near), sharp)).toBeGreaterThan(allowed);
  });

  it("is the slope itself, and counted, where the margin lies beyond the polynomial", () => {
    const narrow = { ...marginPolynomial(logistic, degree), radius: 0.01 };
    const far = contextOf([], size, "polynomial", { ...plain, margin: logistic, polynomial: narrow }, x);
    const batch = createBatch(size, 1, false);
    const margins = createMargins(far, batch);
    margins?.open(codes)(0, batch);
    const mean = [...batch.left].reduce((sum, value, i) => sum + value * (x[i] as number), x[size] as number);
    margins?.fillResiduals(x);
    expect(batch.residuals[0]).toBe(label * logistic.slope(label * mean));
    expect(narrow.tally).toEqual({ inside: 0, outside: 1 });
  });
});
