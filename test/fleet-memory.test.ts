import { createMemoryBroker } from "@zipml/protocol/memory";
import { group } from "./fleet.ts";
import { describeFleet } from "./fleet-suite.ts";

describeFleet("memory", async () => {
  const broker = createMemoryBroker({ reconnectAfter: 1 });
  return {
    gateway: { transport: broker.connector() },
    direct: () => broker.connector(),
    devices: async () => broker.connector(),
    cut: (ids) => {
      for (const id of ids) broker.disconnect(`${group}.${id}`);
    },
    close: async () => {},
  };
});
