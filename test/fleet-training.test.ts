import { defineSchema, uniformGrid } from "@zipml/codec";
import { createGateway, type TrainedModel } from "@zipml/gateway";
import { createMemoryBroker, createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { climate, climateRow, group, pushRows, topics, watchGateway } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";
import { rawBirth, rawFrame } from "./fleet-suite.ts";

const data = (device: string) => topics.build({ kind: "data", group, device });
const birth = (device: string) => topics.build({ kind: "birth", group, device });
const up = { qos: 1, retain: false } as const;

/** What came out of giving a gateway these frames in this order. */
async function trainOn(frames: readonly (readonly [device: string, payload: Uint8Array])[], births: readonly string[]) {
  const clock = createVirtualClock(1_700_000_000_000);
  const broker = createMemoryBroker({ clock });
  const training = { minimum: 2, window: 150 };
  const gateway = await createGateway({ group, clock, transport: broker.connector(), training });
  await gateway.ready();
  const peer = broker.connector()({ clientId: "peer" });
  await clock.settle();
  for (const device of births) await peer.publish(birth(device), rawBirth(device === "a" ? 3 : 4, 0), up);
  for (const [device, payload] of frames) {
    await peer.publish(data(device), payload, up);
    if (payload.length % 3 === 0) await clock.advance(100); // receipts at other times
  }
  await clock.settle();
  const { rows } = gateway.status();
  const model = await gateway.train();
  await peer.close();
  await gateway.close();
  return { rows, model };
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  let state = seed;
  const keyed = items.map((item) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return [state, item] as const;
  });
  return keyed.sort(([a], [b]) => a - b).map(([, item]) => item);
}

