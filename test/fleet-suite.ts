import { createQuantizer, createStream, encodeFrame, packCodes, uniformGrid } from "@zipml/codec";
import { createGateway, type Gateway, type GatewayOptions } from "@zipml/gateway";
import { type Connector, encodeMessage, modelWeights, type Transport } from "@zipml/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { type Watch, watch } from "../packages/protocol/test/watch.ts";
import {
  climate,
  climateRow,
  group,
  noting,
  pushRows,
  quickGateway,
  receiptsFor,
  startDevice,
  storedFrames,
  topics,
  type WatchedDevice,
  type WatchedGateway,
  watchGateway,
} from "./fleet.ts";

/** A broker, and how a gateway and devices reach it. */
export interface FleetBroker {
  /** What the gateway is given. */
  readonly gateway: Pick<GatewayOptions, "transport"> | Pick<GatewayOptions, "broker">;
  /** How others reach the broker, once the gateway stands; `cut` does not touch these connections. */
  direct(gateway: Gateway): Connector;
  /** How devices reach it. */
  devices(gateway: Gateway): Promise<Connector>;
  /** Ends the devices' connections without a word. */
  cut(ids: readonly string[]): void;
  close(): Promise<void>;
}

const up = { qos: 1, retain: false } as const;
const kept = { qos: 1, retain: true } as const;

/** A birth of a device that exists only as messages. */
export function rawBirth(session: number, startedAt = 1000): Uint8Array {
  const software = { name: "raw", version: "1" };
  return encodeMessage("birth", { session, startedAt, schema: climate, grids: [uniformGrid(climate)], software });
}

/** A frame of such a device. */
export function rawFrame(session: number, sequence: number, rows = 4, grid = uniformGrid(climate)): Uint8Array {
  const quantizer = createQuantizer(grid);
  const values = Array.from({ length: rows }, (_, r) => climateRow(sequence * rows + r)).flatMap(({ t, h }) => [t, h]);
  const { codes } = quantizer.encode(values, createStream(`raw/${session}`, sequence));
  const { epoch, coding } = grid;
  const body = packCodes(codes, quantizer);
  return encodeFrame({ session, sequence, grid: epoch, coding, start: sequence * 4000, interval: 1000, rows, body });
}

