/**
 * A gateway with an embedded broker on a free port of this machine, fed by two devices, each of which sees half of the
 * plant. Prints the model in original units. node --conditions=zipml-source --import tsx examples/gateway.ts
 */
import { createStream, defineSchema } from "@zipml/codec";
import { createDevice } from "@zipml/device";
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";

const group = "pumps";
const schema = defineSchema([
  { name: "flow", unit: "m³/h", range: [0, 40], role: "feature" },
  { name: "pressure", unit: "bar", range: [0, 10], role: "feature" },
  { name: "power", unit: "kW", range: [0, 20], role: "target" },
]);

await using gateway = await createGateway({ group, broker: { port: 0 }, training: { minimum: 1000, epochs: 20 } });
await gateway.ready();
const { url } = gateway.broker;
console.log(`broker at ${url}`);

/** Pushes 5,000 rows of power = 1.5 + 0.2 · flow + 0.8 · pressure and waits until the gateway has stored them. */
async function runDevice(id: string, lowFlow: number): Promise<void> {
  await using device = createDevice({ id, group, schema, transport: mqtt({ url }), grid: { bits: 4 } });
  const random = createStream(`example/${id}`);
  for (let row = 0; row < 5000; row++) {
    const flow = lowFlow + 20 * random.uniform();
    const pressure = 2 + 6 * random.uniform();
    const noise = random.uniform() - 0.5;
    await device.push({ flow, pressure, power: 1.5 + 0.2 * flow + 0.8 * pressure + noise }, { elapsed: row * 1000 });
  }
  await device.flush();
}
await Promise.all([runDevice("pump-a", 0), runDevice("pump-b", 20)]);

const { version, model, intercept, weights, epochs, warnings } = await gateway.train();
const terms = Object.entries(weights).map(([name, weight]) => `${weight.toFixed(3)} · ${name}`);
console.log(`model ${version}: power = ${intercept.toFixed(2)} + ${terms.join(" + ")}   (true: 1.5, 0.2, 0.8)`);
console.log(`${model.rows} rows, ${epochs.length} epochs, loss ${epochs.at(-1)?.loss.toFixed(4)} kW²`, ...warnings);
console.log(`at 25 m³/h and 5 bar: ${gateway.predict({ flow: 25, pressure: 5 }).toFixed(2)} kW`);
const { ingest, missing } = gateway.status();
console.log({ frames: ingest.stored, duplicates: ingest.duplicates, missing });
