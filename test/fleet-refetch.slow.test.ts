import { createStream, defineSchema, uniformGrid } from "@zipml/codec";
import { createGateway } from "@zipml/gateway";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import { startBroker } from "./broker.ts";
import { startDevice, watchEvents } from "./fleet.ts";
import { refetchedRows, refetchingGateway } from "./fleet-refetch-gateway.ts";
import { spawnGateway } from "./fleet-restart.ts";
import { temporaryFolder } from "./run.ts";

const schema = defineSchema([
  { name: "a", unit: "", range: [-1, 1], role: "feature" },
  { name: "b", unit: "", range: [-1, 1], role: "feature" },
  { name: "y", unit: "", range: [-1, 1], role: "target" },
]);

const draws = createStream("test/fleet-refetch-kill");
const reading = (): number => Math.round(2000 * draws.uniform() - 1000) / 1000;

type Line = Readonly<Record<string, unknown>>;
const linesOf = (lines: readonly string[]): Line[] => lines.map((line): Line => JSON.parse(line));

async function until<T>(what: string, find: () => T | undefined): Promise<T> {
  for (let i = 0; i < 9000; i++) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what}: not within 90 s`);
}

describe("a gateway that is killed while it refetches", () => {
  it("has what was answered, asks for the rest, and comes to the model that its log gives", async () => {
    await using broker = await startBroker();
    await using folder = await temporaryFolder("refetch-kill");
    const options = { schema, grid: uniformGrid(schema, { scheme: "interval", bits: 4 }), refetchBytes: 1_000_000 };
    const { device } = startDevice("mote-1", mqtt({ url: broker.url, protocol: "3.1.1" }), options);
    await using _device = device;
    let gateway = spawnGateway(broker.url, folder.path, "fleet-refetch-program.ts");
    await gateway.ready;
    for (let i = 0; i < refetchedRows; i++) {
      const [a, b] = [reading(), reading()];
      await device.push({ a, b, y: a - b + 0.4 * reading() > 0 ? 1 : -1 }, { elapsed: i * 100 });
    }
    await device.flush();
    for (const least of [40, 120, 250]) {
      await until("answers", () => linesOf(gateway.lines).find(({ held }) => Number(held) >= least));
      await gateway.kill();
      expect(linesOf(gateway.lines).filter(({ type }) => type !== "held")).toEqual([]);
      gateway = spawnGateway(broker.url, folder.path, "fleet-refetch-program.ts");
      await gateway.ready;
    }
    const trained = await until("a model", () => linesOf(gateway.lines).find(({ type }) => type === "trained"));
    await device.flush();
    await gateway.kill();
    expect(trained).toMatchObject({ warnings: [], refetch: { gone: 0, late: 0 } });
    // The log alone, with nobody to ask: the same model to the bit.
    const transport = createMemoryBroker().connector();
    const training = { ...refetchingGateway.training, everyRows: 0 };
    await using again = await createGateway({ ...refetchingGateway, training, transport, directory: folder.path });
    const events = watchEvents(again.events());
    const { weights, intercept, warnings } = await again.train();
    expect({ weights, intercept, warnings }).toEqual({
      weights: trained["weights"],
      intercept: trained["intercept"],
      warnings: [],
    });
    const { refetch, rows, missing } = again.status();
    expect([refetch.asked, refetch.late, rows.held, missing]).toEqual([0, 0, refetchedRows, 0]);
    expect(events.seen.filter(({ type }) => type === "damage" || type === "lost")).toEqual([]);
  }, 300_000);
});
