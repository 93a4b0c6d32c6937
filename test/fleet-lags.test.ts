import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStream, defineSchema, type Grid, type Stream, uniformGrid } from "@zipml/codec";
import type { Device } from "@zipml/device";
import { createGateway } from "@zipml/gateway";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { group, startDevice } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const schema = defineSchema([
  { name: "level", unit: "m", range: [-6, 6], role: "feature" },
  { name: "pump", unit: "V", range: [-1, 1], role: "feature" },
]);
const training = {
  features: ["level", "pump"],
  target: "level",
  lags: 2,
  minimum: 50,
  everyRows: 0,
  solver: "closed-form",
} as const;
const names = ["level@-1", "level@-2", "pump", "pump@-1", "pump@-2"];
const rows = 400;
/** Of both grids: 2⁴ − 1, and ⌊(2⁵ − 1)/2⌋. */
const intervals = 15;

interface Row {
  readonly level: number;
  readonly pump: number;
}

/** level(t) = 0.5 level(t−1) + 0.3 level(t−2) + pump(t) − 0.5 pump(t−1) and noise. */
function rowsOf(device: string): Row[] {
  const stream = createStream(`test/fleet-lags/${device}`);
  const list: Row[] = [];
  for (let t = 0; t < rows; t++) {
    const [one, two] = [list[t - 1], list[t - 2]];
    const pump = 2 * stream.uniform() - 1;
    const noise = 1.5 * (stream.uniform() - 0.5);
    const level = 0.5 * (one?.level ?? 0) + 0.3 * (two?.level ?? 0) + pump - 0.5 * (one?.pump ?? 0) + noise;
    list.push({ level, pump });
  }
  return list;
}

const devices = ["a", "b", "c"];
const exact = devices.map(rowsOf);

/** What arrives of a reading: m, and d with E[m² − d] its square. */
type Arrived = readonly [m: number, d: number];
/** @param low The channel's lowest level. */
type Errors = (value: number, low: number, interval: number, stream: Stream) => Arrived;

const none: Errors = (value) => [value, 0];
/** Uniform over a step, whatever the value. */
const dither: Errors = (value, _low, step, stream) => [value + step * (stream.uniform() - 0.5), step ** 2 / 12];
/** Two draws between the ends of the value's interval. */
const count: Errors = (value, low, interval, stream) => {
  const place = (value - low) / interval;
  const ups = [0, 1].filter(() => stream.uniform() < place - Math.floor(place)).length;
  return [low + interval * (Math.floor(place) + ups / 2), ups === 1 ? interval ** 2 / 4 : 0];
};