/** What device and gateway must do on every broker. */
export function describeFleet(name: string, open: () => Promise<FleetBroker>): void {
  describe(`fleet: ${name}`, () => {
    let running: { close(): Promise<unknown> }[] = [];
    const keep = <T extends { close(): Promise<unknown> }>(thing: T): T => {
      running.unshift(thing);
      return thing;
    };
    afterEach(async () => {
      for (const thing of running) await thing.close();
      running = [];
    });
    const start = async (options: Partial<GatewayOptions> = {}) => {
      const broker = keep(await open());
      const hub = watchGateway(keep(await createGateway({ ...quickGateway, ...options, ...broker.gateway })));
      await hub.gateway.ready();
      return { broker, hub, connector: await broker.devices(hub.gateway) };
    };
    const join = (id: string, connector: Connector, options?: Parameters<typeof startDevice>[2]): WatchedDevice => {
      const started = startDevice(id, connector, options);
      keep({ close: () => started.device.close({ timeout: 0 }) });
      return started;
    };
    const peer = async (broker: FleetBroker, { gateway }: WatchedGateway): Promise<[Transport, Watch]> => {
      const transport = keep(broker.direct(gateway)({ clientId: "peer" }));
      const seen = watch(transport);
      await seen.next("online");
      return [transport, seen];
    };
    const address = (device: string) => ({ group, device });

    it("stores every row of interleaved devices once, trains, and all predict what was published", async () => {
      const { hub, connector } = await start();
      const fleet = ["a", "b", "c"].map((id) => join(id, connector));
      for (let i = 0; i < 100; i++)
        await Promise.all(fleet.map(({ device }, d) => device.push(climateRow(i, d), { elapsed: i * 1000 })));
      await Promise.all(fleet.map(({ device }) => device.flush()));
      const { ingest, rows, missing, devices } = hub.gateway.status();
      expect(ingest).toMatchObject({ stored: 39, rows: 300, bad: 0, deferred: 0, unusable: 0 });
      expect(ingest.received).toBe(ingest.stored + ingest.duplicates);
      expect({ rows, missing }).toEqual({ rows: { held: 300, stored: 300 }, missing: 0 });
      expect(devices.map(({ frames, online }) => ({ frames, online }))).toEqual(
        Array(3).fill({ frames: 13, online: true }),
      );
      expect(new Set(storedFrames(hub)).size).toBe(39);
      for (const { device } of fleet)
        expect(device.status()).toMatchObject({ accepted: 100, receipted: 13, queued: { rows: 0, frames: 0 } });

      const trained = await hub.gateway.train();
      const { message } = trained;
      const weights = modelWeights(message.weights, 1);
      const expected = (t: number) =>
        message.intercept +
        ((weights[0] ?? 0) * message.target.deviation * (t - (message.features[0]?.mean ?? 0))) /
          (message.features[0]?.deviation ?? 1);
      const late = join("late", connector);
      for (const { device, events } of [...fleet, late]) {
        expect(await events.next("model")).toMatchObject({ version: 1, hash: trained.hash });
        for (const t of [-3, 15, 33]) expect(device.predict({ t })).toBeCloseTo(expected(t), 9);
      }
      expect(hub.gateway.predict({ t: 15 })).toBeCloseTo(67.5, 0);
    });

    it("loses nothing and stores nothing twice over broken connections; birth comes first on each", async () => {
      const { broker, hub, connector } = await start();
      const noted = noting(connector);
      const { device, events } = join("a", noted.connector);
      await events.next("online");
      for (let round = 0; round < 3; round++) {
        const pushing = pushRows(device, 200 * round, 200 * (round + 1));
        await hub.events.until("frames on their way", () => storedFrames(hub).length > 25 * round + 3);
        broker.cut(["a"]);
        await pushing;
        await events.until(
          "online again",
          () => events.seen.filter(({ type }) => type === "online").length > round + 1,
        );
      }
      await device.flush();
      const { ingest, missing } = hub.gateway.status();
      expect(new Set(storedFrames(hub)).size).toBe(storedFrames(hub).length);
      expect({ rows: ingest.rows, stored: ingest.stored, missing }).toEqual({ rows: 600, stored: 75, missing: 0 });
      expect(device.status().queued).toMatchObject({ rows: 0, frames: 0 });
      expect(noted.connections.length).toBeGreaterThan(3);
      expect(noted.connections.map(([first]) => first)).toEqual(noted.connections.map(() => "birth"));
      expect(events.seen.filter(({ type }) => type === "error")).toEqual([]);
    });

    it("tells of a death, but not of a newer session by an old one's will", async () => {
      const { broker, hub, connector } = await start();
      const { device, events } = join("a", connector);
      await hub.events.next("birth");
      await events.next("online");
      broker.cut(["a"]);
      expect(await hub.events.next("death")).toMatchObject({ device: "a", session: device.session, reason: "lost" });
      await hub.events.until("born again", () => hub.events.seen.filter(({ type }) => type === "birth").length > 1);
      await pushRows(device, 0, 8);
      await device.flush();
      const online = () => hub.gateway.status().devices[0]?.online;
      expect(online()).toBe(true);
      const [transport] = await peer(broker, hub);
      const stale = (device.session ^ 1) >>> 0;
      const death = topics.build({ kind: "death", ...address("a") });
      await transport.publish(death, encodeMessage("death", { session: stale, reason: "lost" }), kept);
      await device.push(climateRow(8), { elapsed: 8000 });
      await device.flush(); // the gateway has read all that came before
      expect(online()).toBe(true);
      expect(hub.events.seen.filter((event) => event.type === "death" && event.session === stale)).toEqual([]);
      await device.close();
      await hub.events.next("death", ({ reason }) => reason === "closed");
      expect(online()).toBe(false);
    });

    it("goes on where a gateway before it ended: nothing unreceipted is lost, versions rise", async (context) => {
      const { broker, hub, connector } = await start();
      if (hub.gateway.broker !== undefined) context.skip("an embedded broker ends with its gateway");
      const { device, events } = join("a", connector);
      await pushRows(device, 0, 40);
      await device.flush();
      expect((await hub.gateway.train()).version).toBe(1);
      await events.next("model");
      await hub.gateway.close();
      await pushRows(device, 40, 85);
      await events.until("frames sealed", () => device.status().queued.frames > 4);
      const next = watchGateway(keep(await createGateway({ ...quickGateway, ...broker.gateway })));
      await next.gateway.ready();
      await device.flush();
      expect(next.gateway.status()).toMatchObject({ rows: { held: 45, stored: 45 }, devices: [{ online: true }] });
      expect(new Set(storedFrames(next)).size).toBe(storedFrames(next).length);
      expect((await next.gateway.train()).version).toBe(2);
      expect(await events.next("model", ({ version }) => version === 2)).toBeDefined();
    });

    it("receipts a duplicate again and does not store it again", async () => {
      const { broker, hub } = await start();
      const [transport, seen] = await peer(broker, hub);
      await transport.subscribe([topics.build({ kind: "receipt", ...address("raw") })]);
      await transport.publish(topics.build({ kind: "birth", ...address("raw") }), rawBirth(7), kept);
      const data = topics.build({ kind: "data", ...address("raw") });
      for (const sequence of [0, 0, 1]) await transport.publish(data, rawFrame(7, sequence), up);
      await seen.next("message", () => receiptsFor("raw", seen.seen).at(-1)?.floor === 2);
      const before = receiptsFor("raw", seen.seen).length;
      await transport.publish(data, rawFrame(7, 1), up);
      await seen.next("message", () => receiptsFor("raw", seen.seen).length > before);
      expect(receiptsFor("raw", seen.seen).at(-1)).toEqual({ session: 7, floor: 2, ranges: [] });
      expect(hub.gateway.status().ingest).toMatchObject({ received: 4, stored: 2, duplicates: 2, rows: 8 });
    });

    it("applies a desired grid at the sequence it reports and trains on both grids; own comes before the group's", async () => {
      const { hub, connector } = await start();
      const { device, events } = join("a", connector);
      await pushRows(device, 0, 20);
      await device.flush();
      const version = await hub.gateway.configure({ grid: uniformGrid(climate, { epoch: 1, bits: 6 }) });
      const applied = await events.next("applied");
      expect(applied).toEqual({ type: "applied", version, grid: 1, from: 3 });
      expect(await hub.events.next("reported")).toMatchObject({ device: "a", version, reason: undefined });
      await pushRows(device, 20, 40);
      await device.flush();
      expect(hub.gateway.status().ingest).toMatchObject({ rows: 40, bad: 0, unknownGrid: 0 });
      expect((await hub.gateway.train()).model.rows).toBe(40);

      const own = await hub.gateway.configure({ device: "a", grid: uniformGrid(climate, { epoch: 2, bits: 8 }) });
      await events.next("applied", (event) => event.version === own);
      await hub.gateway.configure({ grid: uniformGrid(climate, { epoch: 3 }) });
      const last = await hub.gateway.configure({ device: "a", batch: { rows: 2 } });
      await events.next("applied", (event) => event.version === last);
      expect(device.status()).toMatchObject({ grid: 2, desired: last });
    });

    it("refuses a grid that can't be and says why", async () => {
      const { hub, connector } = await start();
      const { device, events } = join("a", connector);
      await events.next("online");
      const good = uniformGrid(climate, { epoch: 1 });
      const narrow = await hub.gateway.configure({ grid: { ...good, channels: good.channels.slice(1) } });
      const { reason } = await hub.events.next("reported", (event) => event.version === narrow);
      expect(reason).toMatch(/1 channels for a schema of 2/);
      const reused = await hub.gateway.configure({ grid: uniformGrid(climate, { epoch: 0, bits: 7 }) });
      expect((await hub.events.next("reported", (event) => event.version === reused)).reason).toMatch(/epoch 0/);
      expect(await events.next("refused", (event) => event.version === reused)).toBeDefined();
      expect(device.status()).toMatchObject({ grid: 0, desired: undefined });
      await expect(hub.gateway.configure({ batch: { rows: 0 } })).rejects.toMatchObject({ code: "shape" });
      await expect(hub.gateway.configure({ device: "a/b" })).rejects.toMatchObject({ code: "id" });
    });

    it("counts bad frames, tells of them, stores nothing of them and works on", async () => {
      const { broker, hub } = await start();
      const [transport] = await peer(broker, hub);
      await transport.publish(topics.build({ kind: "birth", ...address("raw") }), rawBirth(1), kept);
      const data = topics.build({ kind: "data", ...address("raw") });
      const good = rawFrame(1, 0);
      const otherVersion = Uint8Array.from(good);
      otherVersion[1] = 2;
      const wide = uniformGrid(climate, { bits: 4, samples: 1, targetBits: 8 }); // code 15; the birth's grid ends at 14
      const above = createQuantizer(wide);
      const body = packCodes(Uint16Array.of(15, 3), above);
      const start0 = { session: 1, sequence: 9, grid: 0, coding: "packed", start: 0, interval: 0, rows: 1 } as const;
      const bad = [Uint8Array.of(1, 2, 3), otherVersion, good.subarray(0, -1), encodeFrame({ ...start0, body })];
      for (const payload of bad) await transport.publish(data, payload, up);
      await transport.publish(topics.build({ kind: "birth", ...address("other") }), Uint8Array.of(0xff), kept);
      await transport.publish(data, good, up);
      await hub.events.next("stored");
      const refused = hub.events.seen.flatMap((event) => (event.type === "refused" ? [event] : []));
      expect(refused.map(({ device }) => device)).toEqual(["raw", "raw", "raw", "raw", "other"]);
      expect(refused.map(({ error }) => (error as { code: string }).code)).toEqual([
        "type",
        "version",
        "truncated",
        "code",
        "cbor",
      ]);
      expect(hub.gateway.status().ingest).toMatchObject({ received: 5, stored: 1, bad: 4, rows: 4 });
    });
  });
}
