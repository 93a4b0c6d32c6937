import { generate } from "mqtt-packet";

/** How a payload travels. */
export const transports = ["mqtt3", "mqtt5", "mqtt3tls", "mqtt5tls"] as const;
export type TransportName = (typeof transports)[number];

/** Bytes of a message on each transport. */
export type WireBytes = Readonly<Record<TransportName, number>>;

/** IPv4 and TCP heads of a segment, without options. */
const segmentHead = 40;
/** What a segment carries on Ethernet. */
const segmentPayload = 1460;
/** TLS 1.3, AES-GCM: head 5, content type 1, tag 16. */
const recordOverhead = 22;
const recordPayload = 16_384;

function publishBytes(version: 4 | 5, topic: string, payload: number): number {
  const common = {
    cmd: "publish",
    payload: Buffer.alloc(payload),
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  } as const;
  // From the second message on an alias stands for the topic.
  const packet = version === 5 ? { ...common, topic: "", properties: { topicAlias: 1 } } : { ...common, topic };
  return generate(packet, { protocolVersion: version }).length;
}

function onTcp(bytes: number): number {
  return bytes + segmentHead * Math.ceil(bytes / segmentPayload);
}

function onTls(bytes: number): number {
  return onTcp(bytes + recordOverhead * Math.ceil(bytes / recordPayload));
}

/** Gives what leaves the device for a payload: an MQTT PUBLISH of QoS 1, alone in its segments. What comes back is not counted. */
export type Link = (payload: number) => WireBytes;

/** @param topic Of every message, under MQTT 3.1.1; under 5 an alias stands for it. */
export function createLink(topic: string): Link {
  const known = new Map<number, WireBytes>();
  return (payload) => {
    const before = known.get(payload);
    if (before !== undefined) return before;
    const three = publishBytes(4, topic, payload);
    const five = publishBytes(5, topic, payload);
    const bytes = { mqtt3: onTcp(three), mqtt5: onTcp(five), mqtt3tls: onTls(three), mqtt5tls: onTls(five) };
    known.set(payload, bytes);
    return bytes;
  };
}
