import { setImmediate } from "node:timers/promises";
import { createStream } from "@zipml/codec";
import { createGateway, type GatewayOptions, type TrainingStatus } from "@zipml/gateway";
import { createMemoryBroker, createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { group, startDevice, topics, watchGateway } from "./fleet.ts";
import { rawBirth, rawFrame } from "./fleet-suite.ts";
import { temporaryFolder } from "./run.ts";

/** Row i: humidity falls with temperature, from row `drift` on it rises. */
function rowOf(i: number, drift: number) {
  const stream = createStream("fleet-living", i);
  const t = 30 * stream.uniform();
  const noise = 4 * (stream.uniform() - 0.5);
  return { t, h: (i < drift ? 90 - 1.5 * t : 30 + 1.5 * t) + noise };
}

type Training = NonNullable<GatewayOptions["training"]>;

/** A group whose rows come in portions, with a training after each; started again before some of them. */
async function run(training: Training, portions: readonly number[], drift = 1e9, restarts?: ReadonlySet<number>) {
  const clock = createVirtualClock(1_700_000_000_000);
  const broker = createMemoryBroker({ clock });
  await using folder = await temporaryFolder("fleet-living");
  const directory = restarts === undefined ? {} : { directory: `${folder.path}/gateway` };
  const start = async () => {
    const options = { group, clock, transport: broker.connector(), publishBits: 0, ...directory };
    const hub = watchGateway(await createGateway({ ...options, training: { everyRows: 0, epochs: 4, ...training } }));
    await hub.gateway.ready();
    return hub;
  };
  let hub = await start();
  const transport = broker.connector();
  const random = () => 7;
  const made = { clock, random, batch: { rows: 25 }, delivery: {}, healthInterval: 0, grid: { bits: 6 } };
  const { device } = startDevice("a", transport, made);
  const results: {
    rows: number;
    passes: number | undefined;
    hash: string;
    version: number;
    told: TrainingStatus | undefined;
    slope: number;
  }[] = [];
  let pushed = 0;
  for (const [at, portion] of portions.entries()) {
    for (const end = pushed + portion; pushed < end; pushed++)
      await device.push(rowOf(pushed, drift), { elapsed: pushed * 1000 });
    let isFlushed = false;
    const flushed = device.flush().then(() => {
      isFlushed = true;
    });
    while (!isFlushed) {
      await clock.advance(100);
      await setImmediate(); // the disk keeps time of its own
    }
    await flushed;
    if (restarts?.has(at)) {
      await hub.gateway.close();
      hub = await start();
    }
    const { model, hash, version } = await hub.gateway.train();
    const { training: told } = hub.gateway.status();
    results.push({
      rows: model.rows,
      passes: model.epochs,
      hash,
      version,
      told,
      slope: hub.gateway.decide({ t: 1 }) - hub.gateway.decide({ t: 0 }),
    });
  }
  const refusal = hub.gateway.train().then(
    () => undefined,
    (error: unknown) => error,
  );
  const again = await refusal;
  const closing = device.close();
  await clock.advance(1000);
  await closing;
  await hub.gateway.close();
  return { results, again };
}

describe("fleet: a living model", () => {
  it("reads each row in one training, and goes on from the model before", async () => {
    const { results, again } = await run({ living: "new", minimum: 50 }, [400, 100, 250, 50]);
    expect(results.map(({ rows }) => rows)).toEqual([400, 100, 250, 50]);
    expect(results.map(({ passes }) => passes)).toEqual([4, 8, 12, 16]);
    for (const { slope } of results) expect(Math.abs(slope + 1.5)).toBeLessThan(0.05);
    expect(results[0]?.told?.before).toBeUndefined();
    for (const { told } of results.slice(1)) expect(told?.before).toBeLessThan(2 * (told?.loss ?? 0));
    expect(again).toMatchObject({ code: "rows", message: expect.stringMatching(/^0 new rows are there/) });
  });

  it("tells of rows that left the window before they were trained on", async () => {
    const { results } = await run({ living: "new", window: 100, minimum: 25 }, [150, 75, 225]);
    expect(results.map(({ rows }) => rows)).toEqual([100, 75, 100]);
    const warnings = results.map(({ told }) => told?.warnings ?? []);
    expect(warnings.slice(0, 2)).toEqual([[], []]);
    expect(warnings[2]).toEqual([expect.stringMatching(/^125 rows left the window before they were trained on/)]);
  });

  it("reads all rows held, where it is told to", async () => {
    const { results } = await run({ living: "all", epochs: 2, window: 500 }, [300, 100, 250]);
    expect(results.map(({ rows, passes }) => [rows, passes])).toEqual([
      [300, 2],
      [400, 4],
      [500, 6],
    ]);
  });

  it("shows drift in the loss before each training, and follows it with constant steps", async () => {
    const portions = [500, 250, 250, 250, 250];
    const { results } = await run({ living: "new", schedule: "constant", average: 4 }, portions, 750);
    const before = results.map(({ told }) => told?.before ?? 0);
    const loss = results.map(({ told }) => told?.loss ?? 0);
    expect(before[1]).toBeLessThan(1.2 * (loss[0] ?? 0));
    expect(before[2]).toBeGreaterThan(50 * (loss[0] ?? 0));
    expect(before[3]).toBeLessThan((before[2] ?? 0) / 20);
    expect(before[4]).toBeLessThan(2 * (loss[4] ?? 0));
    expect(Math.abs((results[4]?.slope ?? 0) - 1.5)).toBeLessThan(0.1);
  });

  it("is the same to the bit where the gateway is started again between", async () => {
    for (const living of ["new", "all"] as const) {
      const whole = await run({ living, minimum: 25 }, [200, 75, 150]);
      const broken = await run({ living, minimum: 25 }, [200, 75, 150], 1e9, new Set([1, 2]));
      expect(broken.results.map(({ hash, rows, version }) => [hash, rows, version])).toEqual(
        whole.results.map(({ hash, rows, version }) => [hash, rows, version]),
      );
    }
  });

  it("reads frames that came late, and none twice, in whatever order they come", async () => {
    const clock = createVirtualClock(1_700_000_000_000);
    const broker = createMemoryBroker({ clock });
    const training = { living: "new", minimum: 2, everyRows: 0, epochs: 2 } as const;
    const gateway = await createGateway({ group, clock, transport: broker.connector(), training });
    await gateway.ready();
    const peer = broker.connector()({ clientId: "peer" });
    await clock.settle();
    const up = { qos: 1, retain: false } as const;
    await peer.publish(topics.build({ kind: "birth", group, device: "a" }), rawBirth(3, 0), up);
    const rows: number[] = [];
    for (const sequences of [[0, 2, 5], [1, 2, 6], [4, 0, 6], [3]]) {
      for (const sequence of sequences)
        await peer.publish(topics.build({ kind: "data", group, device: "a" }), rawFrame(3, sequence, 8 + sequence), up);
      await clock.settle();
      rows.push((await gateway.train()).model.rows);
    }
    expect(rows).toEqual([8 + 10 + 13, 9 + 14, 12, 11]);
    await peer.close();
    await gateway.close();
  });

  it("is refused where it can't be", async () => {
    const transport = createMemoryBroker().connector();
    for (const training of [{ living: "old" }, { living: "new", solver: "closed-form" }])
      await expect(createGateway({ group, transport, training } as never)).rejects.toMatchObject({ code: "options" });
  });
});
