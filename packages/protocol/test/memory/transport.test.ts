import { createMemoryBroker } from "../../src/memory/index.ts";
import { describeTransport } from "../transport-suite.ts";

describeTransport("memory", async () => {
  const broker = createMemoryBroker();
  return {
    connector: broker.connector(),
    cut: () => {
      for (const client of broker.clients()) broker.disconnect(client);
    },
    close: () => {},
  };
});
