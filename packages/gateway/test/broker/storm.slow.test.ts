import { describe, expect, it } from "vitest";
import { startBroker } from "../../src/broker/broker.ts";
import { hashPassword } from "../../src/broker/password.ts";
import { dial, join, leave } from "./raw.ts";

const count = 1000;
const megabyte = 1024 * 1024;

async function storm(url: string, count: number, fields: (i: number) => Parameters<typeof join>[1]) {
  const began = performance.now();
  const rss = process.memoryUsage.rss();
  const clients = Array.from({ length: count }, () => dial(url));
  const codes = await Promise.all(clients.map((client, i) => join(client, fields(i))));
  const seconds = (performance.now() - began) / 1000;
  const megabytes = (process.memoryUsage.rss() - rss) / megabyte;
  return { clients, codes, seconds, megabytes };
}

describe("1,000 clients at once", () => {
  it("are all in within 20 s, and all back after a restart, with memory bounded", async () => {
    const first = await startBroker({ port: 0 });
    const one = await storm(first.url, count, (i) => ({ clientId: `c${i}` }));
    expect(one.codes.every((code) => code === 0)).toBe(true);
    expect(first.status()).toMatchObject({ connections: count, clients: count, accepted: count });
    const port = Number(new URL(first.url).port);
    await first.close();
    await using second = await startBroker({ port });
    const two = await storm(second.url, count, (i) => ({ clientId: `c${i}` }));
    expect(two.codes.every((code) => code === 0)).toBe(true);
    for (const { seconds, megabytes } of [one, two]) {
      console.log(`${count} clients at once: ${seconds.toFixed(2)} s, rss ${megabytes.toFixed(0)} MB more, both ends`);
      expect(seconds).toBeLessThan(20);
      expect(megabytes).toBeLessThan(200);
    }
    await Promise.all(two.clients.map(leave));
    while (second.status().connections > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(second.status().clients).toBe(0);
  });

  it("with passwords: some wait, some are told to come again, and whose password was seen is let in at once", async () => {
    const fleet = 400;
    const passwordHash = await hashPassword("one for all of them", { logCost: 10 });
    const users = Array.from({ length: fleet }, (_, i) => ({ name: `field.c${i}`, passwordHash }));
    await using broker = await startBroker({ port: 0, users });
    const fields = (i: number) => ({
      clientId: `field.c${i}`,
      username: `field.c${i}`,
      password: "one for all of them",
    });
    const cold = await storm(broker.url, fleet, fields);
    const welcome = cold.codes.filter((code) => code === 0).length;
    expect(welcome).toBeGreaterThanOrEqual(258);
    expect(cold.codes.filter((code) => code === 3)).toHaveLength(fleet - welcome);
    expect(broker.status().refused.busy).toBe(fleet - welcome);
    await Promise.all(cold.clients.map(leave));
    for (const [i, code] of cold.codes.entries()) {
      if (code === 0) continue;
      const client = dial(broker.url);
      expect(await join(client, fields(i))).toBe(0);
      await leave(client);
    }
    const warm = await storm(broker.url, fleet, fields);
    expect(warm.codes.every((code) => code === 0)).toBe(true);
    console.log(
      `${fleet} clients with passwords: ${cold.seconds.toFixed(2)} s, known ones ${warm.seconds.toFixed(2)} s`,
    );
    await Promise.all(warm.clients.map(leave));
  }, 60_000);
});
