import { setTimeout as sleep } from "node:timers/promises";
import { createStream } from "@zipml/codec";
import { createGateway } from "@zipml/gateway";
import { createMemoryBroker, createVirtualClock } from "@zipml/protocol/memory";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { mosquittoProgram, startMosquitto } from "../packages/protocol/test/brokers.ts";
import { startBroker } from "./broker.ts";
import { climateRow, group, startDevice, topics, watchEvents } from "./fleet.ts";
import { durableGateway, spawnGateway } from "./fleet-restart.ts";
import { temporaryFolder } from "./run.ts";

async function anyBroker(): Promise<AsyncDisposable & { readonly url: string }> {
  if (mosquittoProgram === undefined) return startBroker();
  const broker = await startMosquitto();
  return { url: `mqtt://127.0.0.1:${broker.tcp}`, [Symbol.asyncDispose]: broker.close };
}

/** Everything that devices have published, each message as often as it came. */
async function record(url: string) {
  const transport = mqtt({ url, protocol: "3.1.1" })({ clientId: "recorder" });
  const births: (readonly [topic: string, payload: Uint8Array])[] = [];
  const frames: (readonly [topic: string, payload: Uint8Array])[] = [];
  const watched = watchEvents(transport.events());
  await watched.next("online");
  await transport.subscribe(topics.gatewayFilters({ group }));
  return {
    messages: () => {
      for (const event of watched.seen.splice(0)) {
        if (event.type !== "message") continue;
        const kind = topics.parse(event.topic)?.kind;
        const message = [event.topic, event.payload] as const;
        if (kind === "birth") births.push(message);
        if (kind === "data") frames.push(message);
      }
      return { births, frames };
    },
    close: transport.close,
  };
}

/** The model of a gateway that was never disturbed and got all frames, in another order, once. */
async function undisturbed({ births, frames }: ReturnType<Awaited<ReturnType<typeof record>>["messages"]>) {
  const clock = createVirtualClock(1_700_000_000_000);
  const broker = createMemoryBroker({ clock });
  const training = { ...durableGateway.training, everyRows: 0 };
  await using gateway = await createGateway({ ...durableGateway, training, clock, transport: broker.connector() });
  await gateway.ready();
  const peer = broker.connector()({ clientId: "peer" });
  await clock.settle();
  for (const [topic, payload] of births) await peer.publish(topic, payload, { qos: 1, retain: false });
  for (const [topic, payload] of frames.toReversed()) await peer.publish(topic, payload, { qos: 1, retain: false });
  await clock.advance(1000);
  const { hash, model } = await gateway.train();
  const { rows, ingest } = gateway.status();
  await peer.close();
  return { hash, model, rows, frames: ingest.stored };
}

describe("fleet: a gateway that is killed", () => {
  it("has every accepted row once, and the model of a gateway that was not, after ten kill -9", async () => {
    await using broker = await anyBroker();
    await using folder = await temporaryFolder("fleet-restart");
    const directory = `${folder.path}/gateway`;
    const recorder = await record(broker.url);
    const transport = mqtt({ url: broker.url, protocol: "3.1.1", backoff: { base: 20, cap: 100 } });
    const devices = ["a", "b", "c"].map((id) =>
      startDevice(id, transport, { delivery: { window: 8, resendAfter: 300 }, batch: { rows: 8, milliseconds: 20 } }),
    );
    const instants = createStream("fleet-restart");
    let pushed = 0;
    let pushing = true;
    const push = async (): Promise<void> => {
      for (let i = 0; pushing; i++) {
        for (const [d, { device }] of devices.entries()) {
          await device.push(climateRow(i, d), { elapsed: i * 1000 });
          pushed += 1;
        }
        if (i % 8 === 7) await sleep(5);
        while (devices.some(({ device }) => device.status().queued.rows > 4000)) await sleep(5);
      }
    };
    const pushes = push();
    const found: string[] = [];
    for (let kill = 0; kill < 10; kill++) {
      const gateway = spawnGateway(broker.url, directory);
      await gateway.ready;
      await sleep(50 + Math.floor(instants.uniform() * 700));
      await gateway.kill();
      found.push(...gateway.lines);
    }
    pushing = false;
    await pushes;
    const last = await createGateway({ ...durableGateway, directory, transport });
    await last.ready();
    for (const { device } of devices) await device.flush({ signal: AbortSignal.timeout(60_000) });
    const { hash, model } = await last.train();
    const status = last.status();
    for (const { device } of devices) await device.close();
    await last.close();
    await recorder.close();
    expect(found.filter((line) => !line.includes('"torn"'))).toEqual([]);
    expect(status.rows.stored).toBe(pushed);
    expect(status.missing).toBe(0);
    expect(status.rows.held).toBe(3000);
    const reference = await undisturbed(recorder.messages());
    expect(reference.rows).toEqual({ held: 3000, stored: pushed });
    expect(hash).toBe(reference.hash);
    expect(model).toEqual(reference.model);
    const stored = status.devices.reduce((sum, { frames }) => sum + frames, 0);
    expect(stored).toBe(reference.frames);
    expect(status.log?.segments).toBeLessThan(40); // those under a checkpoint and out of the window are gone
    console.log(
      `ten kills: ${pushed} rows accepted, ${status.rows.stored} stored, ${stored} frames, ${status.log?.segments} segments of ${status.log?.bytes} bytes left`,
    );

    // Once more from disk alone: no broker message is needed for the same model.
    const clock = createVirtualClock(1_800_000_000_000);
    const lonely = createMemoryBroker({ clock });
    await using again = await createGateway({ ...durableGateway, directory, clock, transport: lonely.connector() });
    await again.ready();
    expect(again.status().rows).toEqual(status.rows);
    expect((await again.train()).hash).toBe(hash);
  }, 180_000);
});

describe("fleet: a gateway on a directory", () => {
  it("publishes the model of the run before, and takes the directory for itself", async () => {
    await using folder = await temporaryFolder("fleet-directory");
    const directory = `${folder.path}/gateway`;
    const clock = createVirtualClock(1_700_000_000_000);
    const broker = createMemoryBroker({ clock });
    const options = { group, clock, directory, transport: broker.connector(), training: { minimum: 20 } };
    const first = await createGateway(options);
    const { device, events } = startDevice("a", broker.connector(), { clock });
    for (let i = 0; i < 64; i++) await device.push(climateRow(i), { elapsed: i * 1000 });
    await first.ready();
    const settled = async (done: () => boolean): Promise<void> => {
      for (let i = 0; i < 400 && !done(); i++) {
        await clock.advance(50);
        await sleep(2); // the disk is not on the virtual clock
      }
      expect(done()).toBe(true);
    };
    await settled(() => first.status().rows.stored === 64);
    const trained = await first.train();
    expect(first.status().log).toMatchObject({ directory, segments: 1, failing: undefined });
    await expect(createGateway(options)).rejects.toMatchObject({ name: "LogError", code: "locked" });
    await first.close();
    const emptied = createMemoryBroker({ clock }); // a broker that has forgotten all
    const second = await createGateway({ ...options, transport: emptied.connector() });
    await second.ready();
    expect(second.model()).toEqual(trained);
    expect(second.status().rows).toEqual({ held: 64, stored: 64 });
    const other = startDevice("b", emptied.connector(), { clock });
    await settled(() => other.device.status().model === trained.version);
    expect((await second.train()).hash).toBe(trained.hash);
    expect(second.model()?.version).toBe(trained.version + 1);
    const closing = [device, other.device].map((each) => each.close());
    await clock.advance(10_000);
    await Promise.all(closing);
    await second.close();
    await events.ended;
  });
});
