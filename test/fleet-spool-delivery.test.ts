import { decodeFrame } from "@zipml/codec";
import { createMemoryOutbox } from "@zipml/device";
import { type Connector, decodeMessage, encodeMessage, TransportError, type TransportEvent } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { climateRow, group, pushRows, startDevice, topics } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const at = (kind: "data" | "health") => topics.build({ kind, group, device: "a" });
const healthOf = (seen: readonly TransportEvent[]) =>
  seen.flatMap((event) =>
    event.type === "message" && event.topic === at("health") ? [decodeMessage("health", event.payload)] : [],
  );
const sequencesOf = (seen: readonly TransportEvent[]) =>
  seen.flatMap((event) =>
    event.type === "message" && event.topic === at("data") ? [decodeFrame(event.payload).sequence] : [],
  );

/** Changes what publishing a frame does; `undefined` lets it through. */
function meddling(connector: Connector, meddle: (sequence: number) => Promise<void> | undefined): Connector {
  return (options) => {
    const transport = connector(options);
    const publish: typeof transport.publish = (topic, payload, how) => {
      const instead = topic === at("data") ? meddle(decodeFrame(payload).sequence) : undefined;
      return instead ?? transport.publish(topic, payload, how);
    };
    return {
      ...transport,
      get online() {
        return transport.online;
      },
      publish,
    };
  };
}

