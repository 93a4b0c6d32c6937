import process from "node:process";
import { expect, test } from "vitest";
import { simulateEvents } from "../../src/results/simulate.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import type { Scenario } from "../../src/scenario/scenario.ts";

/** One message an hour for a day over LoRaWAN, a thousand devices a gateway. */
function fleet(devices: number): Scenario {
  return defineScenario({
    durationHours: 24,
    fleet: { devices, agents: 0, placement: { kind: "disc", metres: 3000 } },
    gateways: { count: devices / 1000 },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 3600, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    batch: { rows: 1, jitterSeconds: 60 },
    delivery: { birth: false },
    link: "lorawan",
    links: { lorawan: { channels: 8 } },
  });
}

/** Messages a second of the processor, and memory that the run has added, MB. */
async function cost(devices: number): Promise<{ readonly rate: number; readonly memory: number }> {
  const memory = process.memoryUsage.rss();
  const before = process.cpuUsage();
  const { result } = await simulateEvents(fleet(devices), { workers: 1 });
  const { user, system } = process.cpuUsage(before);
  return {
    rate: (result.transmissions.sent * 1e6) / (user + system),
    memory: (process.memoryUsage.rss() - memory) / 1e6,
  };
}

test("cost is linear in messages, memory bounded, and a million devices are within reach", async () => {
  await cost(10_000); // the compiler's share
  const small = await cost(20_000);
  const large = await cost(200_000);
  // The bench is where rates are measured; this catches a cost that grows, and one that is several times too high.
  expect(large.rate).toBeGreaterThan(0.5 * small.rate);
  expect(large.rate).toBeGreaterThan(500_000);
  expect(large.memory).toBeLessThan(150);
});
