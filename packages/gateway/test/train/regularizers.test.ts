import { createStream } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TrainingError } from "../../src/train/errors.ts";
import { penaltyOf, proximalStep, type Regularizer, resolveRegularizer } from "../../src/train/regularizers.ts";

const none: Regularizer = { l1: 0, l2: 0, box: undefined, ball: undefined };
const number = fc.double({ min: -10, max: 10, noNaN: true });
const vector = fc.array(number, { minLength: 1, maxLength: 6 });
const positive = fc.double({ min: 0.01, max: 3, noNaN: true });
const soft = (v: number, t: number): number => Math.sign(v) * Math.max(Math.abs(v) - t, 0);

function prox(regularizer: Partial<Regularizer>, values: readonly number[], step: number): number[] {
  const out = Float64Array.from(values);
  proximalStep({ ...none, ...regularizer }, out, step);
  return [...out];
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 9);
}

describe("the proximal step", () => {
  it("is soft thresholding for l1, shrinking for l2, both in this order for the elastic net", () => {
    fc.assert(
      fc.property(vector, positive, positive, positive, (v, step, l1, l2) => {
        expectClose(
          prox({ l1 }, v, step),
          v.map((x) => soft(x, step * l1)),
        );
        expectClose(
          prox({ l2 }, v, step),
          v.map((x) => x / (1 + step * l2)),
        );
        expectClose(
          prox({ l1, l2 }, v, step),
          v.map((x) => soft(x, step * l1) / (1 + step * l2)),
        );
      }),
    );
  });

  it("projects onto box and ball", () => {
    fc.assert(
      fc.property(vector, positive, positive, (v, low, high) => {
        expectClose(
          prox({ box: [-low, high] }, v, 1),
          v.map((x) => Math.min(Math.max(x, -low), high)),
        );
        const norm = Math.hypot(...v);
        const scale = norm > high ? high / norm : 1;
        expectClose(
          prox({ ball: high }, v, 1),
          v.map((x) => x * scale),
        );
      }),
    );
  });

  it("makes distance and penalty least among the allowed points nearby, for every combination", () => {
    const stream = createStream("test/prox");
    const random = (): number => 2 * stream.uniform() - 1;
    for (let time = 0; time < 120; time++) {
      const v = [3 * random(), 3 * random(), 3 * random()];
      const step = 0.1 + stream.uniform();
      const strengths = { l1: time % 2 === 0 ? stream.uniform() : 0, l2: time % 3 === 0 ? 2 * stream.uniform() : 0 };
      const bounds = [{}, { box: [-stream.uniform(), stream.uniform()] as const }, { ball: 0.2 + stream.uniform() }];
      const regularizer: Regularizer = { ...none, ...strengths, ...bounds[time % bounds.length] };
      const objective = (x: readonly number[]): number =>
        x.reduce((sum, value, i) => sum + (value - (v[i] as number)) ** 2, 0) / 2 +
        step * penaltyOf(regularizer, Float64Array.from(x));
      const best = prox(regularizer, v, step);
      const { box, ball = Number.POSITIVE_INFINITY } = regularizer;
      const isAllowed = (x: readonly number[]): boolean =>
        Math.hypot(...x) <= ball && x.every((value) => box === undefined || (value >= box[0] && value <= box[1]));
      const least = objective(best);
      let lower = 0;
      for (const scale of [1, 0.1, 0.01, 0.001])
        for (let other = 0; other < 10; other++) {
          const near = best.map((value) => value + scale * random());
          if (isAllowed(near) && objective(near) < least - 1e-12) lower += 1;
        }
      expect(lower).toBe(0);
    }
  });

  it("lets what is not finite be seen", () => {
    expect(prox({ l1: 1, ball: 1 }, [Number.NaN, 1], 1).some(Number.isNaN)).toBe(true);
    expect(prox({ l1: 1, box: [-1, 1] }, [Number.NaN, 1], 1).some(Number.isNaN)).toBe(true);
  });

  it("adds nothing for constraints", () => {
    expect(penaltyOf({ ...none, ball: 1 }, Float64Array.of(3, 4))).toBe(0);
    expect(penaltyOf({ ...none, l1: 2, l2: 3 }, Float64Array.of(3, -4))).toBe(14 + 37.5);
  });
});

describe("what may be asked for", () => {
  it("is nothing by default", () => {
    expect(resolveRegularizer({})).toBeUndefined();
    expect(resolveRegularizer({ l1: 0, l2: 0 })).toBeUndefined();
    expect(resolveRegularizer({ box: [0, Number.POSITIVE_INFINITY] })).toMatchObject({ l1: 0, l2: 0 });
  });

  it.each([
    { l1: -1 },
    { l2: Number.NaN },
    { l1: Number.POSITIVE_INFINITY },
    { box: [1, 2] as const },
    { box: [0, 0] as const },
    { box: [Number.NaN, 1] as const },
    { ball: 0 },
    { ball: Number.POSITIVE_INFINITY },
    { ball: 1, box: [-1, 1] as const },
  ])("refuses %j", (options) => {
    expect(() => resolveRegularizer(options)).toThrow(expect.objectContaining({ code: "options" }));
    expect(() => resolveRegularizer(options)).toThrow(TrainingError);
  });
});