describe("fleet: delivery of what is hard to deliver", () => {
  it("declares frames dropped by policy, at once and on every connection", async () => {
    const { clock, broker, device, peer } = createClockwork();
    const outbox = createMemoryOutbox({ capacity: 1000, policy: "drop-oldest" });
    const [, watched] = await peer([at("health")]);
    const { device: agent, events } = device("a", { outbox, batch: { rows: 4 } });
    await clock.settle();
    expect(healthOf(watched.seen)).toMatchObject([{ dropped: { rows: 0 } }]);
    for (let i = 0; agent.status().dropped.frames === 0; i++) {
      await agent.push(climateRow(i), { elapsed: i });
      await clock.settle();
    }
    const { dropped, sequence } = agent.status();
    expect(dropped).toMatchObject({ rows: 0, frames: 1, frameRows: 4 });
    expect(healthOf(watched.seen).at(-1)?.dropped).toEqual({
      rows: 4,
      frames: [{ session: agent.session, ranges: [[0, 0]] }],
    });
    broker.disconnect(`${group}.a`);
    await pushRows(agent, sequence * 4 + 4, sequence * 4 + 24);
    await clock.advance(5000);
    const last = healthOf(watched.seen).at(-1)?.dropped;
    expect(last?.frames?.[0]?.ranges[0]?.[1]).toBeGreaterThan(0);
    expect(events.seen.flatMap((event) => (event.type === "dropped" ? [event.frames] : [])).length).toBeGreaterThan(1);
    const closing = agent.close({ timeout: 10 });
    await clock.advance(10);
    await closing;
    expect(clock.sleepers()).toBe(0);
  });

  it("leaves no gap at the gateway where frames were dropped", async () => {
    const { clock, broker, startGateway, device } = createClockwork();
    const outbox = createMemoryOutbox({ capacity: 1500, policy: "drop-oldest" });
    broker.stop();
    const { device: agent } = device("a", { outbox });
    await pushRows(agent, 0, 200);
    const { dropped } = agent.status();
    expect(dropped.frames).toBeGreaterThan(5);
    broker.start();
    const hub = await startGateway();
    await clock.advance(60_000);
    expect(hub.gateway.status()).toMatchObject({
      rows: { stored: 200 - dropped.rows - dropped.frameRows },
      missing: 0,
    });
    expect(agent.status()).toMatchObject({ queued: { frames: 0 }, dropped: { missing: [] } });
    await agent.close();
    await hub.gateway.close();
  });

  it("quarantines a frame that the broker refuses twice and delivers the rest", async () => {
    const { clock, broker, startGateway, peer } = createClockwork();
    const hub = await startGateway();
    const [, watched] = await peer([at("health")]);
    let refuses = true;
    const connector = meddling(broker.connector(), (sequence) =>
      sequence === 1 && refuses ? Promise.reject(new TransportError("refused", "not this one")) : undefined,
    );
    const { device: agent, events } = startDevice("a", connector, { clock, healthInterval: 20_000 });
    await pushRows(agent, 0, 32);
    await clock.advance(20_000);
    const { session } = agent;
    expect(healthOf(watched.seen).at(-1)?.quarantined).toEqual({ refused: 1, hangUps: 0, reason: "not this one" });
    expect(events.seen.filter(({ type }) => type === "quarantined")).toEqual([
      { type: "quarantined", session, sequence: 1, offence: "refused", reason: "not this one" },
    ]);
    expect(agent.status()).toMatchObject({ receipted: 3, quarantined: 1, queued: { frames: 1 } });
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: 24 } });
    await agent.flush(); // it does not wait for that one
    refuses = false;
    expect(agent.retryQuarantined()).toBe(1);
    await clock.advance(1000);
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: 32 }, missing: 0 });
    expect(agent.status()).toMatchObject({ quarantined: 0, queued: { frames: 0 } });
    await agent.close();
    await hub.gateway.close();
  });

  it("finds the frame that the broker hangs up on, among others in flight", async () => {
    const { clock, broker, startGateway } = createClockwork({ reconnectAfter: 100 });
    const hub = await startGateway();
    const connector = meddling(broker.connector(), (sequence) => {
      if (sequence !== 2) return undefined;
      broker.disconnect(`${group}.a`);
      return Promise.reject(new TransportError("offline", "gone"));
    });
    const { device: agent, events } = startDevice("a", connector, { clock, healthInterval: 0 });
    await pushRows(agent, 0, 48);
    await clock.advance(20_000);
    expect(events.seen.filter(({ type }) => type === "quarantined")).toMatchObject([
      { sequence: 2, offence: "hang-up" },
      { sequence: 2 }, // tried once more when another got through
    ]);
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: 40 } });
    const closing = agent.close();
    await clock.advance(10_000);
    expect(await closing).toEqual({ rows: 0, frames: 1 });
    await hub.gateway.close();
  });

  it("sends what is new before the backlog where that is asked for", async () => {
    for (const order of ["live-first", "oldest-first"] as const) {
      const { clock, broker, device } = createClockwork();
      const sent: number[] = [];
      const answers: (() => void)[] = [];
      const connector = meddling(broker.connector(), (sequence) => {
        sent.push(sequence);
        return new Promise((resolve) => answers.push(resolve));
      });
      const { device: agent } = device("a", { transport: connector, delivery: { order, window: 1 } });
      broker.stop();
      await pushRows(agent, 0, 32);
      broker.start();
      await clock.settle();
      await pushRows(agent, 32, 48);
      for (let i = 0; i < 6; i++) {
        answers.shift()?.();
        await clock.settle();
      }
      expect(sent).toEqual(order === "live-first" ? [0, 4, 5, 1, 2, 3] : [0, 1, 2, 3, 4, 5]);
      expect(agent.status()).toMatchObject({ published: 6, resent: 0 });
      const closing = agent.close({ timeout: 10 });
      await clock.advance(10);
      await closing;
    }
  });

  it("holds back while every gateway says that it is gone, if asked to", async () => {
    const { clock, startGateway, device, peer } = createClockwork();
    const state = topics.build({ kind: "state", gateway: "g1" });
    const [transport, watched] = await peer([at("data")]);
    const say = (online: boolean) =>
      transport.publish(state, encodeMessage("state", { id: "g1", online, at: clock.now() }), { qos: 1, retain: true });
    await say(false);
    const { device: agent } = device("a", { delivery: { waitForGateway: true } });
    const { device: eager } = device("b");
    await clock.settle();
    await pushRows(agent, 0, 16);
    await pushRows(eager, 0, 16);
    await clock.advance(60_000);
    expect(agent.status()).toMatchObject({ published: 0, queued: { frames: 2 } });
    expect(eager.status().published).toBe(2);
    await say(true);
    await clock.settle();
    expect(sequencesOf(watched.seen)).toEqual([0, 1]);
    const hub = await startGateway({ id: "g1" });
    await clock.advance(60_000);
    expect(agent.status().queued.frames).toBe(0);
    await hub.gateway.close();
    await pushRows(agent, 16, 24);
    await clock.advance(1000);
    expect(agent.status()).toMatchObject({ published: 2, queued: { frames: 1 } });
    for (const one of [agent, eager]) {
      const closing = one.close({ timeout: 10 });
      await clock.advance(10);
      await closing;
    }
  });
});
