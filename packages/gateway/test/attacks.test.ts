import { uniformGrid } from "@zipml/codec";
import { createGateway, type GatewayEvent, type GatewayOptions } from "@zipml/gateway";
import { type Birth, createTopics, encodeMessage, type UpKind } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { hashPassword } from "../src/broker/password.ts";
import { dial, join, publishPacket, type RawClient } from "./broker/raw.ts";
import { closeLater } from "./broker/support.ts";
import { birth, frameOf, healthOf, schema } from "./log/plant.ts";

const topics = createTopics();
const group = "field";
const names = ["honest", "mallory"] as const;
const topicOf = (device: string, kind: UpKind): string => topics.build({ kind, group, device });
const birthBytes = (session: number, changes: Partial<Birth> = {}): Uint8Array =>
  encodeMessage("birth", birth(session, changes));

/** A device reduced to its socket. */
interface Speaker {
  readonly client: RawClient;
  /** Publishes under its own topics; resolves once the broker has acknowledged all of it. */
  say(kind: UpKind, ...payloads: readonly Uint8Array[]): Promise<void>;
}

async function speaker(url: string, device: string): Promise<Speaker> {
  const client = dial(url);
  const name = `${group}.${device}`;
  expect(await join(client, { clientId: name, username: name, password: `secret of ${device}` })).toBe(0);
  let acknowledged = 0;
  return {
    client,
    say: async (kind, ...payloads) => {
      for (const [i, payload] of payloads.entries())
        client.send(publishPacket(topicOf(device, kind), payload, { id: acknowledged + i + 1 }));
      acknowledged += payloads.length;
      await client.bytes(4 + 4 * acknowledged);
    },
  };
}

/** A gateway with its broker, an honest device that has sent frame 0, and one that means ill. */
async function underAttack(options: Partial<GatewayOptions> = {}) {
  const users = await Promise.all(
    names.map(async (device) => ({
      name: `${group}.${device}`,
      passwordHash: await hashPassword(`secret of ${device}`, { logCost: 10 }),
    })),
  );
  const gateway = await createGateway({ group, broker: { port: 0, users }, training: { everyRows: 0 }, ...options });
  closeLater(gateway);
  const events: GatewayEvent[] = [];
  const read = async (): Promise<void> => {
    for await (const event of gateway.events()) events.push(event);
  };
  void read();
  await gateway.ready();
  const [honest, mallory] = [await speaker(gateway.broker.url, "honest"), await speaker(gateway.broker.url, "mallory")];
  const of = (device: string) => gateway.status().devices.find(({ id }) => id === device);
  await honest.say("birth", birthBytes(1));
  await honest.say("data", frameOf("honest", 1, 0));
  await expect.poll(() => of("honest")?.frames).toBe(1);
  /** The honest device is served as before, and nothing of it is missing or refused. */
  const servesHonest = async (): Promise<void> => {
    const { frames = 0 } = of("honest") ?? {};
    await honest.say("data", frameOf("honest", 1, frames));
    await expect.poll(() => of("honest")?.frames).toBe(frames + 1);
    expect(of("honest")).toMatchObject({ missing: 0, declared: 0, unusable: undefined, session: 1 });
  };
  return { gateway, events, honest, mallory, of, servesHonest };
}

