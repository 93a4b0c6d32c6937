/** A gateway that refetches, until it is killed. Prints a line when it is ready, one as answers come, and each model. */
import { createGateway } from "@zipml/gateway";
import { mqtt } from "@zipml/protocol/mqtt";
import { refetchingGateway } from "./fleet-refetch-gateway.ts";

const [url = "", directory = ""] = process.argv.slice(2);
const gateway = await createGateway({
  ...refetchingGateway,
  directory,
  transport: mqtt({ url, protocol: "3.1.1", backoff: { base: 20, cap: 100 } }),
});
await gateway.ready();
console.log("ready");
let held = 0;
setInterval(() => {
  const { refetch } = gateway.status();
  if (refetch.held > held) console.log(JSON.stringify({ type: "held", held: refetch.held }));
  held = refetch.held;
}, 5).unref();
for await (const event of gateway.events()) {
  if (event.type === "error" || event.type === "damage" || event.type === "lost") console.log(JSON.stringify(event));
  if (event.type === "trained") {
    const { weights, intercept, warnings } = event.model;
    console.log(JSON.stringify({ type: "trained", weights, intercept, warnings, refetch: gateway.status().refetch }));
  }
}
