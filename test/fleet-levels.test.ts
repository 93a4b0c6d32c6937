import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQuantizer, encodeFrame, type Frame, type Grid, packCodes, uniformGrid } from "@zipml/codec";
import type { GatewayOptions } from "@zipml/gateway";
import { decodeMessage, encodeMessage } from "@zipml/protocol";
import type { MemoryBrokerOptions } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { group, topics, type WatchedGateway } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";
import {
  createSensor,
  epochOf,
  errorsOf,
  framesOf,
  gridsOf,
  gridsPublished,
  moments,
  type Sensor,
  schema,
  weightError,
} from "./fleet-levels-sensor.ts";

const levels = { follow: true, share: 0.2, minimum: 500, everySeconds: 20 } as const;
const training = { everyRows: 0, solver: "closed-form" } as const;

function setUp(options: MemoryBrokerOptions = {}) {
  const works = createClockwork(options);
  const startHub = (options: Partial<GatewayOptions> = {}): Promise<WatchedGateway> =>
    works.startGateway({ levels, training, receipts: { delay: 5, gapAfter: 1000 }, ...options });
  const sensors: Sensor[] = [];
  const startSensor = (id: string, session?: number) => {
    const { device, events } = works.device(id, {
      schema,
      ...(session === undefined ? {} : { session }),
      batch: { rows: 50, milliseconds: 1000 },
      levels: { everySeconds: 10, minimum: 500 },
      delivery: { resendAfter: 2000 },
    });
    const sensor = createSensor(device);
    sensors.push(sensor);
    /** Measures, and lets time pass. */
    const push = async (rows: number, centre: number, milliseconds = 2000): Promise<void> => {
      await sensor.measure(rows, centre);
      await works.clock.advance(milliseconds);
    };
    return { ...sensor, events, push };
  };
  /** Rows that all sensors together have measured. */
  const measured = (): number => sensors.reduce((sum, { exact }) => sum + exact.size, 0);
  return { ...works, measured, startHub, startSensor };
}

/** Lets time pass until something holds. */
async function settle(clock: { advance(ms: number): Promise<void> }, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !holds() && performance.now() < end; ) {
    await clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve)); // for files
  }
  expect(holds()).toBe(true);
}

async function end(clock: { advance(ms: number): Promise<void> }, ...all: { close(): Promise<unknown> }[]) {
  let open = all.length;
  for (const one of all) void one.close().finally(() => open--);
  await settle(clock, () => open === 0);
}

