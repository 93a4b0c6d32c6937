import { createDevice, createMemoryOutbox } from "@zipml/device";
import { type Connector, decodeMessage, encodeMessage, TransportError, type TransportEvent } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { climate, climateRow, group, noting, pushRows, storedFrames, topics } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const dataTopic = topics.build({ kind: "data", group, device: "a" });
const at = (kind: "health" | "reported" | "death" | "birth") => topics.build({ kind, group, device: "a" });

/** Loses the deliveries of data with these numbers, counted from 0. */
function losing(...numbers: number[]): (topic: string) => 0 | 1 {
  let count = 0;
  return (topic) => {
    if (topic !== dataTopic) return 1;
    count += 1;
    return numbers.includes(count - 1) ? 0 : 1;
  };
}

const on = (seen: readonly TransportEvent[], topic: string) =>
  seen.flatMap((event) => (event.type === "message" && event.topic === topic ? [event.payload] : []));

describe("fleet: delivery in virtual time", () => {
  it("asks for a frame that the broker acknowledged and lost, and shows the gap meanwhile", async () => {
    const { clock, startGateway, device } = createClockwork({ deliver: losing(1) });
    const hub = await startGateway();
    const { device: agent } = device("a", { delivery: { resendAfter: 3_600_000 } });
    await pushRows(agent, 0, 24);
    await clock.advance(200);
    expect(hub.gateway.status()).toMatchObject({
      missing: 1,
      rows: { held: 16 },
      devices: [{ missing: 1, frames: 2 }],
    });
    expect(agent.status()).toMatchObject({ published: 3, resent: 0, receipted: 2, queued: { frames: 1 } });
    await clock.advance(2000 - 1);
    expect(hub.gateway.status().missing).toBe(1);
    await clock.advance(300);
    expect(hub.gateway.status()).toMatchObject({
      missing: 0,
      rows: { held: 24 },
      ingest: { duplicates: 0, stored: 3 },
    });
    expect(agent.status()).toMatchObject({ published: 3, resent: 1, receipted: 3, queued: { frames: 0 } });
    await agent.close();
    await hub.gateway.close();
  });

  it("asks again, with longer waits, as long as the gap stands", async () => {
    const lost = losing(1, 3, 4, 5, 6);
    const { clock, startGateway, device, peer } = createClockwork({ deliver: lost });
    const hub = await startGateway();
    const command = topics.build({ kind: "command", group, device: "a", name: "resend" });
    const [, seen] = await peer([command]);
    const { device: agent } = device("a", { delivery: { resendAfter: 3_600_000 } });
    await pushRows(agent, 0, 24);
    const asked: number[] = [];
    for (let second = 1; second <= 62; second++) {
      await clock.advance(1000);
      if (on(seen.seen, command).length > asked.length) asked.push(second);
    }
    expect(asked).toEqual([3, 7, 15, 31]); // 0.2 s and then 2, 4, 8, 16 s; the fifth ask has been answered
    expect(decodeMessage("command", on(seen.seen, command)[0] ?? new Uint8Array())).toEqual({
      name: "resend",
      session: agent.session,
      ranges: [[1, 1]],
    });
    await clock.advance(2000);
    expect(hub.gateway.status().missing).toBe(0);
    await agent.close();
    await hub.gateway.close();
  });

  it("publishes again by itself when nobody can know of the loss, with waits that double up to 16 times", async () => {
    const times: number[] = [];
    const { clock, device } = createClockwork({
      acknowledge: (topic) => {
        if (topic === dataTopic) times.push((clock.now() - begun) / 1000);
        return true;
      },
    });
    const begun = clock.now();
    const { device: agent } = device("a"); // no gateway at all
    await pushRows(agent, 0, 8);
    await clock.advance(800_000);
    expect(times).toEqual([0, 10, 30, 70, 150, 310, 470, 630, 790]);
    expect(agent.status()).toMatchObject({ published: 1, receipted: 0, queued: { frames: 1 } });
    const closed = agent.close();
    await clock.advance(5000);
    await closed;
  });

  it("works with a gateway that starts late and with one that lost all it had stored but the receipts", async () => {
    const { clock, startGateway, device } = createClockwork();
    const started = device("a");
    await pushRows(started.device, 0, 80);
    await clock.advance(60_000);
    expect(started.device.status().queued.frames).toBe(10);
    const first = await startGateway();
    await clock.advance(200_000);
    expect(first.gateway.status()).toMatchObject({ rows: { held: 80 }, missing: 0, devices: [{ online: true }] });
    expect(started.device.status().queued.frames).toBe(0);
    await first.gateway.close();

    await pushRows(started.device, 80, 120);
    await clock.advance(10_000);
    const second = await startGateway();
    await clock.advance(200_000);
    expect(new Set(storedFrames(second))).toEqual(
      new Set(Array.from({ length: 5 }, (_, i) => `a/${started.device.session}/${10 + i}`)),
    );
    await started.device.close();
    await second.gateway.close();
  });

  it("keeps what the broker lost together with the birth, asks for it and trains on it", async () => {
    let births = 0;
    const { clock, startGateway, device } = createClockwork({
      deliver: (topic) => {
        if (topic !== at("birth")) return 1;
        births += 1;
        return births === 1 ? 0 : 1;
      },
    });
    const hub = await startGateway({ training: { minimum: 2 } });
    const { device: agent } = device("a");
    await pushRows(agent, 0, 24);
    await clock.advance(1000);
    const { ingest } = hub.gateway.status();
    expect(births).toBe(2);
    expect(ingest.unknownGrid).toBeGreaterThan(0);
    expect(ingest).toMatchObject({ received: 3, stored: 3, rows: 24, deferred: 0 });
    expect(agent.status().queued.frames).toBe(0);
    expect((await hub.gateway.train()).model.rows).toBe(24);
    await agent.close();
    await hub.gateway.close();
  });

  it("publishes nothing before the birth of a connection, not even in the turn of the reconnect", async () => {
    const log: string[] = [];
    const { clock, broker, device, startGateway } = createClockwork({
      reconnectAfter: 0,
      acknowledge: (topic, clientId) => {
        if (clientId === `${group}.a`) log.push(topics.parse(topic)?.kind ?? topic);
        return true;
      },
    });
    const hub = await startGateway();
    const { device: agent } = device("a", {
      batch: { rows: 1 },
      delivery: { window: 2, resendAfter: 500 },
      healthInterval: 5,
    });
    for (let i = 0; i < 120; i++) {
      const pushed = agent.push(climateRow(i), { elapsed: i });
      for (let turn = 0; turn < i % 13; turn++) await undefined;
      if (i % 3 === 0 && broker.disconnect(`${group}.a`)) log.push("cut");
      await pushed;
      if (i % 10 === 0) await clock.advance(1);
    }
    await clock.advance(3000);
    const firsts = log.flatMap((kind, i) => (log[i - 1] === "cut" && kind !== "cut" ? [kind] : []));
    expect(firsts.length).toBeGreaterThan(10);
    expect(new Set(firsts)).toEqual(new Set(["birth"]));
    expect(hub.gateway.status()).toMatchObject({ rows: { stored: 120 }, missing: 0 });
    await agent.close();
    await hub.gateway.close();
  });

  it("sends nothing at all while the broker refuses the birth, and asks again", async () => {
    const { clock, broker } = createClockwork();
    const noted = noting(broker.connector());
    let refusals = 2;
    const reluctant: Connector = (options) => {
      const transport = noted.connector(options);
      const publish: typeof transport.publish = async (topic, payload, how) => {
        await transport.publish(topic, payload, how);
        if (topic === at("birth") && refusals > 0) {
          refusals -= 1;
          throw new TransportError("refused", "not yet");
        }
      };
      return { ...transport, publish };
    };
    const agent = createDevice({ id: "a", group, schema: climate, transport: reluctant, clock, healthInterval: 500 });
    await agent.push(climateRow(0));
    await clock.advance(19_999);
    expect(noted.connections).toEqual([["birth", "birth"]]);
    expect(agent.status().state).toBe("offline");
    await clock.advance(1);
    expect(noted.connections[0]?.slice(0, 4)).toEqual(["birth", "birth", "birth", "data"]);
    const closing = agent.close({ timeout: 10 });
    await clock.advance(10);
    await closing;
    expect(noted.connections[0]?.slice(-2)).toEqual(["health", "death"]);
  });

  it("sends receipts without waiting for the broker's answer to those before", async () => {
    const { clock, startGateway, device } = createClockwork({ acknowledge: (topic) => !topic.endsWith("/receipt") });
    const hub = await startGateway();
    const fleet = ["a", "b", "c"].map((id) => device(id).device);
    for (const agent of fleet) await pushRows(agent, 0, 8);
    await clock.advance(1000);
    expect(fleet.map((agent) => agent.status().receipted)).toEqual([1, 1, 1]);
    for (const agent of fleet) await agent.close();
    const closing = hub.gateway.close();
    await clock.advance(1000);
    await closing;
    expect(clock.sleepers()).toBe(0);
  });

  it("seals what waits when its time has come, and sends health at its interval and at the end", async () => {
    const { clock, peer, device, startGateway } = createClockwork();
    const hub = await startGateway();
    const [, seen] = await peer([at("health")]);
    const { device: agent } = device("a");
    await agent.push(climateRow(0), { elapsed: 0 });
    await clock.advance(9_999);
    expect(agent.status()).toMatchObject({ sequence: 0, queued: { rows: 1 } });
    await clock.advance(1);
    expect(agent.status()).toMatchObject({ sequence: 1, queued: { rows: 0 } });
    expect(on(seen.seen, at("health"))).toHaveLength(1); // the one on connecting
    await clock.advance(110_000);
    expect(on(seen.seen, at("health"))).toHaveLength(3);
    await agent.close();
    await clock.settle();
    const last = decodeMessage("health", on(seen.seen, at("health")).at(-1) ?? new Uint8Array());
    expect(on(seen.seen, at("health"))).toHaveLength(4);
    expect(last).toMatchObject({ accepted: 1, receipted: 1, queued: { rows: 0, frames: 0, bytes: 0 } });
    await hub.gateway.close();
  });

  it("refuses rows while the outbox is full, keeps what it has, and takes rows again after receipts", async () => {
    const { clock, startGateway, device } = createClockwork();
    const outbox = createMemoryOutbox({ capacity: 2000 });
    const { device: agent } = device("a", { outbox, delivery: { resendAfter: 1000 } });
    let refused = 0;
    for (let i = 0; i < 400; i++)
      await agent.push(climateRow(i), { elapsed: i }).catch((error: { code: string }) => {
        expect(error.code).toBe("outbox-full");
        refused += 1;
      });
    expect(refused).toBeGreaterThan(100);
    expect(agent.status()).toMatchObject({ accepted: 400 - refused, refused: { "outbox-full": refused } });
    const hub = await startGateway();
    await clock.advance(60_000);
    expect(hub.gateway.status().rows.stored).toBe(400 - refused);
    await agent.push(climateRow(401), { elapsed: 401 });
    await clock.advance(60_000);
    expect(hub.gateway.status().rows.stored).toBe(401 - refused);
    await agent.close();
    await hub.gateway.close();
  });

  it("refuses and counts rows that lack a channel, are not finite, or come after the end; counts what it clips", async () => {
    const { clock, startGateway, device } = createClockwork();
    const hub = await startGateway();
    const { device: agent } = device("a");
    const nothing = {} as { t: number; h: number };
    await expect(agent.push(nothing)).rejects.toMatchObject({ code: "missing", channel: "t" });
    await expect(agent.push({ t: 1 })).rejects.toMatchObject({ code: "missing", channel: "h" });
    await expect(agent.push({ t: 1, h: Number.NaN })).rejects.toMatchObject({ code: "non-finite" });
    await expect(agent.push({ t: 1, h: 1 }, { elapsed: 0.5 })).rejects.toMatchObject({ code: "time" });
    await agent.push({ t: 99, h: -5 }, { elapsed: 10 });
    await agent.push({ t: -99, h: 50 }, { elapsed: 10 });
    await expect(agent.push({ t: 1, h: 1 }, { elapsed: 9 })).rejects.toMatchObject({ code: "time" });
    await clock.advance(10_000);
    const counted = { accepted: 2, refused: { missing: 2, "non-finite": 1, time: 2 }, clipped: { t: 2, h: 1 } };
    expect(agent.status()).toMatchObject(counted);
    await clock.advance(60_000);
    expect(hub.gateway.status().devices).toMatchObject([{ clipped: 3, refused: 5, frames: 1 }]);
    await agent.close();
    await expect(agent.push({ t: 1, h: 1 })).rejects.toMatchObject({ code: "closed" });
    expect(agent.status()).toMatchObject({ state: "closed", refused: { closed: 1 } });
    await hub.gateway.close();
  });

  it("shows a device that died before the gateway came as dead, and one that lives on as alive", async () => {
    const { clock, broker, startGateway, device, peer } = createClockwork();
    const lost = device("a");
    await clock.advance(10);
    const [transport] = await peer();
    const will = encodeMessage("death", { session: lost.device.session, reason: "lost" });
    await transport.publish(at("death"), will, { qos: 1, retain: true });
    const hub = await startGateway();
    await clock.settle();
    expect(hub.gateway.status().devices).toMatchObject([{ id: "a", online: false }]);
    await pushRows(lost.device, 0, 8);
    await clock.advance(1000);
    expect(hub.gateway.status().devices).toMatchObject([{ id: "a", online: true }]);
    broker.stop();
    await clock.settle();
    expect(hub.gateway.status().online).toBe(false);
    await expect(hub.gateway.configure({ batch: { rows: 3 } })).rejects.toMatchObject({ code: "offline" });
    broker.start();
    await clock.settle();
    expect(hub.gateway.status().online).toBe(true);
    await lost.device.close();
    await hub.gateway.close();
  });

  it("answers a desired configuration that it can't read", async () => {
    const { clock, startGateway, device, peer } = createClockwork();
    const hub = await startGateway();
    const { device: agent } = device("a");
    const [transport] = await peer();
    const later = Uint8Array.from(
      Buffer.from("a26776657273696f6e182a6467726964a166736368656d656664697468657221".slice(0, -2), "hex"),
    ); // { version: 42, grid: { scheme: "dither" } }
    const desired = topics.build({ kind: "desired", audience: "device", group, device: "a" });
    await clock.settle();
    await transport.publish(desired, later, { qos: 1, retain: true });
    const reported = await hub.events.next("reported");
    expect(reported).toMatchObject({ device: "a", version: 42, reason: expect.stringContaining("grid") });
    await agent.close();
    await hub.gateway.close();
  });

  it("flushes what was pushed before, however much comes meanwhile, and leaves no timer behind", async () => {
    const { clock, startGateway, device, broker } = createClockwork();
    const hub = await startGateway();
    const { device: agent } = device("a");
    await pushRows(agent, 0, 20);
    let flushed = false;
    const flush = agent.flush().then(() => {
      flushed = true;
    });
    for (let i = 20; !flushed && i < 2000; i++) {
      await agent.push(climateRow(i), { elapsed: i * 1000 });
      await clock.advance(50);
    }
    await flush;
    expect(agent.status().accepted).toBeLessThan(60);
    const controller = new AbortController();
    broker.stop();
    await agent.push(climateRow(9999), { elapsed: 9_999_000 });
    const waiting = expect(agent.flush({ signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
    controller.abort();
    await waiting;
    const unflushed = expect(agent.flush()).rejects.toMatchObject({ code: "closed" });
    const closing = agent.close({ timeout: 100 });
    await clock.advance(100);
    await closing;
    await unflushed;
    await expect(agent.flush()).rejects.toMatchObject({ code: "closed" });
    await hub.gateway.close();
    await hub.events.ended;
    expect(clock.sleepers()).toBe(0);
  });

  it("closes although the broker acknowledges nothing any more, and says what is left", async () => {
    let answers = true;
    const { clock, device } = createClockwork({ acknowledge: () => answers });
    const { device: agent, events } = device("a");
    await clock.settle();
    answers = false;
    await pushRows(agent, 0, 12);
    let closed = false;
    const closing = agent.close({ timeout: 3000 }).then(() => {
      closed = true;
    });
    await clock.advance(2999);
    expect(closed).toBe(false);
    await clock.advance(1001);
    await closing;
    await events.ended;
    expect(events.seen.at(-1)).toEqual({ type: "left", rows: 0, frames: 2 });
    expect(clock.sleepers()).toBe(0);
  });
});
