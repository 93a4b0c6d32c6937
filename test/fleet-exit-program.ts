/** Runs a small fleet to its end; the process must then end by itself. Prints what still keeps it awake. */
import { createDevice } from "@zipml/device";
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";
import { climate, climateRow, group } from "./fleet.ts";

const gateway = await createGateway({
  group,
  broker: { port: 0, websocketPort: 0 },
  training: { minimum: 10, everySeconds: 3600 },
  receipts: { delay: 10 },
});
await gateway.ready();
const urls = [gateway.broker?.url ?? "", gateway.broker?.websocketUrl ?? ""];
const devices = urls.map((url, i) =>
  createDevice({ id: `d${i}`, group, schema: climate, transport: mqtt({ url, protocol: "3.1.1" }) }),
);
for (const device of devices) for (let i = 0; i < 30; i++) await device.push(climateRow(i), { elapsed: i });
for (const device of devices) await device.flush();
const { model } = await gateway.train();
const lonely = createDevice({ id: "lonely", group, schema: climate, transport: mqtt({ url: "mqtt://127.0.0.1:9" }) });
await lonely.push(climateRow(0));
await lonely.close({ timeout: 50 });
if (process.argv[2] === "gateway-first") await gateway.close();
for (const device of devices) await device.close();
await gateway.close();
// what was closed in this turn is only gone in the next
await new Promise((resolve) => setImmediate(resolve));
const awake = process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FS|Immediate/.test(name));
console.log(JSON.stringify({ rows: model.rows, awake }));
