import mqttPacket from "mqtt-packet";
import { expect, it } from "vitest";
import {
  ackLength,
  connectLength,
  disconnectLength,
  publishLength,
  subackLength,
  subscribeLength,
} from "../../src/memory/packet-length.ts";

it("is the length of the packets that an MQTT library makes", () => {
  const length = (packet: mqttPacket.Packet) => mqttPacket.generate(packet).length;
  for (const size of [0, 1, 110, 116, 117, 118, 119, 300, 16_370, 16_384, 70_000]) {
    for (const qos of [0, 1] as const) {
      const payload = Buffer.alloc(size);
      const packet = { cmd: "publish", topic: "z/ü", payload, qos, messageId: 7, dup: false, retain: false } as const;
      expect(publishLength("z/ü", size, qos)).toBe(length(packet));
    }
  }
  const filters = ["a/+", "zipml/1/#"];
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }));
  expect(subscribeLength(filters)).toBe(length({ cmd: "subscribe", messageId: 1, subscriptions }));
  expect(subackLength(2)).toBe(length({ cmd: "suback", messageId: 1, granted: [1, 1] }));
  expect(ackLength).toBe(length({ cmd: "puback", messageId: 1 }));
  expect(disconnectLength).toBe(length({ cmd: "disconnect" }));
  const will = { topic: "w", payload: Buffer.alloc(9), qos: 1, retain: true } as const;
  const connect = { cmd: "connect", clientId: "me", clean: true, keepalive: 60, protocolVersion: 4 } as const;
  const base = { ...connect, protocolId: "MQTT" } as const;
  expect(connectLength({ clientId: "me" })).toBe(length(base));
  expect(connectLength({ clientId: "me", will })).toBe(length({ ...base, will }));
});
