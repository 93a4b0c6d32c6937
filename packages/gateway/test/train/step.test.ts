import { describe, expect, it } from "vitest";
import { scheduleLength, stepAt } from "../../src/train/schedules.ts";
import { automaticStep, type StepFacts } from "../../src/train/step.ts";

const facts: StepFacts = {
  largest: 4,
  energy: 64,
  features: 8,
  batch: 64,
  epochs: 30,
  schedule: "inverse",
  modelBits: 0,
  residualBits: 0,
  gradientBits: 0,
};

describe("schedules", () => {
  it("fall as one over the epoch, or not at all", () => {
    expect([1, 2, 4].map((epoch) => stepAt("inverse", 0.8, epoch))).toEqual([0.8, 0.4, 0.2]);
    expect([1, 2, 4].map((epoch) => stepAt("constant", 0.8, epoch))).toEqual([0.8, 0.8, 0.8]);
    expect(scheduleLength("inverse", 3)).toBeCloseTo(1 + 1 / 2 + 1 / 3, 15);
    expect(scheduleLength("constant", 3)).toBe(3);
  });
});

describe("automaticStep", () => {
  it("is half of what is stable for the largest eigenvalue and the rows' energy", () => {
    expect(automaticStep(facts)).toBeCloseTo(1 / 5, 15);
    expect(automaticStep({ ...facts, batch: 16 })).toBeCloseTo(1 / 8, 15);
  });

  it("goes as far with a constant schedule as with the inverse one", () => {
    const constant = automaticStep({ ...facts, schedule: "constant" });
    expect(constant * scheduleLength("constant", 30)).toBeCloseTo(
      automaticStep(facts) * scheduleLength("inverse", 30),
      12,
    );
  });

  it("is shorter where model, residuals or gradient are rounded", () => {
    for (const name of ["modelBits", "residualBits", "gradientBits"])
      expect(automaticStep({ ...facts, [name]: 2 })).toBeLessThan(automaticStep({ ...facts, [name]: 8 }));
    expect(automaticStep({ ...facts, gradientBits: 1 })).toBeCloseTo(automaticStep(facts) / (1 + Math.sqrt(8)), 12);
  });
});
