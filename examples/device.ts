/**
 * A sensor with the agent. With BROKER_URL it publishes there, for whichever gateway serves the group; without, it
 * starts a gateway with an embedded broker of its own. node --conditions=zipml-source --import tsx examples/device.ts
 */
import { defineSchema } from "@zipml/codec";
import { createDevice, DeviceError } from "@zipml/device";
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";

const group = "greenhouse";
const schema = defineSchema([
  { name: "temperature", unit: "°C", range: [0, 50], role: "feature" },
  { name: "light", unit: "klx", range: [0, 100], role: "feature" },
  { name: "humidity", unit: "%", range: [0, 100], role: "target" },
]);

/** Stands for a sensor: one row every five seconds of a day, with a little noise. */
function read(second: number): Record<string, number> {
  const sun = Math.max(0, Math.sin((second / 86_400 - 0.25) * 2 * Math.PI));
  const temperature = 14 + 12 * sun + Math.random();
  const light = 80 * sun * (0.6 + 0.4 * Math.random());
  return { temperature, light, humidity: 95 - 1.8 * temperature - 0.1 * light + Math.random() };
}

const given = process.env["BROKER_URL"];
await using gateway = given === undefined ? await createGateway({ group, broker: { port: 0 } }) : undefined;
await gateway?.ready();

const device = createDevice({
  id: "bench-1",
  group,
  schema,
  transport: mqtt({ url: given ?? gateway?.broker?.url ?? "" }),
  grid: { bits: 4, samples: 2, targetBits: 8 },
  interval: 5000,
});
for (let second = 0; second < 86_400; second += 5) await device.push(read(second), { elapsed: second * 1000 });

try {
  await device.flush({ signal: AbortSignal.timeout(3000) });
  console.log("every row is stored at the gateway");
} catch (error) {
  if (!(error instanceof DeviceError && error.code === "aborted")) throw error;
  console.log(`no gateway has answered at ${given}: the agent keeps its rows and would go on trying`);
}
if (gateway !== undefined) {
  await gateway.train();
  const predicted = device.events()[Symbol.asyncIterator]();
  while (device.status().model === undefined) await predicted.next();
  const humidity = device.predict({ temperature: 25, light: 60 });
  console.log(`the device predicts a humidity of ${humidity.toFixed(1)} % at 25 °C and 60 klx`);
}
await device.close({ timeout: 0 });
const { accepted, published, clipped, traffic } = device.status();
const perReading = traffic.sent.bytes / (accepted * schema.channels.length);
console.log({ accepted, published, clipped, bytesPerReading: Number(perReading.toFixed(3)) });
