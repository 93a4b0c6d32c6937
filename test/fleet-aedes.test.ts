import { mqtt } from "@zipml/protocol/mqtt";
import { type Relay, startRelay } from "../packages/protocol/test/brokers.ts";
import { describeFleet } from "./fleet-suite.ts";

const backoff = { base: 20, cap: 100 };

describeFleet("embedded aedes", async () => {
  let relay: Relay | undefined;
  return {
    gateway: { broker: { port: 0 } },
    direct: ({ broker }) => mqtt({ url: broker?.url ?? "", protocol: "3.1.1" }),
    devices: async ({ broker }) => {
      relay = await startRelay(Number(new URL(broker?.url ?? "").port));
      return mqtt({ url: `mqtt://127.0.0.1:${relay.port}`, protocol: "3.1.1", backoff });
    },
    cut: () => relay?.cut(),
    close: async () => relay?.close(),
  };
});
