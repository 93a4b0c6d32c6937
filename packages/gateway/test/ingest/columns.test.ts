import { createQuantizer, defineSchema, ditherPlace, uniformGrid } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { projectionOf, taskOf } from "../../src/ingest/columns.ts";

const schema = defineSchema([
  { name: "a", unit: "C", range: [0, 1], role: "feature" },
  { name: "y", unit: "%", range: [0, 10], role: "target" },
  { name: "b", unit: "V", range: [0, 5], role: "feature" },
]);
const task = taskOf(schema, {});
if ("reason" in task) throw new Error(task.reason);

describe("columns", () => {
  it("takes the task from the roles, or from what was chosen", () => {
    expect(task).toEqual({
      features: [
        { name: "a", unit: "C", column: 0 },
        { name: "b", unit: "V", column: 1 },
      ],
      target: { name: "y", unit: "%", column: 2 },
    });
    expect(taskOf(schema, { target: "b", features: ["y"] })).toEqual({
      features: [{ name: "y", unit: "%", column: 0 }],
      target: { name: "b", unit: "V", column: 1 },
    });
    expect(taskOf(schema, { target: "b" })).toMatchObject({ features: [{ name: "a" }] });
  });

  it("says why there is no task", () => {
    const two = defineSchema(schema.channels.map((channel) => ({ ...channel, role: "target" as const })));
    expect(taskOf(two, {})).toMatchObject({ reason: expect.stringContaining("3 channels") });
    expect(taskOf(two, { target: "y" })).toMatchObject({ reason: expect.stringContaining("no channel is a feature") });
    expect(taskOf(schema, { target: "z" })).toMatchObject({ reason: expect.stringContaining('"z"') });
    expect(taskOf(schema, { features: ["a", "q"] })).toMatchObject({ reason: expect.stringContaining('"q"') });
  });

  it("lets the target be a feature where it enters by its lags, in one column", () => {
    const chosen = { features: ["y", "a"], target: "y", lags: 2 };
    const own = taskOf(schema, chosen);
    expect(own).toEqual({
      features: [
        { name: "y", unit: "%", column: 0 },
        { name: "a", unit: "C", column: 1 },
      ],
      target: { name: "y", unit: "%", column: 0 },
    });
    if ("reason" in own) throw new Error(own.reason);
    const grid = uniformGrid(schema, { scheme: "dither", seed: "s" });
    const projection = projectionOf(schema, grid, own);
    if ("reason" in projection) throw new Error(projection.reason);
    expect([...projection.project(Uint16Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([2, 1, 5, 4]);
    // under count its code needs what a feature's needs
    expect(projectionOf(schema, uniformGrid(schema), own)).toMatchObject({ reason: expect.stringContaining('"y"') });
    expect(taskOf(schema, { ...chosen, lags: 0 })).toMatchObject({ reason: expect.stringContaining("training.lags") });
  });

  it("says why channels can't get lags", () => {
    const named = (name: string) =>
      defineSchema([...schema.channels, { name, unit: "", range: [0, 1] as const, role: "target" }]);
    const choice = { target: "y", lags: 3 };
    expect(taskOf(named("a@-3"), choice)).toMatchObject({ reason: expect.stringContaining('"a@-3"') });
    expect(taskOf(named("a@-4"), choice)).toHaveProperty("features");
    const long = { target: "y", features: ["x".repeat(62)], lags: 1 };
    expect(taskOf(named("x".repeat(62)), long)).toMatchObject({ reason: expect.stringContaining("64") });
    const many = defineSchema(
      Array.from({ length: 9 }, (_, i) => ({ name: `c${i}`, unit: "", range: [0, 1], role: "feature" as const })),
    );
    expect(taskOf(many, { target: "c0", lags: 127 })).toHaveProperty("features");
    expect(taskOf(many, { target: "c0", lags: 128 })).toMatchObject({ reason: expect.stringContaining("1032") });
  });

  it("lays a row's codes out as the task asks", () => {
    const projection = projectionOf(schema, uniformGrid(schema), task);
    if ("reason" in projection) throw new Error(projection.reason);
    expect([...projection.project(Uint16Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([1, 3, 2, 4, 6, 5]);
    expect(projection.quantizer.channels.map(({ low, high, samples }) => [low, high, samples])).toEqual([
      [0, 1, 2],
      [0, 5, 2],
      [0, 10, 1],
    ]);
  });

  it("keeps the numbers that the device's channels have, as dither goes by them", () => {
    const grid = uniformGrid(schema, { scheme: "dither", seed: "s", bits: 6 });
    const projection = projectionOf(schema, grid, task);
    if ("reason" in projection) throw new Error(projection.reason);
    const place = ditherPlace(grid, { device: "d", session: 1, sequence: 2 });
    const [all, part] = [new Float64Array(6), new Float64Array(6)];
    const codes = Uint16Array.of(1, 2, 3, 4, 5, 6);
    createQuantizer(grid).meansInto(codes, all, place);
    projection.quantizer.meansInto(projection.project(codes, 2), part, place);
    expect([...part]).toEqual([0, 2, 1, 3, 5, 4].map((at) => all[at]));
    expect(projectionOf(schema, grid, task, { estimator: "naive" })).toHaveProperty("quantizer");
    expect(projectionOf(schema, grid, task, { estimator: "double" })).toMatchObject({
      reason: expect.stringContaining("dither"),
    });
  });

  it("takes grids of intervals alone where rows are refetched", () => {
    const refetch = { estimator: "refetch" } as const;
    const grid = uniformGrid(schema, { scheme: "interval" });
    expect(projectionOf(schema, grid, task, refetch)).toHaveProperty("quantizer");
    for (const scheme of ["count", "dither"] as const)
      expect(projectionOf(schema, uniformGrid(schema, { scheme }), task, refetch)).toMatchObject({
        reason: expect.stringContaining("needs interval"),
      });
  });

  it("refuses a device that does not fit", () => {
    const grid = uniformGrid(schema);
    const inKelvin = defineSchema(schema.channels.map((channel) => ({ ...channel, unit: "K" })));
    expect(projectionOf(inKelvin, grid, task)).toMatchObject({ reason: expect.stringContaining("in K here and in C") });
    const fewer = defineSchema(schema.channels.slice(0, 2));
    expect(projectionOf(fewer, uniformGrid(fewer), task)).toMatchObject({ reason: expect.stringContaining('"b"') });
  });

  it("refuses a grid that would make training impossible for the whole group", () => {
    const grid = uniformGrid(schema);
    const short = { ...grid, channels: grid.channels.slice(0, 2) };
    expect(projectionOf(schema, short, task)).toMatchObject({ reason: expect.stringContaining("2 channels") });
    const levels = { kind: "uniform", low: 0, high: 1e300 } as const;
    const huge = { ...grid, channels: grid.channels.map((channel) => ({ ...channel, levels })) };
    expect(projectionOf(schema, huge, task)).toMatchObject({ reason: expect.stringContaining("no range") });
    const oneDraw = uniformGrid(schema, { samples: 1 });
    expect(projectionOf(schema, oneDraw, task)).toMatchObject({ reason: expect.stringContaining("1 draws") });
    expect(projectionOf(schema, oneDraw, task, { estimator: "naive" })).toHaveProperty("quantizer");
    expect(projectionOf(schema, grid, task, { estimator: "naive" })).toMatchObject({
      reason: expect.stringContaining("exactly one"),
    });
    expect(projectionOf(schema, grid, task, { estimator: "double" })).toHaveProperty("quantizer");
  });
});
