import { createHash } from "node:crypto";
import { defineSchema } from "@zipml/codec";
import { type Model, type ModelContent, modelBytes } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { createHistory } from "../src/history.ts";
import { createModels } from "../src/models.ts";
import { createPredictor } from "../src/predictor.ts";

const content: ModelContent = {
  target: { name: "y", unit: "W", mean: 10, deviation: 4 },
  features: [
    { name: "x", unit: "V", mean: 1, deviation: 2 },
    { name: "flat", unit: "V", mean: 3, deviation: 0 },
  ],
  weights: { bits: 0, values: [0.5, 0.25] },
  intercept: 10,
};
function model(version: number, changes: Partial<ModelContent> = {}): Model {
  const whole = { ...content, ...changes };
  const hash = createHash("sha256").update(modelBytes(whole)).digest("hex");
  return { ...whole, version, hash, createdAt: 0, estimator: "symmetric", solver: "sgd", rows: 9 };
}
const code = (value: string) => expect.objectContaining({ code: value });

describe("predictor", () => {
  it("predicts in original units; a feature without variance counts for nothing", () => {
    const predictor = createPredictor(model(1));
    expect(predictor.predict({ x: 3, flat: 100 })).toBe(10 + (0.5 * 4 * (3 - 1)) / 2);
    expect(predictor).toMatchObject({ version: 1, features: ["x", "flat"], target: { name: "y", unit: "W" } });
  });

  it("decodes quantized weights", () => {
    const weights = { bits: 2, scale: 0.9, codes: Uint8Array.of(0b0111) }; // codes 3 and 1: 0.9 and −0.3
    expect(createPredictor(model(1, { weights })).predict({ x: 2, flat: 0 })).toBeCloseTo(10 + 0.9 * 2, 12);
  });

  it("predicts the label of a model of classes, and tells how sure it is", () => {
    const classes = { loss: "logistic", negative: 3, positive: 7 };
    const target = { name: "y", unit: "", mean: -1, deviation: 1 };
    const predictor = createPredictor(model(1, { target, intercept: -1, classes }));
    const decisions = [3, 5, 5.001, 9].map((x) => predictor.decide({ x, flat: 0 }));
    expect(decisions).toEqual([-0.5, 0, expect.closeTo(0.00025, 9), 1]);
    expect([3, 5, 5.001, 9].map((x) => predictor.predict({ x, flat: 0 }))).toEqual([3, 7, 7, 7]);
    expect(predictor.classes).toEqual(classes);
    expect(createPredictor(model(1)).decide({ x: 3, flat: 0 })).toBe(
      createPredictor(model(1)).predict({ x: 3, flat: 0 }),
    );
    // The labels are part of what the hash covers, and so is the absence of them.
    const known = model(1, { classes });
    expect(() => createPredictor({ ...known, classes: { ...classes, positive: 8 } })).toThrow(code("model-hash"));
    const { classes: _, ...stripped } = known;
    expect(() => createPredictor(stripped)).toThrow(code("model-hash"));
  });

  it("refuses a model that is not what its hash says", () => {
    const altered = { ...model(1), intercept: 11 };
    expect(() => createPredictor(altered)).toThrow(code("model-hash"));
  });

  it("refuses a row that lacks a feature, by name", () => {
    const predictor = createPredictor(model(1));
    expect(() => predictor.predict({ x: 1 })).toThrow(expect.objectContaining({ code: "missing", channel: "flat" }));
    expect(() => predictor.predict({ x: Number.NaN, flat: 1 })).toThrow(code("non-finite"));
    const named = createPredictor(model(1, { features: content.features.map((f) => ({ ...f, name: `${f.name}` })) }));
    expect(() => named.predict(Object.create({ x: 1, flat: 1 }))).toThrow(code("missing"));
  });
});

describe("predictor with features that look back", () => {
  const schema = defineSchema([
    { name: "x", unit: "V", range: [0, 9], role: "feature" },
    { name: "y", unit: "W", range: [0, 9], role: "target" },
    { name: "z@-1", unit: "V", range: [0, 9], role: "feature" },
  ]);
  const names = ["x", "x@-1", "y@-2", "z@-1"];
  const lagged: Partial<ModelContent> = {
    target: { name: "y", unit: "W", mean: 0, deviation: 1 },
    features: names.map((name) => ({ name, unit: "V", mean: 0, deviation: 1 })),
    weights: { bits: 0, values: [1, 10, 100, 1000] },
    intercept: 0,
  };

  it("takes the rows that were pushed before, and refuses until there are enough", () => {
    const history = createHistory(schema);
    const models = createModels(history);
    const own = models.take(model(1, lagged), true);
    expect(own).toMatchObject({ features: names, lags: 2 });
    const row = { x: 1, "z@-1": 5 };
    for (const values of [
      [0, 0, 0],
      [2, 3, 0],
      [4, 6, 0],
      [7, 8, 0],
    ]) {
      if (history.rows < 2) expect(() => models.predict(row)).toThrow(code("history"));
      history.add(Float64Array.from(values));
    }
    expect(history.rows).toBe(2); // as many as the model needs
    expect(models.predict(row)).toBe(1 + 70 + 600 + 5000);
    expect(models.predict(row)).toBe(1 + 70 + 600 + 5000); // predicting adds nothing
    models.take(model(2), true); // of a group's that looks back there is none
    expect([models.predict({ x: 3, flat: 0 }), history.rows]).toEqual([12, 0]);
  });

  it("takes a row at its word, and knows a channel with the name of a lag", () => {
    const history = createHistory(schema);
    const predictor = createPredictor(model(1, lagged), history);
    expect(predictor.predict({ x: 1, "x@-1": 2, "y@-2": 3, "z@-1": 4 })).toBe(4321);
    expect(() => predictor.predict({ x: 1, "x@-1": 2, "y@-2": 3 })).toThrow(
      expect.objectContaining({ code: "missing", channel: "z@-1" }),
    );
    expect(() => predictor.predict({ x: 1, "x@-1": Number.NaN, "y@-2": 3, "z@-1": 4 })).toThrow(code("non-finite"));
    // without a history, or of a channel that there is not: named like any other feature
    expect(() => createPredictor(model(1, lagged)).predict({ x: 1 })).toThrow(
      expect.objectContaining({ code: "missing", channel: "x@-1" }),
    );
  });
});

describe("models", () => {
  it("prefers the device's own, and keeps the last good one", () => {
    const models = createModels();
    expect(() => models.predict({ x: 1, flat: 1 })).toThrow(code("no-model"));
    models.take(model(1), false);
    models.take(model(7, { intercept: 70 }), true);
    models.take(model(2, { intercept: 20 }), false);
    expect(models.current?.version).toBe(7);
    expect(models.predict({ x: 1, flat: 1 })).toBe(70);
    expect(() => models.take({ ...model(8), intercept: 0.5 }, true)).toThrow(code("model-hash"));
    expect(models.current?.version).toBe(7);
  });

  it("is not taken back by one that was made before", () => {
    const models = createModels();
    models.take({ ...model(9), createdAt: 1000 }, false);
    expect(models.take({ ...model(8, { intercept: 80 }), createdAt: 999 }, false)).toBeUndefined();
    expect(models.current?.version).toBe(9);
    // A gateway that starts afresh counts from 1 again: time decides, not the version.
    models.take({ ...model(1), createdAt: 2000 }, false);
    expect(models.current?.version).toBe(1);
  });
});
