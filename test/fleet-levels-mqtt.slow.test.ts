import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { startRelay } from "../packages/protocol/test/brokers.ts";
import { watch } from "../packages/protocol/test/watch.ts";
import { group, startDevice, topics, type WatchedGateway, watchGateway } from "./fleet.ts";
import {
  createSensor,
  epochOf,
  errorsOf,
  framesOf,
  gridsOf,
  gridsPublished,
  moments,
  schema,
  weightError,
} from "./fleet-levels-sensor.ts";

/** Looks again and again until something holds. */
async function eventually(what: string, holds: () => boolean, act: () => Promise<void> = async () => {}) {
  for (const end = performance.now() + 60_000; !holds(); ) {
    if (performance.now() > end) throw new Error(`${what}: not within a minute`);
    await act();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function setUp() {
  const gateway = await createGateway({
    group,
    broker: { port: 0 },
    levels: { follow: true, share: 0.2, minimum: 1000, everySeconds: 2 },
    training: { everyRows: 0, solver: "closed-form" },
    receipts: { delay: 5, gapAfter: 500 },
  });
  const hub: WatchedGateway = watchGateway(gateway);
  await gateway.ready();
  const port = Number(new URL(gateway.broker?.url ?? "").port);
  const relay = await startRelay(port);
  const reach = (to: number) => mqtt({ url: `mqtt://127.0.0.1:${to}`, backoff: { base: 20, cap: 100 } });
  const peer = reach(port)({ clientId: "peer" });
  const { seen, next } = watch(peer);
  await next("online");
  await peer.subscribe(topics.gatewayFilters({ group }));
  const startSensor = (id: string, to: number) => {
    let word = id.charCodeAt(0);
    const random = () => {
      word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
      return word;
    };
    const { device, events } = startDevice(id, reach(to), {
      schema,
      random,
      batch: { rows: 50, milliseconds: 100 },
      levels: { everySeconds: 0.5, minimum: 1000 },
    });
    return { ...createSensor(device), events };
  };
  const close = async (...devices: { close(): Promise<unknown> }[]) => {
    for (const device of devices) await device.close();
    await peer.close();
    await gateway.close();
    await relay.close();
  };
  return { gateway, hub, relay, port, seen, startSensor, close };
}

describe("fleet: levels that follow the readings, over MQTT", () => {
  it("gives drifting sensors new grids without losing a reading, and trains on what was spooled under the old one", async () => {
    const { gateway, hub, relay, port, seen, startSensor, close } = await setUp();
    const [a, b] = [startSensor("a", port), startSensor("b", relay.port)];
    const measure = (centre: number) => async () => {
      await a.measure(200, centre);
      await b.measure(200, centre);
    };
    await eventually("the first grid", () => epochOf(a) > 0 && epochOf(b) > 0, measure(25));
    await relay.stop();
    const old = epochOf(b);
    const first = b.device.status().sequence;
    await b.measure(5000, 40); // spooled, at other places than the first grid was made for
    await eventually(
      "a grid after the drift",
      () => gridsPublished(hub).length > 1 && epochOf(a) > old,
      () => a.measure(200, 70),
    );
    expect(epochOf(b)).toBe(old);
    await relay.start();
    await eventually("the new grid on the late device", () => epochOf(b) > old);
    await measure(70)();
    await Promise.all([a.device.flush(), b.device.flush()]);
    const { rows, ingest, missing, levels } = gateway.status();
    const measured = a.exact.size + b.exact.size;
    expect({ missing, ...ingest, ...rows }).toMatchObject({
      missing: 0,
      bad: 0,
      unusable: 0,
      rows: measured,
      stored: measured,
    });
    expect(levels?.refused).toBe(0);

    for (const { device, events, exact } of [a, b]) {
      const applied = events.seen.flatMap((event) => (event.type === "applied" ? [event] : []));
      const frames = framesOf(seen, device.id);
      expect(frames.reduce((sum, frame) => sum + frame.rows, 0)).toBe(exact.size);
      for (const frame of frames)
        expect(frame.grid).toBe(applied.filter(({ from }) => frame.sequence >= from).at(-1)?.grid ?? 0);
    }
    const grids = gridsOf(seen, "b");
    const late = framesOf(seen, "b").filter(({ sequence, grid }) => sequence >= first && grid === old);
    const errors = (epoch: number) =>
      moments(
        errorsOf(
          late,
          () => grids.get(epoch),
          (time) => b.exact.get(time),
        ),
      );
    const right = errors(old);
    expect(Math.abs(right.mean)).toBeLessThan(5 * right.error);
    const wrong = errors(epochOf(b)); // the control: the grid in force when they came
    expect(Math.abs(wrong.mean)).toBeGreaterThan(5 * wrong.error);
    const { weights } = await gateway.train();
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
    await close(a.device, b.device);
  });
});
