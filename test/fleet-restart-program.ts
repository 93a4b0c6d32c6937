/** A gateway on a directory, until it is killed. Prints a line when it is ready, and one an event that matters. */
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";
import { durableGateway } from "./fleet-restart.ts";

const [url = "", directory = ""] = process.argv.slice(2);
const gateway = await createGateway({
  ...durableGateway,
  directory,
  transport: mqtt({ url, protocol: "3.1.1", backoff: { base: 20, cap: 100 } }),
});
await gateway.ready();
console.log("ready");
for await (const event of gateway.events())
  if (event.type === "error" || event.type === "damage" || event.type === "lost") console.log(JSON.stringify(event));
