import { mqtt } from "@zipml/protocol/mqtt";
import { describe, it } from "vitest";
import { mosquittoProgram, startMosquitto, startRelay } from "../packages/protocol/test/brokers.ts";
import { describeFleet, type FleetBroker } from "./fleet-suite.ts";

async function mosquitto(protocol: "3.1.1" | "5"): Promise<FleetBroker> {
  const broker = await startMosquitto();
  const relay = await startRelay(broker.tcp);
  const to = (port: number) => mqtt({ url: `mqtt://127.0.0.1:${port}`, protocol, backoff: { base: 20, cap: 100 } });
  return {
    gateway: { transport: to(broker.tcp) },
    direct: () => to(broker.tcp),
    devices: async () => to(relay.port),
    cut: relay.cut,
    close: async () => {
      await relay.close();
      await broker.close();
    },
  };
}

if (mosquittoProgram === undefined) {
  describe("fleet: mosquitto", () => it.skip("mosquitto is not installed on this machine", () => {}));
} else {
  describeFleet("mosquitto, 3.1.1", () => mosquitto("3.1.1"));
  describeFleet("mosquitto, 5", () => mosquitto("5"));
}