describe("fleet: levels that follow the readings", () => {
  it("gives a drifting sensor new grids without losing a reading, and the variance falls as predicted", async () => {
    const { clock, startHub, startSensor, peer } = setUp();
    const hub = await startHub();
    const [, { seen }] = await peer(topics.gatewayFilters({ group }));
    const { device, exact, events, push } = startSensor("a");
    for (let i = 0; i < 6 && epochOf({ device }) < 1; i++) await push(600, 25);
    expect(epochOf({ device })).toBe(1);
    await push(1000, 25);
    const drift = device.status().accepted;
    for (let i = 0; i < 20 && epochOf({ device }) < 2; i++) await push(600, 70);
    expect(epochOf({ device })).toBe(2);
    await push(3000, 70);
    await settle(clock, () => hub.gateway.status().rows.stored === exact.size);
    expect(device.status()).toMatchObject({ accepted: exact.size, clipped: { x: 0 } });
    const { ingest, missing, levels: status } = hub.gateway.status();
    expect({ missing, ...ingest }).toMatchObject({ missing: 0, bad: 0, unusable: 0, unknownGrid: 0, rows: exact.size });
    expect(status).toMatchObject({ epoch: 2, applied: 1, refused: 0, windows: 1 });

    // Every frame is under the grid of the stated sequence.
    const applied = events.seen.flatMap((event) => (event.type === "applied" ? [event] : []));
    expect(applied.map(({ grid }) => grid)).toEqual([1, 2]);
    const frames = framesOf(seen, "a");
    expect(frames.map(({ sequence }) => sequence)).toEqual(frames.map((_, i) => i));
    for (const frame of frames)
      expect(frame.grid).toBe(applied.filter(({ from }) => frame.sequence >= from).at(-1)?.grid ?? 0);

    // All decodes to the readings, and after the switch with as much less variance as was predicted.
    const grids = gridsOf(seen, "a");
    const errors = (some: readonly Frame[]) =>
      errorsOf(
        some,
        ({ grid }) => grids.get(grid),
        (time) => exact.get(time),
      );
    const { mean, error } = moments(errors(frames));
    expect(Math.abs(mean)).toBeLessThan(5 * error);
    const squares = (epoch: number) =>
      moments(errors(frames.filter(({ grid, start }) => grid === epoch && start >= drift)).map((e) => e * e));
    const [before, after] = [squares(1), squares(2)];
    const [channel] = gridsPublished(hub).at(-1)?.channels ?? [];
    const predicted = (channel?.newVariance ?? 0) / (channel?.presentVariance ?? 1);
    expect(predicted).toBeLessThan(0.5);
    const ratio = after.mean / before.mean;
    const spread = ratio * Math.hypot(after.error / after.mean, before.error / before.mean);
    expect(Math.abs(ratio - predicted)).toBeLessThan(5 * spread + 0.02 * predicted); // 0.02: bins have a width
    await end(clock, device, hub.gateway);
  });

  it("trains rightly on frames that were spooled under an old grid and arrive late", async () => {
    const { clock, broker, measured, startHub, startSensor, peer } = setUp({ reconnectAfter: 120_000 });
    const hub = await startHub();
    const [, { seen }] = await peer(topics.gatewayFilters({ group }));
    const [a, b] = [startSensor("a"), startSensor("b")];
    for (let i = 0; i < 8 && (epochOf(a) < 1 || epochOf(b) < 1); i++)
      for (const { push } of [a, b]) await push(400, 30);
    expect([epochOf(a), epochOf(b)]).toEqual([1, 1]);
    await settle(clock, () => hub.gateway.status().rows.stored === measured());

    broker.disconnect(`${group}.b`);
    const first = b.device.status().sequence;
    await b.push(3000, 45); // at other places than the first grid was made for, so that a wrong grid shows
    for (let i = 0; i < 20 && epochOf(a) < 2; i++) await a.push(600, 70);
    expect([epochOf(b), b.device.status().state]).toEqual([1, "offline"]);
    await settle(clock, () => hub.gateway.status().rows.stored === measured() && epochOf(b) > 1);
    await b.push(500, 45);
    await settle(clock, () => hub.gateway.status().rows.stored === measured());
    expect(hub.gateway.status()).toMatchObject({ missing: 0, ingest: { bad: 0, unusable: 0, rows: measured() } });

    const late = framesOf(seen, "b").filter(({ sequence, grid }) => sequence >= first && grid === 1);
    expect(late.reduce((sum, { rows }) => sum + rows, 0)).toBe(3000);
    const grids = gridsOf(seen, "b");
    const errors = (epoch: number) =>
      moments(
        errorsOf(
          late,
          () => grids.get(epoch),
          (time) => b.exact.get(time),
        ),
      );
    const right = errors(1);
    expect(Math.abs(right.mean)).toBeLessThan(5 * right.error);
    // The control: the grid that was in force when they came.
    const wrong = errors(epochOf(b));
    expect(Math.abs(wrong.mean)).toBeGreaterThan(5 * wrong.error);

    // The gateway trained on them under the right grid: y = 3x + 10 holds for every row.
    const { weights } = await hub.gateway.train();
    const all = [a, b].flatMap(({ device: { id }, exact }) =>
      errorsOf(
        framesOf(seen, id),
        ({ grid }) => gridsOf(seen, id).get(grid),
        (time) => exact.get(time),
      ),
    );
    const bound = 5 * weightError(all, [...a.exact.values(), ...b.exact.values()]);
    expect(bound).toBeLessThan(0.3);
    expect(Math.abs((weights["x"] ?? 0) - 3)).toBeLessThan(bound);
    await end(clock, a.device, b.device, hub.gateway);
  });

  it("parks a frame of an unknown epoch, asks for the birth, and trains on it then", async () => {
    const { clock, startHub, peer } = setUp();
    const hub = await startHub();
    const [device, { seen }] = await peer([topics.build({ kind: "command", group, device: "c", name: "birth" })]);
    const old = uniformGrid(schema);
    const fine = {
      ...old,
      epoch: 5,
      channels: old.channels.map((channel, c) =>
        c === 0
          ? { ...channel, levels: { kind: "points" as const, points: [0, 10, 15, 20, 25, 30, 40, 100] } }
          : channel,
      ),
    };
    const startedAt = clock.now();
    const birth = (...grids: Grid[]) => {
      const software = { name: "c", version: "1" };
      const payload = encodeMessage("birth", { session: 4, startedAt, schema, grids, software });
      const topic = topics.build({ kind: "birth", group, device: "c" });
      return device.publish(topic, payload, { qos: 1, retain: true });
    };
    const send = (sequence: number, grid: Grid) => {
      const codes = Uint16Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? (i / 2) % 14 : 100 + i));
      const body = packCodes(codes, createQuantizer(grid));
      const at = { session: 4, sequence, grid: grid.epoch, coding: "packed", start: 0, interval: 1 } as const;
      const payload = encodeFrame({ ...at, rows: 40, body });
      return device.publish(topics.build({ kind: "data", group, device: "c" }), payload, { qos: 1, retain: false });
    };
    await birth(old);
    await send(0, old);
    await send(1, fine);
    await clock.advance(1000);
    expect(hub.gateway.status()).toMatchObject({ ingest: { stored: 1, unknownGrid: 1 }, rows: { stored: 40 } });
    expect(seen.filter(({ type }) => type === "message")).toHaveLength(1); // it was asked for
    await birth(old, fine);
    await clock.advance(1000);
    expect(hub.gateway.status()).toMatchObject({ ingest: { stored: 2, bad: 0, unusable: 0 }, rows: { stored: 80 } });
    await end(clock, hub.gateway);
  });

  it("tells of a device that refuses the grid, with its reason, and does not ask it again and again", async () => {
    const { clock, startHub, startSensor } = setUp();
    const hub = await startHub();
    const { device, events, push } = startSensor("a");
    await clock.advance(1000);
    // A thin grid that is no narrower, which stays part of what the group is asked for: every such configuration is refused.
    await hub.gateway.configure({ thin: uniformGrid(schema, { epoch: 900, bits: 9, targetBits: 9 }) });
    for (let i = 0; i < 10; i++) await push(500, 25, 10_000);
    const refusals = hub.events.seen.filter(({ type }) => type === "reported");
    expect(refusals.at(-1)).toMatchObject({ device: "a", reason: expect.stringContaining("grid 900 can't thin") });
    expect(gridsPublished(hub).map(({ epoch }) => epoch)).toEqual([901]);
    expect(refusals).toHaveLength(2); // of the configuration, and of the new grid
    expect(epochOf({ device })).toBe(0);
    expect(hub.gateway.status()).toMatchObject({ levels: { epoch: 901, applied: 0, refused: 1 }, ingest: { bad: 0 } });
    expect(events.seen.filter(({ type }) => type === "refused")).toHaveLength(2);
    await end(clock, device, hub.gateway);
  });

  it("goes on where it was after a restart of the gateway: epochs and versions rise, and pace is kept", async () => {
    const { clock, startHub, startSensor, peer } = setUp();
    const hub = await startHub();
    const [, { seen }] = await peer([topics.build({ kind: "desired", audience: "all", group })]);
    const { device, push } = startSensor("a");
    for (let i = 0; i < 6 && epochOf({ device }) < 1; i++) await push(600, 25);
    await end(clock, hub.gateway);
    const again = await startHub({ levels: { ...levels, everySeconds: 300 } });
    const asked = clock.now();
    for (let i = 0; i < 40 && epochOf({ device }) < 2; i++) await push(500, 70, 10_000);
    expect(clock.now() - asked).toBeGreaterThan(250_000);
    const told = seen.flatMap((event) => (event.type === "message" ? [decodeMessage("desired", event.payload)] : []));
    expect(told.map(({ grid }) => grid?.epoch)).toEqual([1, 2]);
    expect(told[1]?.version).toBeGreaterThan(told[0]?.version ?? 0);
    expect(gridsPublished(again).map(({ epoch }) => epoch)).toEqual([2]);
    await end(clock, device, again.gateway);
  });

  it("uses no epoch again after a restart with its log, where the broker has forgotten all", async () => {
    const directory = await mkdtemp(join(tmpdir(), "zipml-levels-"));
    const before = setUp();
    const hub = await before.startHub({ directory });
    const { device, push } = before.startSensor("a");
    for (let i = 0; i < 6 && epochOf({ device }) < 1; i++) await push(600, 25);
    await push(100, 25); // some frames under it
    await settle(before.clock, () => hub.gateway.status().rows.stored === before.measured());
    await end(before.clock, device, hub.gateway);

    const after = setUp();
    await after.clock.advance(before.clock.now() - after.clock.now());
    const again = await after.startHub({ directory });
    expect(again.gateway.status().rows.stored).toBe(before.measured());
    const { device: anew, push: pushAnew } = after.startSensor("a", 5);
    for (let i = 0; i < 6 && epochOf({ device: anew }) < 1; i++) await pushAnew(600, 70);
    expect(gridsPublished(again).map(({ epoch }) => epoch)).toEqual([2]);
    expect(epochOf({ device: anew })).toBe(2);
    await settle(after.clock, () => again.gateway.status().rows.stored === before.measured() + after.measured());
    await end(after.clock, anew, again.gateway);
    await rm(directory, { recursive: true });
  });

  it("lives with a thin grid: each has its epoch, and neither is forgotten for the other", async () => {
    const { clock, startHub, startSensor } = setUp();
    const hub = await startHub({ grid: { thin: { bits: 2, targetBits: 3 } } });
    const first = startSensor("a");
    for (let i = 0; i < 6 && epochOf(first) < 1; i++) await first.push(600, 25);
    await hub.gateway.configure({ batch: { rows: 10 } }); // what the broker keeps for the group is still all of it
    const second = startSensor("b");
    await clock.advance(3000);
    for (const { device } of [first, second]) expect(device.status()).toMatchObject({ grid: 1, thin: 65_535 });
    const answers = hub.events.seen.flatMap((event) => (event.type === "reported" ? [event.reason] : []));
    expect(answers.filter((reason) => reason !== undefined)).toEqual([]);
    await end(clock, first.device, second.device, hub.gateway);
  });

  it("leaves grids alone where it is not asked to follow", async () => {
    const { clock, startHub, startSensor } = setUp();
    const hub = await startHub({ levels: {} });
    const { device, push } = startSensor("a");
    for (let i = 0; i < 4; i++) await push(500, 25, 10_000);
    expect(epochOf({ device })).toBe(0);
    expect(hub.gateway.status().levels).toBeUndefined();
    await end(clock, device, hub.gateway);
  });
});