/** Weights by the normal equations, written out, from what arrives of the rows: the oracle. */
function solve(errors: Errors, repeat = 0): number[] {
  const stream = createStream("test/fleet-lags/errors", repeat);
  const size = names.length + 1;
  const system = Array.from({ length: size }, () => new Array<number>(size + 1).fill(0));
  for (const list of exact) {
    const arrived = list.map(({ level, pump }) => [
      errors(level, -6, 12 / intervals, stream),
      errors(pump, -1, 2 / intervals, stream),
    ]) as [Arrived, Arrived][];
    for (let t = 2; t < list.length; t++) {
      const [now, one, two] = [arrived[t], arrived[t - 1], arrived[t - 2]] as [Arrived, Arrived][];
      if (now === undefined || one === undefined || two === undefined) continue;
      const row = [[1, 0], one[0], two[0], now[1], one[1], two[1], now[0]] as Arrived[];
      for (const [i, equation] of system.entries())
        for (const [j, [m]] of row.entries())
          equation[j] = (equation[j] ?? 0) + (row[i]?.[0] ?? 0) * m - (i === j ? (row[i]?.[1] ?? 0) : 0);
    }
  }
  for (let p = 0; p < size; p++) {
    const pivot = system[p] as number[];
    for (const [i, equation] of system.entries()) {
      if (i === p) continue;
      const factor = (equation[p] ?? 0) / (pivot[p] ?? 1);
      for (let j = p; j <= size; j++) equation[j] = (equation[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return system.slice(1).map((equation, i) => (equation[size] ?? 0) / (equation[i + 1] ?? 1));
}

/** Standard errors of the weights, from 60 series of errors. */
function standardErrors(errors: Errors, truth: readonly number[]): number[] {
  const sums = names.map(() => 0);
  for (let repeat = 0; repeat < 60; repeat++)
    for (const [i, weight] of solve(errors, repeat).entries())
      sums[i] = (sums[i] ?? 0) + (weight - (truth[i] ?? 0)) ** 2;
  return sums.map((sum) => Math.sqrt(sum / 60));
}

async function push(device: Device, list: readonly Row[], from: number): Promise<void> {
  for (const [i, row] of list.entries()) await device.push({ ...row }, { elapsed: 1000 * (from + i) });
}

const code = (value: string) => expect.objectContaining({ code: value });

/** Three devices' rows under a grid, and the model that a gateway with lags makes of them. */
async function run(grid: Grid) {
  let turn = 0;
  const fate = () => ([1, 2, 0, 1] as const)[turn++ % 4] ?? 1; // lost and asked for again, or twice
  const { clock, startGateway, device } = createClockwork({
    deliver: (topic) => (topic.endsWith("/data") ? fate() : 1),
  });
  const hub = await startGateway({ training, publishBits: 0, receipts: { gapAfter: 1000 } });
  const fleet = devices.map((id) => device(id, { schema, grid, session: 3, batch: { rows: 32 } }));
  for (const [i, { device: agent }] of fleet.entries()) await push(agent, exact[i] ?? [], 0);
  await clock.advance(120_000);
  expect(hub.gateway.status().rows.stored).toBe(3 * rows);
  const trained = await hub.gateway.train();
  await clock.advance(1000);
  const close = async () => {
    const closing = Promise.all(fleet.map(({ device: agent }) => agent.close()));
    await clock.advance(10_000);
    await closing;
    await hub.gateway.close();
  };
  return { hub, fleet, trained, close };
}

describe("fleet: lags", () => {
  it.each([
    ["dither", uniformGrid(schema, { scheme: "dither", seed: "pond", bits: 4 }), dither],
    ["count", uniformGrid(schema, { bits: 5, samples: 2 }), count],
  ])("three devices' series under %s give least squares' weights on exact lagged rows", async (_, grid, kind) => {
    const { hub, trained, close } = await run(grid);
    const { model, short, weights } = trained;
    expect(model.features.map(({ name }) => name)).toEqual(names);
    expect([model.target.name, model.rows, short]).toEqual(["level", 3 * (rows - 2), 3 * 2]);
    expect(trained.message.features.map(({ name, unit }) => `${name} ${unit}`)[0]).toBe("level@-1 m");
    const truth = solve(none);
    const errors = standardErrors(kind, truth);
    for (const [i, name] of names.entries())
      expect(Math.abs((weights[name] ?? 0) - (truth[i] ?? 0)) / (errors[i] ?? 0), name).toBeLessThan(5);
    expect(() => hub.gateway.predict({ pump: 0 })).toThrow(code("options"));
    const reading = { "level@-1": 1, "level@-2": 2, pump: 0.1, "pump@-1": 0.2, "pump@-2": 0.3 };
    const sum = Object.entries(reading).reduce((all, [name, x]) => all + (weights[name] ?? 0) * x, trained.intercept);
    expect(hub.gateway.predict(reading)).toBeCloseTo(sum, 9);
    await close();
  });

  it("predicts on the device from the rows that were pushed before", async () => {
    const { hub, fleet, close } = await run(uniformGrid(schema, { scheme: "dither", seed: "pond", bits: 4 }));
    const agent = fleet[0]?.device;
    if (agent === undefined) throw new Error("no device");
    expect(agent.status().model).toBe(1);
    expect(() => agent.predict({ pump: 0.5 })).toThrow(code("history"));
    await push(agent, [{ level: 1, pump: 0.25 }], 1000);
    expect(() => agent.predict({ pump: 0.5 })).toThrow(code("history"));
    await push(agent, [{ level: 2, pump: -0.5 }], 1001);
    const expected = hub.gateway.predict({ "level@-1": 2, "level@-2": 1, pump: 0.5, "pump@-1": -0.5, "pump@-2": 0.25 });
    expect(agent.predict({ pump: 0.5 })).toBeCloseTo(expected, 9);
    expect(() => agent.predict({})).toThrow(code("missing"));
    await close();
  });

  it("goes on from disk with the same windows, and takes other lags for another task", async () => {
    const directory = await mkdtemp(join(tmpdir(), "zipml-lags-"));
    const broker = createMemoryBroker();
    const open = (lags: number) =>
      createGateway({
        group,
        directory,
        transport: broker.connector(),
        training: { ...training, lags },
        receipts: { delay: 5, gapAfter: 150 },
      });
    const grid = uniformGrid(schema, { scheme: "dither", seed: "pond", bits: 6 });
    const before = await open(2);
    const { device: agent } = startDevice("a", broker.connector(), { schema, grid, batch: { rows: 32 } });
    await push(agent, exact[0] ?? [], 0);
    await agent.flush();
    const { hash, model, short } = await before.train();
    expect(short).toBe(2);
    await before.close();

    const after = await open(2);
    expect(after.model()).toMatchObject({ hash, short: 2, version: 1 });
    expect(await after.train()).toMatchObject({ model, short: 2, version: 2 });
    await after.close();

    const other = await open(3);
    expect(other.model()).toBeUndefined();
    const longer = await other.train();
    expect(longer).toMatchObject({ short: 3, version: 3 });
    expect(Object.keys(longer.weights)).toHaveLength(7);
    await other.close();
    await agent.close();
    await rm(directory, { recursive: true });
  });

  it("refuses a target with one draw that is to be its own lag, and says why", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training });
    const channels = schema.channels.map((channel, i) => ({
      ...channel,
      role: i === 0 ? ("target" as const) : channel.role,
    }));
    const { device: agent } = device("a", { schema: defineSchema(channels) });
    await push(agent, exact[0]?.slice(0, 8) ?? [], 0);
    await clock.advance(1000);
    expect(hub.gateway.status().devices[0]?.unusable).toMatch(/"level" has 1 draws/);
    await hub.gateway.close();
    const closing = agent.close();
    await clock.advance(60_000);
    await closing;
  });

  it("refuses lags that can't be", async () => {
    const { startGateway } = createClockwork();
    for (const lags of [-1, 1.5, 129, 0])
      await expect(startGateway({ training: { ...training, lags } })).rejects.toThrow(code("options"));
  });
});
