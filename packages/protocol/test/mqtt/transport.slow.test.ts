import { describe, it } from "vitest";
import { type MqttOptions, mqtt } from "../../src/mqtt/index.ts";
import { mosquittoProgram, startAedes, startMosquitto, startRelay, type TestBroker } from "../brokers.ts";
import { describeTransport, type TransportHarness } from "../transport-suite.ts";

const quick = { base: 20, cap: 100 };

async function harness(
  broker: TestBroker,
  scheme: "mqtt" | "ws",
  options: Partial<MqttOptions>,
): Promise<TransportHarness> {
  const relay = await startRelay(scheme === "ws" ? (broker.ws ?? 0) : broker.tcp);
  return {
    connector: mqtt({ url: `${scheme}://127.0.0.1:${relay.port}`, backoff: quick, ...options }),
    cut: relay.cut,
    close: async () => {
      await relay.close();
      await broker.close();
    },
  };
}

describeTransport("aedes, 3.1.1 by fallback", async () => harness(await startAedes(), "mqtt", {}));
describeTransport("aedes, WebSocket", async () => harness(await startAedes(), "ws", { protocol: "3.1.1" }));

if (mosquittoProgram === undefined) {
  describe("transport: mosquitto", () => it.skip("mosquitto is not installed on this machine", () => {}));
} else {
  describeTransport("mosquitto, 5", async () => harness(await startMosquitto(), "mqtt", {}));
  describeTransport("mosquitto, 3.1.1", async () => harness(await startMosquitto(), "mqtt", { protocol: "3.1.1" }));
  describeTransport("mosquitto, 5, WebSocket", async () => harness(await startMosquitto(), "ws", { protocol: "5" }));
}