describe("fleet: training", () => {
  it("gives the same model to the bit for the same frames in any order of arrival", async () => {
    const frames = ["a", "b"].flatMap((device) =>
      Array.from({ length: 30 }, (_, i) => [device, rawFrame(device === "a" ? 3 : 4, i, 3 + (i % 4))] as const),
    );
    const reference = await trainOn(frames, ["a", "b"]);
    expect(reference.rows).toEqual({ held: 150, stored: 266 });
    for (const seed of [1, 2, 3]) {
      const other = await trainOn(
        shuffled([...frames, ...frames.slice(0, 9)], seed),
        seed % 2 ? ["b", "a"] : ["a", "b"],
      );
      expect(other.rows).toEqual(reference.rows);
      expect(other.model.hash).toBe(reference.model.hash);
      expect(other.model.model).toEqual(reference.model.model);
    }
    const less = await trainOn(frames.slice(0, -1), ["a", "b"]);
    expect(less.model.hash).not.toBe(reference.model.hash);
  });

  it("trains whenever enough rows have come, not before the minimum", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { minimum: 40, everyRows: 16 } });
    const { device: agent } = device("a");
    await pushRows(agent, 0, 32);
    await clock.advance(1000);
    expect(hub.gateway.model()).toBeUndefined();
    await expect(hub.gateway.train()).rejects.toMatchObject({ code: "rows" });
    expect(() => hub.gateway.predict({ t: 1 })).toThrow(expect.objectContaining({ code: "no-model" }));
    await pushRows(agent, 32, 40);
    const first = await hub.events.next("trained");
    expect(first.model.model.rows).toBe(40);
    await pushRows(agent, 40, 48);
    await clock.advance(1000);
    expect(hub.gateway.model()?.version).toBe(1);
    await pushRows(agent, 48, 56);
    await hub.events.next("trained", ({ model }) => model.version === 2);
    expect(() => hub.gateway.predict({})).toThrow(expect.objectContaining({ code: "options" }));
    await clock.advance(1000);
    await agent.close();
    await hub.gateway.close();
  });

  it("trains by the clock, and only if rows have come since", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { minimum: 8, everySeconds: 60 } });
    const { device: agent, events } = device("a");
    await pushRows(agent, 0, 16);
    await clock.advance(59_000);
    expect(hub.gateway.model()).toBeUndefined();
    await clock.advance(2000);
    await hub.events.next("trained");
    await clock.advance(300_000);
    expect(hub.gateway.model()?.version).toBe(1);
    await pushRows(agent, 16, 24);
    await clock.advance(60_000);
    await hub.events.next("trained", ({ model }) => model.version === 2);
    expect(await events.next("model", ({ version }) => version === 2)).toBeDefined();
    await agent.close();
    await hub.gateway.close();
    expect(clock.sleepers()).toBe(0);
  });

  it("never publishes a model that diverged, and says so", async () => {
    const { clock, startGateway, device } = createClockwork();
    const training = { minimum: 8, everyRows: 200, step: 1e6, schedule: "constant" } as const;
    const hub = await startGateway({ training });
    const { device: agent } = device("a");
    await pushRows(agent, 0, 200);
    const { error } = await hub.events.next("error");
    expect(error).toMatchObject({ code: "diverged" });
    await expect(hub.gateway.train()).rejects.toMatchObject({ code: "diverged" });
    expect(hub.gateway.model()).toBeUndefined();
    expect(() => agent.predict({ t: 1 })).toThrow(expect.objectContaining({ code: "no-model" }));
    expect(agent.status().model).toBeUndefined();
    await clock.advance(1000);
    await agent.close();
    await hub.gateway.close();
  });

  it("holds the window's newest rows, also where a frame is larger than the window", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { minimum: 2, window: 20 } });
    const { device: agent } = device("a", { batch: { rows: 64 } });
    await pushRows(agent, 0, 64);
    await clock.advance(1000);
    expect(hub.gateway.status().rows).toEqual({ held: 20, stored: 64 });
    expect((await hub.gateway.train()).model.rows).toBe(20);
    await agent.close();
    await hub.gateway.close();
  });

  it("tells of devices whose readings can't be trained on, and trains on the others", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { minimum: 8, target: "h" } });
    const other = { unit: "C", range: [-10, 40] as const, role: "feature" as const };
    const good = device("a");
    await clock.settle();
    const noTarget = device("b", { schema: defineSchema([{ name: "t", ...other }]) });
    const inKelvin = device("c", {
      schema: defineSchema([{ name: "t", ...other, unit: "K" }, climate.channels[1] ?? { name: "h", ...other }]),
    });
    const oneDraw = device("d", { grid: { samples: 1 } });
    await clock.settle();
    await pushRows(good.device, 0, 16);
    await noTarget.device.push({ t: 1 });
    await pushRows(oneDraw.device, 0, 8);
    await clock.advance(10_500);
    const reasons = Object.fromEntries(hub.gateway.status().devices.map(({ id, unusable }) => [id, unusable]));
    expect(reasons).toEqual({
      a: undefined,
      b: expect.stringMatching(/no channel "h"/),
      c: expect.stringMatching(/is in K here and in C/),
      d: expect.stringMatching(/1 draws/),
    });
    expect(hub.events.seen.flatMap((event) => (event.type === "unusable" ? [event.device] : []))).toEqual([
      "b",
      "c",
      "d",
    ]);
    const { ingest } = hub.gateway.status();
    expect(ingest.unusable).toBeGreaterThanOrEqual(2);
    expect(ingest.received).toBe(ingest.stored + ingest.unusable);
    expect((await hub.gateway.train()).model.rows).toBe(16);
    expect(noTarget.device.status().queued.frames).toBe(1);
    for (const { device: agent } of [good, noTarget, inKelvin, oneDraw]) {
      const closing = agent.close({ timeout: 10 });
      await clock.advance(10);
      await closing;
    }
    await hub.gateway.close();
  });

  it("can choose its features and target, projecting whatever else a device sends", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway({ training: { minimum: 8, features: ["t"], target: "h", solver: "closed-form" } });
    const wide = defineSchema([
      { name: "noise", unit: "", range: [0, 1], role: "feature" },
      { name: "h", unit: "%", range: [0, 100], role: "feature" },
      { name: "t", unit: "C", range: [-10, 40], role: "feature" },
      { name: "power", unit: "W", range: [0, 10], role: "target" },
    ]);
    const { device: agent, events } = device("a", { schema: wide, grid: { bits: 8 } });
    for (let i = 0; i < 160; i++)
      await agent.push({ ...climateRow(i), noise: (i % 10) / 10, power: i % 7 }, { elapsed: i });
    await clock.advance(1000);
    const { task } = hub.gateway.status();
    expect(task?.features.map(({ name }) => name)).toEqual(["t"]);
    expect(task?.target.name).toBe("h");
    await hub.gateway.train();
    await events.next("model");
    for (const t of [0, 15, 30]) expect(Math.abs(agent.predict({ t }) - (90 - 1.5 * t))).toBeLessThan(2);
    await agent.close();
    await hub.gateway.close();
  });

  it("counts versions on from a model that an earlier run left at the broker", async () => {
    const clockwork = createClockwork();
    const { clock, startGateway, device } = clockwork;
    const models: TrainedModel[] = [];
    for (let run = 0; run < 2; run++) {
      const hub = await startGateway({ training: { minimum: 8 } });
      const { device: agent } = device(`a${run}`, { grid: uniformGrid(climate, { bits: 5 }) });
      await pushRows(agent, 0, 16);
      await clock.advance(1000);
      models.push(await hub.gateway.train());
      await agent.close();
      await hub.gateway.close();
    }
    expect(models.map(({ version }) => version)).toEqual([1, 2]);
    const late = device("late");
    expect(await late.events.next("model")).toMatchObject({ version: 2, hash: models[1]?.hash });
    await late.device.close();
  });

  it("refuses options that can't be", async () => {
    const transport = createMemoryBroker().connector();
    const make = (options: object) => createGateway({ group, transport, ...options } as never);
    const bad: readonly object[] = [
      { broker: { port: 0 } },
      { transport: undefined },
      { training: { window: 0 } },
      { training: { minimum: 1.5 } },
      { training: { everySeconds: -1 } },
      { training: { estimator: "full" } },
      { publishBits: 17 },
      { receipts: { gapAfter: 0 } },
      { limits: { ranges: 257 } },
    ];
    for (const options of bad) await expect(make(options)).rejects.toMatchObject({ code: "options" });
    await expect(make({ group: "a/b" })).rejects.toMatchObject({ code: "id" });
    const { gateway } = watchGateway(await make({}));
    await gateway.close();
    await gateway.close();
    await expect(gateway.train()).rejects.toMatchObject({ code: "closed" });
    await expect(gateway.configure({})).rejects.toMatchObject({ code: "offline" });
    const never = watchGateway(await createGateway({ group, transport: silent() }));
    const ready = expect(never.gateway.ready()).rejects.toMatchObject({ code: "closed" });
    await never.gateway.close();
    await ready;
  });
});

/** A connector to a broker that is not there. */
function silent() {
  const broker = createMemoryBroker();
  broker.stop();
  return broker.connector();
}
