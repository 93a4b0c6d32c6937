import { Duplex } from "node:stream";
import { createGateway } from "@zipml/gateway";
import { createTopics } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { startBroker } from "../packages/gateway/src/broker/broker.ts";
import { group, pushRows, startDevice, watchGateway } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

/** A broker that answers every CONNECT by "server unavailable" and hangs up. */
function refusing(): Duplex {
  const stream: Duplex = new Duplex({
    read: () => undefined,
    write: (_, __, done) => {
      stream.push(Uint8Array.of(0x20, 2, 0, 3));
      stream.push(null);
      done();
    },
  });
  return stream;
}

describe("fleet: brokers that turn devices away (F14)", () => {
  it("comes back within 60 s of time after 60 s of refused CONNACKs, and loses nothing", async () => {
    const clock = createVirtualClock(1_700_000_000_000);
    const broker = await startBroker({ port: 0 }, { topics: createTopics(), clock });
    const open = clock.now() + 60_000;
    const seeds = Array.from({ length: 8 }, (_, i) => i + 1);
    const transports = seeds.map((seed) => {
      let word = seed * 7919;
      const random = () => {
        word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
        return word;
      };
      const through = () => (clock.now() < open ? refusing() : broker.connect());
      return mqtt({ url: "mqtt://embedded", open: through, protocol: "3.1.1", clock, random });
    });
    const inside = mqtt({ url: "mqtt://embedded", open: broker.connect, protocol: "3.1.1", clock });
    const hub = watchGateway(await createGateway({ group, clock, transport: inside }));
    await hub.gateway.ready();
    const devices = transports.map((transport, i) =>
      startDevice(`d${i}`, transport, { clock, healthInterval: 0, delivery: {} }),
    );
    /** Streams take turns of the loop, and no time. */
    const pass = async (seconds: number, holds: () => boolean): Promise<number> => {
      for (let second = 0; second < seconds; second++) {
        await clock.advance(1000);
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
        if (holds()) return second + 1;
      }
      return Number.POSITIVE_INFINITY;
    };
    for (const { device } of devices) await pushRows(device, 0, 24);
    await pass(60, () => false);
    expect(devices.map(({ device }) => device.status().state)).toEqual(devices.map(() => "offline"));
    for (const { events } of devices)
      expect(events.seen.filter((event) => event.type === "offline").length).toBeGreaterThan(3);
    const back = await pass(60, () => devices.every(({ device }) => device.status().state === "online"));
    expect(back).toBeLessThan(60);
    await pass(60, () => hub.gateway.status().rows.stored >= devices.length * 24);
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: devices.length * 24 }, missing: 0 });
    for (const { device } of devices) {
      let closed = false;
      const closing = device.close({ timeout: 1000 }).finally(() => {
        closed = true;
      });
      await pass(10, () => closed);
      await closing;
    }
    let closed = false;
    const closing = hub.gateway.close().finally(() => {
      closed = true;
    });
    await pass(10, () => closed);
    await closing;
    await broker.close();
  });

  it("loses nothing of a device whose client id another has taken, once that is gone", async () => {
    const { clock, broker, startGateway, device } = createClockwork();
    const hub = await startGateway();
    const one = device("a", { session: 1 });
    await pushRows(one.device, 0, 20);
    const two = device("a", { session: 2 });
    await clock.settle();
    for (const { device: agent } of [one, two]) await pushRows(agent, 20, 60);
    await clock.advance(30_000);
    expect([one.device.status().state, two.device.status().state]).toEqual(["offline", "online"]);
    expect(broker.clients().filter((id) => id === `${group}.a`)).toHaveLength(1);
    await two.device.close();
    await clock.advance(30_000);
    expect(one.device.status()).toMatchObject({ state: "online", queued: { rows: 0, frames: 0 } });
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: 100 }, missing: 0 });
    await one.device.close();
    await hub.gateway.close();
  });
});
