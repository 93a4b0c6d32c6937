import { createHash } from "node:crypto";
import { decodeMessage, encodeMessage, modelBytes, modelWeights } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { modelMessage } from "../src/model-message.ts";
import type { LinearModel } from "../src/train/index.ts";

const weights = [0.9, -0.31, 0.052, 0];
const model: LinearModel = {
  features: weights.map((weight, i) => ({ name: `x${i}`, unit: "V", mean: i, deviation: i + 0.5, weight })),
  target: { name: "y", unit: "C", mean: 20.25, deviation: 3 },
  rows: 500,
  estimator: "symmetric",
  solver: "sgd",
};
const label = (version: number) => ({ version, createdAt: 1000.4 });

describe("model message", () => {
  it("rounds weights without bias, within five standard errors, to points of the lattice", () => {
    const bits = 3;
    const n = 4000;
    const sums = weights.map(() => 0);
    const step = (2 * 0.9) / (2 ** bits - 1);
    for (let version = 1; version <= n; version++) {
      const decoded = modelWeights(modelMessage(model, bits, 1, label(version)).weights, weights.length);
      for (const [i, value] of decoded.entries()) {
        expect(Math.abs(value - (weights[i] ?? 0))).toBeLessThan(step);
        sums[i] = (sums[i] ?? 0) + value;
      }
    }
    const scores = weights.map((weight, i) => {
      const position = ((weight + 0.9) / step) % 1;
      const error = Math.sqrt((step * step * position * (1 - position)) / n);
      return Math.abs((sums[i] ?? 0) / n - weight) / Math.max(error, 1e-12);
    });
    for (const score of scores) expect(score).toBeLessThan(5);
    // the control: rounding to the nearest point would be off by far more than the bound
    const nearest = weights.map((weight) => Math.round((weight + 0.9) / step) * step - 0.9);
    const errors = weights.map((weight, i) => Math.abs((nearest[i] ?? 0) - weight) / (step / 2 / Math.sqrt(n)));
    expect(Math.max(...errors)).toBeGreaterThan(5);
  });

  it("carries scales in full precision and a hash of what decides a prediction", () => {
    const message = modelMessage(model, 8, "seed", label(7));
    expect(message).toMatchObject({ version: 7, createdAt: 1000, intercept: 20.25, rows: 500, target: model.target });
    expect(message.features).toEqual(model.features.map(({ weight: _, ...feature }) => feature));
    expect(message.hash).toBe(createHash("sha256").update(modelBytes(message)).digest("hex"));
    expect(() => encodeMessage("model", message)).not.toThrow();
    expect(modelMessage(model, 8, "seed", label(7))).toEqual(message);
    expect(modelMessage(model, 8, "other", label(7)).hash).not.toBe(message.hash);
    const changed = { ...model, target: { ...model.target, unit: "K" } };
    expect(modelMessage(changed, 8, "seed", label(7)).hash).not.toBe(message.hash);
  });

  it("leaves the weights as they are at 0 bits, where equal models have equal hashes", () => {
    const message = modelMessage(model, 0, 1, label(1));
    expect([...modelWeights(message.weights, 4)]).toEqual(weights);
    expect(modelMessage(model, 0, 2, label(9)).hash).toBe(message.hash);
  });

  it("names loss and labels of a model of classes, which the hash covers", () => {
    const classes = { loss: "hinge", negative: 0, positive: 1 } as const;
    const message = modelMessage({ ...model, classes }, 0, 1, label(1));
    expect(message.classes).toEqual(classes);
    expect(decodeMessage("model", encodeMessage("model", message))).toEqual(message);
    expect(message.hash).not.toBe(modelMessage(model, 0, 1, label(1)).hash);
    const other = modelMessage({ ...model, classes: { ...classes, loss: "logistic" } }, 0, 1, label(1));
    expect(other.hash).not.toBe(message.hash);
  });
});
