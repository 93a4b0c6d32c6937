/** aedes in a process of its own, with its memory persistence: what it held is gone when it is killed. */
import { once } from "node:events";
import { createServer } from "node:net";
import { Aedes } from "aedes";
import { serveParent, settingsOf } from "./child.ts";
import type { BrokerSettings } from "./messages.ts";

const { port } = settingsOf<BrokerSettings>();
const broker = await Aedes.createBroker();
const server = createServer(broker.handle);
server.listen(port, "127.0.0.1");
await once(server, "listening");
serveParent({
  report: () => ({ clients: broker.connectedClients }),
  close: async () => {
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  },
});
process.send?.("ready");
