import { createStream, defineSchema } from "@zipml/codec";
import { createGateway } from "@zipml/gateway";
import { evaluate, type LinearModel, labelOf, predictRow, type Task, train } from "@zipml/gateway/train";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { group } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const rooms = defineSchema([
  { name: "co2", unit: "ppm", range: [300, 1300], role: "feature" },
  { name: "warmth", unit: "C", range: [10, 35], role: "feature" },
  { name: "noise", unit: "", range: [0, 1], role: "feature" },
  { name: "occupied", unit: "", range: [0, 1], role: "target" },
]);
const task: Task = {
  features: rooms.channels.slice(0, 3).map(({ name, unit }, column) => ({ name, unit, column })),
  target: { name: "occupied", unit: "", column: 3 },
};

/** Rows of a room: it is occupied where air and warmth say so, but for some noise. */
function roomRows(count: number, name: string) {
  const stream = createStream(`fleet-classes/${name}`);
  return Array.from({ length: count }, () => {
    const co2 = 400 + 700 * stream.uniform();
    const warmth = 18 + 8 * stream.uniform();
    const score = (co2 - 700) / 200 + (warmth - 22) / 3 + 0.8 * (stream.uniform() - 0.5);
    return { co2, warmth, noise: stream.uniform(), occupied: score > 0 ? 1 : 0 };
  });
}
const valuesOf = (rows: ReturnType<typeof roomRows>): Float64Array =>
  Float64Array.from(rows.flatMap(({ co2, warmth, noise, occupied }) => [co2, warmth, noise, occupied]));

const fleet = ["a", "b"].map((id) => ({ id, rows: roomRows(400, id) }));
const unseen = valuesOf(roomRows(2000, "unseen"));
const accuracyOf = (model: LinearModel): number => evaluate(model, task, unseen, 4).accuracy ?? 0;

/** What the same options give on the exact rows. */
async function fullPrecision(options: object): Promise<LinearModel> {
  const values = valuesOf(fleet.flatMap(({ rows }) => rows));
  const block = { kind: "values" as const, rows: values.length / 4, values };
  async function* blocks() {
    yield block;
  }
  return (await train({ source: { rows: block.rows, columns: 4, blocks }, task, ...options })).model;
}

describe("fleet: a target that names a class", () => {
  const runs = [
    ["logistic", { bits: 8, samples: 1 }, {}],
    ["hinge", { bits: 8, samples: 1 }, { l2: 0.01 }],
    ["logistic", { bits: 8, samples: 4 }, { degree: 3 }],
    ["ls-svm", { bits: 5, samples: 2 }, { l1: 0.02 }],
    ["ls-svm", { bits: 5, scheme: "dither" }, { average: 0 }],
  ] as const;
  it.each(runs)("learns %s under %j and %j as well as full precision would", async (loss, grid, more) => {
    const { clock, startGateway, device } = createClockwork();
    const training = { loss, ...more, epochs: 10, everyRows: 0 };
    const hub = await startGateway({ training, publishBits: 0 });
    const agents = fleet.map(({ id }) => device(id, { schema: rooms, grid, batch: { rows: 100 } }));
    for (const [d, { rows }] of fleet.entries())
      for (const [i, row] of rows.entries()) await agents[d]?.device.push(row, { elapsed: i * 1000 });
    await clock.advance(1000);
    const { model, message } = await hub.gateway.train();
    const { degree: _, ...exact } = { degree: 0, ...more };
    const full = await fullPrecision({ loss, ...exact, epochs: 10 });
    expect(accuracyOf(full)).toBeGreaterThan(0.9);
    expect(Math.abs(accuracyOf(model) - accuracyOf(full))).toBeLessThan(0.01);
    expect(message.classes).toEqual({ loss, negative: 0, positive: 1 });
    if (loss === "ls-svm" && "l1" in more) expect(model.features[2]?.weight).toBe(0);
    for (const { device: agent, events } of agents) {
      await events.next("model");
      for (const { occupied: _target, ...row } of roomRows(50, "asked")) {
        const decision = predictRow(model, Object.values(row));
        expect(agent.decide(row)).toBeCloseTo(decision, 9);
        expect(agent.predict(row)).toBe(labelOf(model, decision));
        expect(hub.gateway.decide(row)).toBe(decision);
        expect(hub.gateway.predict(row)).toBe(labelOf(model, decision));
      }
      const closing = agent.close();
      await clock.advance(1000);
      await closing;
    }
    await hub.gateway.close();
  });

  it("says why it can't: the wrong draws, a target of more values, options that do not go together", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { loss: "logistic", minimum: 8, everyRows: 0 } });
    const double = device("double", { schema: rooms });
    await clock.settle();
    await double.device.push({ co2: 500, warmth: 20, noise: 0, occupied: 1 }, { elapsed: 0 });
    await clock.advance(11_000);
    expect(hub.gateway.status().devices[0]?.unusable).toMatch(/2 draws a reading; naive needs exactly one/);
    const single = device("single", { schema: rooms, grid: { bits: 8, samples: 1 } });
    for (let i = 0; i < 16; i++)
      await single.device.push({ co2: 500 + i, warmth: 20, noise: 0, occupied: i / 16 }, { elapsed: i * 1000 });
    await clock.advance(1000);
    await expect(hub.gateway.train()).rejects.toMatchObject({ name: "TrainingError", code: "target" });
    for (const { device: agent } of [double, single]) {
      const closing = agent.close({ timeout: 10 });
      await clock.advance(10);
      await closing;
    }
    await hub.gateway.close();

    const transport = createMemoryBroker().connector();
    const refused: readonly object[] = [
      { loss: "log" },
      { loss: "hinge", estimator: "symmetric" },
      { loss: "hinge", degree: 3 },
      { loss: "logistic", solver: "closed-form" },
      { l1: -1 },
      { box: [1, 2] },
      { box: [0, 1], ball: 1 },
      { average: 31 },
    ];
    for (const training of refused)
      await expect(createGateway({ group, transport, training } as never)).rejects.toMatchObject({ code: "options" });
    const thin = { bits: 4, samples: 2 };
    const made = { group, transport, training: { loss: "logistic" as const }, grid: { thin } };
    await expect(createGateway(made)).rejects.toMatchObject({ code: "options" });
  });
});
