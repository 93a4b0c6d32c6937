import { createStream } from "@zipml/codec";
import { generate, type Packet } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import {
  acknowledgementBytes,
  connackBytes,
  connectBytes,
  disconnectBytes,
  fullAcknowledgementBytes,
  type MqttVersion,
  pingBytes,
  publishBytes,
  type Qos,
  subackBytes,
  subscribeBytes,
  variableIntegerBytes,
} from "../../../src/links/upper/mqtt.ts";

const versions: readonly MqttVersion[] = ["3.1.1", "5"];

/** Length of what mqtt-packet writes. */
function written(version: MqttVersion, packet: object): number {
  return generate(packet as Packet, { protocolVersion: version === "5" ? 5 : 4 }).length;
}

const text = (length: number) => "t".repeat(length);

describe("sizes of MQTT packets", () => {
  it("of PUBLISH are those of the reference, topic 20 B", () => {
    const payloads = [10, 51, 222, 1000];
    const sizes = (version: MqttVersion, qos: Qos, alias?: "use") =>
      payloads.map((payloadBytes) =>
        publishBytes({ version, qos, topicBytes: 20, payloadBytes, ...(alias === undefined ? {} : { alias }) }),
      );
    expect(sizes("3.1.1", 0)).toEqual([34, 75, 247, 1025]);
    expect(sizes("3.1.1", 1)).toEqual([36, 77, 249, 1027]);
    expect(sizes("5", 1)).toEqual([37, 78, 250, 1028]);
    expect(sizes("5", 0, "use")).toEqual([18, 59, 231, 1009]);
  });

  it("of the other packets are those of the reference", () => {
    expect(acknowledgementBytes).toBe(4);
    expect(connectBytes("3.1.1", { clientIdBytes: 23 })).toBe(37);
    expect(connectBytes("5", { clientIdBytes: 23 })).toBe(38);
    expect(connectBytes("3.1.1", { clientIdBytes: 23, userBytes: 8, passwordBytes: 16 })).toBe(65);
    expect(subscribeBytes("3.1.1", [20])).toBe(27);
    expect(subackBytes("3.1.1", 1)).toBe(5);
    expect([connackBytes("3.1.1"), connackBytes("5")]).toEqual([4, 5]);
  });

  it("step where the remaining length takes another byte", () => {
    const size = (payloadBytes: number) => publishBytes({ version: "3.1.1", qos: 0, topicBytes: 20, payloadBytes });
    expect([size(105), size(106)]).toEqual([1 + 1 + 127, 1 + 2 + 128]);
    expect([127, 128, 16_383, 16_384, 2_097_151, 2_097_152].map(variableIntegerBytes)).toEqual([1, 2, 2, 3, 3, 4]);
  });

  it("are what mqtt-packet writes: PUBLISH over a random grid", () => {
    const { word } = createStream("test/mqtt-sizes");
    const wrong: object[] = [];
    for (let round = 0; round < 600; round++) {
      const version = versions[word() % 2] ?? "5";
      const qos = (word() % 3) as Qos;
      const topicBytes = 1 + (word() % 200);
      const payloadBytes = word() % ([150, 20_000, 3000][word() % 3] ?? 1);
      const alias = version === "5" ? ([undefined, "set", "use"] as const)[word() % 3] : undefined;
      const payload = new Uint8Array(payloadBytes);
      const packet = {
        cmd: "publish",
        topic: alias === "use" ? "" : text(topicBytes),
        payload: Buffer.from(payload.buffer),
        qos,
        ...(qos > 0 ? { messageId: 7 } : {}),
        ...(alias === undefined ? {} : { properties: { topicAlias: 3 } }),
      };
      const publication = { version, qos, topicBytes, payloadBytes, ...(alias === undefined ? {} : { alias }) };
      if (publishBytes(publication) !== written(version, packet)) wrong.push(publication);
    }
    expect(wrong).toEqual([]);
  });

  it("are what mqtt-packet writes: three and four bytes of length", () => {
    for (const payloadBytes of [16_382, 16_384, 2_097_120, 2_097_150]) {
      const packet = { cmd: "publish", topic: text(20), payload: Buffer.alloc(payloadBytes), qos: 0 };
      expect(publishBytes({ version: "3.1.1", qos: 0, topicBytes: 20, payloadBytes })).toBe(written("3.1.1", packet));
    }
  });

  it("are what mqtt-packet writes: CONNECT over a random grid", () => {
    const { word } = createStream("test/connect-sizes");
    const wrong: object[] = [];
    for (let round = 0; round < 200; round++) {
      const version = versions[word() % 2] ?? "5";
      const opening = {
        clientIdBytes: 1 + (word() % 64),
        ...(word() % 2 ? { userBytes: 1 + (word() % 30), passwordBytes: 1 + (word() % 300) } : {}),
        ...(word() % 2 ? { will: { topicBytes: 1 + (word() % 100), payloadBytes: 1 + (word() % 300) } } : {}),
      };
      const { clientIdBytes, userBytes, passwordBytes, will } = opening;
      const packet = {
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: version === "5" ? 5 : 4,
        clean: true,
        keepalive: 60,
        clientId: text(clientIdBytes),
        ...(userBytes === undefined ? {} : { username: text(userBytes), password: Buffer.alloc(passwordBytes ?? 0) }),
        ...(will === undefined
          ? {}
          : { will: { topic: text(will.topicBytes), payload: Buffer.alloc(will.payloadBytes), qos: 1, retain: true } }),
      };
      if (connectBytes(version, opening) !== written(version, packet)) wrong.push({ version, ...opening });
    }
    expect(wrong).toEqual([]);
  });

  it("are what mqtt-packet writes: everything else", () => {
    for (const version of versions) {
      const filters = [20, 1, 130].map((length) => ({ topic: text(length), qos: 1 }));
      expect(subscribeBytes(version, [20, 1, 130])).toBe(
        written(version, { cmd: "subscribe", messageId: 1, subscriptions: filters }),
      );
      expect(subackBytes(version, 3)).toBe(written(version, { cmd: "suback", messageId: 1, granted: [1, 1, 1] }));
      expect(connackBytes(version)).toBe(
        written(version, { cmd: "connack", returnCode: 0, reasonCode: 0, sessionPresent: false }),
      );
      expect(pingBytes).toBe(written(version, { cmd: "pingreq" }));
      expect(pingBytes).toBe(written(version, { cmd: "pingresp" }));
    }
    expect(disconnectBytes).toBe(written("3.1.1", { cmd: "disconnect" }));
    for (const cmd of ["puback", "pubrec", "pubrel", "pubcomp"]) {
      expect(acknowledgementBytes).toBe(written("3.1.1", { cmd, messageId: 1 }));
      expect(fullAcknowledgementBytes).toBe(written("5", { cmd, messageId: 1 }));
    }
  });

  it("are refused where MQTT has no room", () => {
    const publication = { version: "3.1.1", qos: 1, topicBytes: 20, payloadBytes: 10 } as const;
    const fault = (code: string) => expect.objectContaining({ code });
    expect(() => publishBytes({ ...publication, payloadBytes: 268_435_455 })).toThrow(fault("payload"));
    expect(() => publishBytes({ ...publication, topicBytes: 65_536 })).toThrow(fault("payload"));
    expect(() => publishBytes({ ...publication, payloadBytes: -1 })).toThrow(fault("size"));
    expect(() => publishBytes({ ...publication, alias: "use" })).toThrow(fault("option"));
  });
});
