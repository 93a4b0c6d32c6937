import { uniformGrid } from "@zipml/codec";
import { type Connector, encodeMessage, type TransportEvent } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { climate, group, pushRows, topics } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const isData = (topic: string): boolean => topics.parse(topic)?.kind === "data";

/** A frame as the next version would write it, for all that this one can know: another version beside the coding. */
function ofVersion(version: number, payload: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(payload);
  changed[1] = 8 * version + ((changed[1] as number) & 7);
  return changed;
}

/** The side of version N + 1: it writes frames of version 2 and reads those of both. */
function upgraded(connector: Connector): Connector {
  return (options) => {
    const transport = connector(options);
    async function* events(): AsyncGenerator<TransportEvent> {
      for await (const event of transport.events())
        yield event.type === "message" && isData(event.topic)
          ? { ...event, payload: ofVersion(1, event.payload) }
          : event;
    }
    return {
      ...transport,
      get online() {
        return transport.online;
      },
      events,
      publish: (topic, payload, how) => transport.publish(topic, isData(topic) ? ofVersion(2, payload) : payload, how),
      [Symbol.asyncDispose]: transport[Symbol.asyncDispose],
    };
  };
}

describe("fleet: a rolling upgrade (F19)", () => {
  it("keeps what a newer device sends until the gateway knows its version, and takes an older device's all along", async () => {
    const works = createClockwork();
    const { clock, broker } = works;
    const old = await works.startGateway();
    const { device: before, events: toldOld } = works.device("before");
    const { device: after } = works.device("after", { transport: upgraded(broker.connector()) });
    await clock.settle();
    for (const device of [before, after]) await pushRows(device, 0, 40);
    await clock.advance(60_000);
    const { rows, ingest } = old.gateway.status();
    expect([rows.stored, ingest.stored]).toEqual([40, 5]);
    expect(ingest.bad).toBeGreaterThanOrEqual(5);
    const refusals = old.events.seen.flatMap((event) => (event.type === "refused" ? [event] : []));
    expect(refusals).toHaveLength(ingest.bad);
    for (const { device, error } of refusals) expect([device, error]).toMatchObject(["after", { code: "version" }]);
    expect(after.status()).toMatchObject({
      receipted: 0,
      quarantined: 0,
      queued: { frames: 5 },
      dropped: { frames: 0 },
    });
    expect(before.status()).toMatchObject({ queued: { frames: 0 } });

    await old.gateway.close();
    const next = await works.startGateway({ transport: upgraded(broker.connector()) });
    for (const device of [before, after]) await pushRows(device, 40, 80);
    await clock.advance(300_000);
    // The gateway has no folder: it knows what came after its start, and all that a device still had.
    expect(next.gateway.status()).toMatchObject({ rows: { stored: 120 }, ingest: { bad: 0 } });
    for (const device of [before, after]) expect(device.status()).toMatchObject({ queued: { rows: 0, frames: 0 } });
    expect(toldOld.seen.filter(({ type }) => type === "error")).toEqual([]);
    for (const device of [before, after]) {
      const closing = device.close({ timeout: 1000 });
      await clock.advance(1000);
      await closing;
    }
    await next.gateway.close();
  });

  it("ignores what a newer side adds to messages, and refuses by name what it can't follow", async () => {
    const works = createClockwork();
    const { clock } = works;
    const hub = await works.startGateway();
    const { device } = works.device("a");
    const [transport] = await works.peer();
    const kept = { qos: 1, retain: true } as const;
    const send = async (kind: "birth" | "desired", where: string, message: Uint8Array) => {
      const audience = { group, device: where };
      const address = kind === "birth" ? { kind, ...audience } : ({ kind, audience: "device", ...audience } as const);
      await transport.publish(topics.build(address), message, kept);
      await clock.settle();
    };
    await clock.settle();
    // A birth with a key that is not known here, spliced in before the first: the map has one entry more.
    const birth = encodeMessage("birth", {
      session: 3,
      startedAt: 1,
      schema: climate,
      grids: [uniformGrid(climate)],
      software: { name: "later", version: "9" },
    });
    const extra = Uint8Array.of(0x65, 0x6c, 0x61, 0x74, 0x65, 0x72, 0x01); // "later": 1
    const head = birth[0] === 0xb8 || birth[0] === 0xb9 ? undefined : birth[0];
    expect(head).toBeGreaterThanOrEqual(0xa0);
    await send("birth", "b", Uint8Array.of((head ?? 0) + 1, ...extra, ...birth.subarray(1)));
    expect(hub.gateway.status().devices).toMatchObject([{ id: "a" }, { id: "b", session: 3, unusable: undefined }]);

    const later = { ...uniformGrid(climate, { epoch: 4 }), scheme: "later" };
    const text = encodeMessage("desired", { version: 7, grid: uniformGrid(climate, { epoch: 4 }) });
    const at = Buffer.from(text).indexOf("count");
    text.set(new TextEncoder().encode(later.scheme), at);
    await send("desired", "a", text);
    await clock.advance(1000);
    const answers = hub.events.seen.flatMap((event) => (event.type === "reported" ? [event] : []));
    expect(answers).toMatchObject([{ device: "a", version: 7, reason: expect.stringMatching(/later/) }]);
    await pushRows(device, 0, 8);
    await clock.advance(1000);
    expect(hub.gateway.status().rows.stored).toBe(8); // it goes on with what it had
    await device.close();
    await hub.gateway.close();
  });
});
