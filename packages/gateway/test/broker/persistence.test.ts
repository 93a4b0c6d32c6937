import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBroker } from "../../src/broker/broker.ts";
import { dial, join, leave, publishPacket, subscribePacket } from "./raw.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(path(tmpdir(), "zipml-broker-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a broker with a folder", () => {
  it("has its retained messages and sessions after a restart", async () => {
    const directory = path(folder, "new", "store");
    const first = await startBroker({ port: 0, directory });
    const reader = dial(first.url);
    expect(await join(reader, { clientId: "reader", clean: false })).toBe(0);
    reader.send(subscribePacket(1, "later"));
    await reader.bytes(9);
    await leave(reader);
    const sender = dial(first.url);
    expect(await join(sender, { clientId: "sender" })).toBe(0);
    sender.send(publishPacket("kept", Buffer.from("kept"), { retain: true, id: 1 }));
    sender.send(publishPacket("gone", Buffer.from("gone"), { retain: true, id: 2 }));
    sender.send(publishPacket("gone", new Uint8Array(), { retain: true, id: 3 }));
    sender.send(publishPacket("later", Buffer.from("later"), { id: 4 }));
    await sender.bytes(4 + 16);
    expect(first.status()).toMatchObject({ retained: 1, faults: 0 });
    await expect(startBroker({ port: 0, directory })).rejects.toMatchObject({ code: "options" });
    await first.close();
    if (process.platform !== "win32") expect((await stat(directory)).mode & 0o777).toBe(0o700);

    await using second = await startBroker({ port: 0, directory });
    expect(second.status().retained).toBe(1);
    const again = dial(second.url);
    again.send(Buffer.alloc(0));
    expect(await join(again, { clientId: "reader", clean: false })).toBe(0);
    const session = await again.bytes(4 + 9);
    expect(session[2]).toBe(1); // session present
    expect(session.toString()).toContain("later");
    const fresh = dial(second.url);
    expect(await join(fresh, { clientId: "fresh" })).toBe(0);
    fresh.send(subscribePacket(1, "#"));
    const seen = (await fresh.bytes(9 + 12)).toString();
    expect(seen).toContain("kept");
    expect(seen).not.toContain("gone");
    expect(second.status().faults).toBe(0);
  });

  it("without one, has nothing after a restart", async () => {
    const first = await startBroker({ port: 0 });
    const sender = dial(first.url);
    expect(await join(sender, { clientId: "sender" })).toBe(0);
    sender.send(publishPacket("kept", Uint8Array.of(1), { retain: true, id: 1 }));
    await sender.bytes(8);
    await first.close();
    await using second = await startBroker({ port: 0 });
    expect(second.status().retained).toBe(0);
  });

  it("says which folder it can't open", async () => {
    const file = path(folder, "file");
    await writeFile(file, "");
    const directory = path(file, "below");
    await expect(startBroker({ port: 0, directory })).rejects.toMatchObject({
      code: "options",
      message: expect.stringContaining(directory),
    });
  });
});