describe("a hostile device", () => {
  it("that sends 20,000 arrays inside each other, under every kind, is refused and counted", async () => {
    const { gateway, events, mallory, servesHonest } = await underAttack();
    const nested = new Uint8Array(20_000).fill(0x81);
    const maps = Uint8Array.from({ length: 60_000 }, (_, i) => (i % 3 === 0 ? 0xa1 : 0x61)); // { a: { a: … } }
    for (const kind of ["birth", "death", "health", "reported", "data"] as const) await mallory.say(kind, nested, maps);
    await expect.poll(() => gateway.status().control.malformed).toBe(8);
    await expect.poll(() => gateway.status().ingest.bad).toBe(2);
    expect(events.filter((event) => event.type === "refused" && event.device === "mallory")).toHaveLength(10);
    await servesHonest();
  });

  it("that publishes under another's id is cut off, counted, and none of it is taken for the other's", async () => {
    const { gateway, mallory, servesHonest } = await underAttack();
    mallory.client.send(publishPacket(topicOf("honest", "data"), frameOf("honest", 1, 1), { id: 9 }));
    await mallory.client.closed();
    expect(gateway.broker?.status().refused.publish).toBe(1);
    expect(gateway.status().ingest).toMatchObject({ received: 1, stored: 1 });
    await servesHonest();
  });

  it("that forges sequences makes gaps of its own alone: counted, bounded, and never receipted as if all were there", async () => {
    const { gateway, mallory, of, servesHonest } = await underAttack({ limits: { ranges: 4 } });
    await mallory.say("birth", birthBytes(7));
    const forged = [2 ** 32 - 1, 5, 1000, 70_000, 1_000_000, 2 ** 31, 12, 99].map((sequence) =>
      frameOf("mallory", 7, sequence),
    );
    await mallory.say("data", ...forged);
    await expect.poll(() => gateway.status().ingest.deferred).toBe(4);
    expect(of("mallory")).toMatchObject({ frames: 4, missing: 2 ** 32 - 4 });
    await mallory.say("health", encodeMessage("health", healthOf(7, [[0, 2 ** 32 - 2]])));
    await expect.poll(() => of("mallory")?.missing).toBe(0); // it gave up its own, and that is told, too
    expect(of("mallory")?.declared).toBe(2 ** 32 - 4);
    await servesHonest();
  });

  it("that replays what was applied is told so and counted; unseen frames of an earlier session are welcome", async () => {
    const { gateway, mallory, of, servesHonest } = await underAttack();
    const { ingest: before } = gateway.status();
    await mallory.say("birth", birthBytes(1));
    await mallory.say("data", frameOf("mallory", 1, 0));
    await mallory.say("data", ...Array.from({ length: 50 }, () => frameOf("mallory", 1, 0)));
    const earlier = [{ session: 1, startedAt: 100_000, grids: [uniformGrid(schema)] }];
    await mallory.say("birth", birthBytes(2, { earlier }));
    await mallory.say("data", frameOf("mallory", 1, 1), frameOf("mallory", 2, 0), frameOf("mallory", 1, 0));
    await expect.poll(() => gateway.status().ingest.duplicates - before.duplicates).toBe(51);
    expect(of("mallory")).toMatchObject({ frames: 3, missing: 0 });
    // Another's frame under its own id is its own word, not the other's; its session is not known here.
    await mallory.say("data", frameOf("honest", 9, 1));
    await expect.poll(() => gateway.status().ingest.unknownGrid).toBe(1);
    await servesHonest();
  });

  it("that poisons grids spoils nothing that was said before, and nothing of others", async () => {
    const { gateway, events, mallory, of, servesHonest } = await underAttack({ limits: { deviceBytes: 40_000 } });
    await mallory.say("birth", birthBytes(1));
    await mallory.say("data", frameOf("mallory", 1, 0));
    const wider = { ...uniformGrid(schema, { bits: 6 }), epoch: 0 };
    await mallory.say("birth", birthBytes(1, { grids: [wider] })); // the same epoch, another meaning
    await mallory.say("data", frameOf("mallory", 1, 1)); // read as before: six bits would not have this length
    await expect.poll(() => of("mallory")?.frames).toBe(2);
    expect(of("mallory")?.unusable).toContain("grid 0 of session 1 was another grid before");
    expect(gateway.status().ingest.refusedGrids).toBe(1);
    const useless = [uniformGrid(schema, { epoch: 1, samples: 1 })];
    await mallory.say("birth", birthBytes(1, { grids: useless }));
    await expect.poll(() => of("mallory")?.unusable).toContain("draws");
    const many = Array.from({ length: 64 }, (_, i) => uniformGrid(schema, { epoch: 10 + i, bits: 2 + (i % 14) }));
    await mallory.say("birth", birthBytes(1, { grids: many }));
    await expect.poll(() => of("mallory")?.unusable).toContain("limits.deviceBytes");
    expect(gateway.status().ingest).toMatchObject({ bad: 0, refusedGrids: expect.any(Number) });
    expect(gateway.status().ingest.refusedGrids).toBeGreaterThan(60);
    expect(events.some((event) => event.type === "unusable" && event.device === "mallory")).toBe(true);
    await mallory.say("birth", birthBytes(1, { startedAt: 5 })); // another run under the same number
    await expect.poll(() => of("mallory")?.unusable).toContain("a run needs a number of its own");
    await servesHonest();
  });

  it("that floods its topics is not read beyond its rate, is told of once, and holds up nobody", async () => {
    const limits = { controlRate: 1, controlBurst: 20_000 }; // no more comes back within a test, however slow the machine
    const { gateway, events, mallory, servesHonest } = await underAttack({ limits });
    const flood = Array.from({ length: 400 }, () => birthBytes(1));
    await mallory.say("birth", ...flood);
    await servesHonest();
    const { control } = gateway.status();
    expect(control.limited).toBeGreaterThan(300);
    expect(events.filter((event) => event.type === "birth").length + control.limited).toBe(control.received);
    const told = events.filter((event) => event.type === "refused" && event.device === "mallory");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ error: { code: "limit" } });
  });
});
