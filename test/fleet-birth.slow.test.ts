import { defineSchema, uniformGrid } from "@zipml/codec";
import { createDevice } from "@zipml/device";
import { createGateway } from "@zipml/gateway";
import { createTopics, encodeMessage } from "@zipml/protocol";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { expect, test } from "vitest";
import { watch } from "../packages/protocol/test/watch.ts";

/** Names and ranges of the usual length: with one grid a birth of half of what a message may have. */
const schema = defineSchema(
  Array.from({ length: 1000 }, (_, i) => ({
    name: `temperature-${i}`,
    unit: "°C",
    range: [-40.5, 85.25] as const,
    role: i === 0 ? ("target" as const) : ("feature" as const),
  })),
);
const row = Object.fromEntries(schema.channels.map(({ name }, i) => [name, (i % 50) + 0.1]));

test("frames of 1,000 channels and more grids than one birth holds are understood by a gateway that comes later", async () => {
  const broker = createMemoryBroker();
  const device = await createDevice({
    group: "field",
    id: "wide",
    schema,
    grid: { bits: 3 },
    batch: { rows: 2, bytes: 45_000 },
    delivery: { resendAfter: 500 },
    transport: broker.connector(),
  });
  const operator = broker.connector()({ clientId: "operator" });
  await watch(operator).next("online");
  const desired = createTopics().build({ kind: "desired", audience: "all", group: "field" });
  const push = async (): Promise<void> => {
    for (let i = 0; i < 2; i++) await device.push(row);
  };
  await push();
  for (const epoch of [1, 2, 3, 4]) {
    const grid = uniformGrid(schema, { epoch, bits: 3 + epoch });
    await operator.publish(desired, encodeMessage("desired", { version: epoch, grid }), { qos: 1, retain: true });
    await expect.poll(() => device.status().grid, { timeout: 20_000 }).toBe(epoch);
    await push();
  }
  await using gateway = await createGateway({
    group: "field",
    transport: broker.connector(),
    training: { everyRows: 0 },
    receipts: { gapAfter: 100 },
  });
  await expect.poll(() => gateway.status().ingest.stored, { timeout: 30_000 }).toBe(5);
  expect(gateway.status()).toMatchObject({
    missing: 0,
    control: { malformed: 0, limited: 0 },
    ingest: { bad: 0, refusedGrids: 0 },
  });
  await expect.poll(() => device.status().queued.frames, { timeout: 20_000 }).toBe(0);
  await device.close();
  await operator.close();
}, 90_000);
