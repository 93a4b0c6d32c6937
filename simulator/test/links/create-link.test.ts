import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { createLink, type LinkOptions } from "../../src/links/create-link.ts";
import { ethernetBytes } from "../../src/links/ethernet.ts";
import {
  addTransfers,
  type LinkMessageKind,
  layerNames,
  linkNames,
  noTransfer,
  type Transfer,
  wireBytes,
} from "../../src/links/link.ts";
import { loraAirtimeUs } from "../../src/links/lorawan/airtime.ts";
import { publishBytes } from "../../src/links/upper/mqtt.ts";

const kinds: readonly LinkMessageKind[] = ["data", "birth", "health", "desired", "receipt", "model"];

const everyLink: readonly LinkOptions[] = [
  { name: "ethernet" },
  { name: "ethernet", rateMbps: 1000, tls: { version: "none" }, tcp: { ip: 6, timestamps: false }, mqtt: { qos: 0 } },
  { name: "wifi", standard: "11b" },
  { name: "wifi", mqtt: { version: "3.1.1", qos: 2 }, tls: { version: "1.2", resumed: true } },
  { name: "ble" },
  { name: "ble", phy: "coded-s8", longPdus: false, encrypted: true, withResponse: true },
  { name: "ieee802154" },
  { name: "ieee802154", addresses: "short", securityBytes: 21, mqttSn: { qos: 2 } },
  { name: "lorawan" },
  { name: "lorawan", dataRate: 0, confirmed: true, headerOptionBytes: 15 },
  { name: "nbiot" },
  { name: "nbiot", mqttSn: {}, repetitions: 8, category: "nb2" },
  { name: "ltem", tailSecond: 10 },
];

function whole(transfer: Transfer): boolean {
  const { up, down, states, ...rest } = transfer;
  const numbers = [up, down, states, rest].flatMap((part) => Object.values(part));
  return numbers.every((value) => Number.isSafeInteger(value) && value >= 0);
}

const opening = {
  clientIdBytes: 12,
  will: { topicBytes: 30, payloadBytes: 12 },
  filterBytes: [40, 42],
  topicBytes: [38, 39],
};

describe.each(everyLink)("link $name", (options) => {
  const link = createLink(options);

  it("gives whole numbers, all payload bytes, and longer airtime for longer messages", () => {
    const { word } = createStream(`test/links/${link.title}`);
    const wrong: string[] = [];
    for (const kind of kinds) {
      const most = Math.min(link.maxPayload(kind), 30_000);
      const direction = ["desired", "receipt", "model"].includes(kind) ? "down" : "up";
      const sizes = [0, 1, ...Array.from({ length: 20 }, () => word() % (most + 1)), most].sort((a, b) => a - b);
      let before = 0;
      for (const bytes of sizes) {
        const transfer = link.send({ kind, bytes, topicBytes: 33 });
        const airtime = direction === "up" ? transfer.airtimeUpUs : transfer.airtimeDownUs;
        const busy = transfer.airtimeUpUs + transfer.airtimeDownUs;
        const isSound = whole(transfer) && transfer[direction].payload === bytes && airtime >= before;
        if (!isSound || transfer.durationUs + 1 < busy) wrong.push(`${kind} of ${bytes} B`);
        before = airtime;
      }
    }
    expect(wrong).toEqual([]);
  });

  it("connects and keeps alive in whole numbers", () => {
    expect(whole(link.connect(opening))).toBe(true);
    expect(whole(link.keepAlive())).toBe(true);
    expect(link.keepAliveIntervalUs === undefined).toBe(link.keepAlive() === noTransfer);
  });

  it("takes the longest message it names, and refuses one byte more with the limit", () => {
    for (const kind of kinds) {
      const most = link.maxPayload(kind);
      link.send({ kind, bytes: most, topicBytes: 20 });
      if (most > 1e6) continue; // MQTT itself: the limit leaves room for any topic
      const over = () => link.send({ kind, bytes: most + 1, topicBytes: 20 });
      expect(over).toThrow(expect.objectContaining({ code: "payload", allowed: most, actual: most + 1 }));
    }
    expect(() => link.send({ kind: "data", bytes: -1, topicBytes: 20 })).toThrow(
      expect.objectContaining({ code: "size" }),
    );
  });

  it("names every constant with its source", () => {
    for (const [name, constant] of Object.entries(link.constants)) {
      expect(constant.source.length, name).toBeGreaterThan(6);
      expect(typeof constant.verified).toBe("boolean");
    }
  });
});

const data = (bytes: number, topicBytes = 20) => ({ kind: "data", bytes, topicBytes }) as const;

describe("links in figures", () => {
  it("are all there", () => {
    expect(new Set(everyLink.map(({ name }) => name))).toEqual(new Set(linkNames));
    expect(() => createLink({ name: "sigfox" } as never)).toThrow(
      expect.objectContaining({ code: "option", actual: "sigfox" }),
    );
  });

  it("Ethernet, MQTT 3.1.1, TLS 1.3: the bytes of the reference by layer", () => {
    const transfer = createLink({ name: "ethernet", mqtt: { version: "3.1.1" } }).send(data(51));
    // PUBLISH 77 and pure acknowledgement up, PUBACK 4 down.
    expect(transfer.up).toEqual({ payload: 51, messaging: 26, tls: 22, transport: 104, link: 76 });
    expect(transfer.down).toEqual({ payload: 0, messaging: 4, tls: 22, transport: 52, link: 38 });
    expect([wireBytes(transfer.up), wireBytes(transfer.down)]).toEqual([189 + 90, 116]);
    expect(transfer.airtimeUpUs).toBe(Math.round((279 * 8) / 100));
  });

  it("Ethernet: layers sum to the frames of a message of many segments and records", () => {
    const bytes = 40_000;
    const { up, down, packetsUp, packetsDown } = createLink({ name: "ethernet" }).send(data(bytes));
    const stream = publishBytes({ version: "5", qos: 1, topicBytes: 20, payloadBytes: bytes }) + 3 * 22;
    const full = Math.floor(stream / 1448);
    const last = ethernetBytes((stream % 1448) + 52);
    expect(wireBytes(up)).toBe(full * 1538 + last + ethernetBytes(52));
    expect(wireBytes(down)).toBe(Math.floor(full / 2) * ethernetBytes(52) + ethernetBytes(4 + 22 + 52));
    expect([packetsUp, packetsDown]).toEqual([full + 2, Math.floor(full / 2) + 1]);
  });

  it("MQTT: QoS 0 has no answer but TCP's, QoS 2 three packets more, an alias saves the topic", () => {
    const send = (mqtt: object, aliased = false) =>
      createLink({ name: "ethernet", tls: { version: "none" }, mqtt }).send({ ...data(51), aliased });
    expect(send({ qos: 0 }).up.messaging).toBe(publishBytes({ version: "5", qos: 0, topicBytes: 20, payloadBytes: 0 }));
    expect(send({ qos: 0 }).down).toMatchObject({ messaging: 0, transport: 52 });
    expect(send({ qos: 2 }).up.messaging - send({ qos: 1 }).up.messaging).toBe(4);
    expect(send({ qos: 2 }).down.messaging).toBe(8);
    expect(send({ aliases: true }).up.messaging - send({}).up.messaging).toBe(3);
    expect(send({}).up.messaging - send({ aliases: true }, true).up.messaging).toBe(17);
    expect(send({ brokerAcknowledgements: "full" }).down.messaging).toBe(6);
    expect(() => createLink({ name: "ethernet", mqtt: { version: "3.1.1", aliases: true } })).toThrow(
      expect.objectContaining({ code: "option" }),
    );
  });

  it("MQTT: connecting is TCP's opening, TLS's flights, CONNECT and SUBSCRIBE", () => {
    const { up, down } = createLink({ name: "ethernet", mqtt: { version: "3.1.1" } }).connect({
      clientIdBytes: 23,
      filterBytes: [20],
    });
    expect([up.messaging, down.messaging]).toEqual([37 + 27, 4 + 5]);
    expect([up.tls, down.tls]).toEqual([305 + 2 * 22, 1331 + 2 * 22]);
    // Up: SYN, ACK, four packets with data, the last acknowledgement; down: SYN-ACK and four.
    expect([up.transport, down.transport]).toEqual([60 + 6 * 52, 60 + 4 * 52]);
    const bare = createLink({ name: "ethernet", tls: { version: "none" }, mqtt: { version: "3.1.1" } });
    expect(bare.keepAlive().up).toMatchObject({ messaging: 2, transport: 104 });
    expect(bare.keepAliveIntervalUs).toBe(60_000_000);
  });

  it("802.15.4: every byte on air takes 32 us, and fragments carry MQTT-SN", () => {
    const transfer = createLink({ name: "ieee802154", addresses: "short" }).send(data(100));
    // 107 B of PUBLISH and 9 of header just fill a frame of 116.
    expect(transfer).toMatchObject({ framesUp: 1, packetsUp: 1, framesDown: 1 });
    expect(transfer.up).toEqual({ payload: 100, messaging: 7, tls: 0, transport: 9, link: 17 + 11 });
    expect(transfer.airtimeUpUs).toBe(wireBytes(transfer.up) * 32);
    expect(transfer.airtimeDownUs).toBe(wireBytes(transfer.down) * 32);
    const longer = createLink({ name: "ieee802154", addresses: "short" }).send(data(1223));
    expect(longer.framesUp).toBe(12);
    expect(longer.airtimeUpUs).toBe(wireBytes(longer.up) * 32);
  });

  it("802.15.4: chunks of a birth that no datagram holds", () => {
    const link = createLink({ name: "ieee802154" });
    expect([link.maxPayload("data"), link.maxPayload("birth")]).toEqual([1223, 128 * 1222]);
    const { up, packetsUp } = link.send({ kind: "birth", bytes: 2500, topicBytes: 30 });
    expect([packetsUp, up.messaging]).toEqual([3, 3 + 9 + 9 + 7]);
  });

  it("LoRaWAN: the airtime of the frame, windows to listen, bare payload", () => {
    const transfer = createLink({ name: "lorawan", dataRate: 0 }).send(data(51));
    expect(transfer.airtimeUpUs).toBe(2_793_472);
    expect(transfer.up).toEqual({ payload: 51, messaging: 0, tls: 0, transport: 0, link: 13 });
    expect(transfer.states).toEqual({ transmitUs: 2_793_472, receiveUs: 2 * 8 * 32_768, idleUs: 0 });
    expect(transfer.durationUs).toBe(2_793_472 + 2_000_000 + 8 * 32_768);
    expect(() => createLink({ name: "lorawan", dataRate: 0 }).send(data(222))).toThrow(
      /DR0 \(SF12.*at most 51 B, not 222 B/,
    );
  });

  it("LoRaWAN: an acknowledgement replaces the windows; options take room; joining takes a request and an accept", () => {
    const confirmed = createLink({ name: "lorawan", dataRate: 3, confirmed: true, headerOptionBytes: 5 });
    expect(confirmed.maxPayload("data")).toBe(110);
    const acknowledgement = loraAirtimeUs({ spreadingFactor: 9, phyBytes: 12, crc: false });
    expect(confirmed.send(data(10))).toMatchObject({
      airtimeDownUs: acknowledgement,
      states: { receiveUs: acknowledgement },
    });
    const join = createLink({ name: "lorawan", dataRate: 3 }).connect({ clientIdBytes: 1 });
    expect(join.airtimeUpUs).toBe(loraAirtimeUs({ spreadingFactor: 9, phyBytes: 23 }));
    expect(join.durationUs).toBe(join.airtimeUpUs + 5_000_000 + join.airtimeDownUs);
  });

  it("LoRaWAN: a message down in chunks needs an empty uplink for each after the first", () => {
    const link = createLink({ name: "lorawan", dataRate: 5 });
    const one = link.send({ kind: "receipt", bytes: 20, topicBytes: 0 });
    expect([one.framesUp, one.framesDown, one.airtimeUpUs]).toEqual([0, 1, 0]);
    const three = link.send({ kind: "model", bytes: 600, topicBytes: 0 });
    expect([three.framesUp, three.framesDown]).toEqual([2, 3]);
    expect(three.airtimeUpUs).toBe(2 * loraAirtimeUs({ spreadingFactor: 7, phyBytes: 12 }));
    expect(three.down.messaging).toBe(3);
  });

  it("cellular: a session for what the device starts, none for what comes in it; repetitions multiply airtime", () => {
    const link = createLink({ name: "nbiot" });
    expect(link.send(data(50)).sessions).toBe(1);
    expect(link.send({ kind: "receipt", bytes: 50, topicBytes: 20 }).sessions).toBe(0);
    const repeated = createLink({ name: "nbiot", repetitions: 4, tailSecond: 10 }).send(data(50));
    expect(repeated.airtimeUpUs).toBe(4 * link.send(data(50)).airtimeUpUs);
    expect(repeated.states.idleUs).toBe(10_000_000);
    // Each byte takes 128 us at 62.5 kbit/s.
    const { up, airtimeUpUs } = link.send(data(50));
    expect(airtimeUpUs).toBe(wireBytes(up) * 128);
  });

  it("NB-IoT: MQTT-SN over UDP costs a fraction of MQTT over TLS", () => {
    const total = ({ up, down }: Transfer) => wireBytes(up) + wireBytes(down);
    const mqtt = createLink({ name: "nbiot" }).send(data(12, 40));
    const sn = createLink({ name: "nbiot", mqttSn: {} }).send(data(12, 40));
    expect(sn.up).toEqual({ payload: 12, messaging: 7, tls: 0, transport: 28, link: 5 });
    expect(total(sn)).toBeLessThan(total(mqtt) / 3);
    expect(createLink({ name: "nbiot", mqttSn: {} }).maxPayload("data")).toBe(1358 - 28 - 9);
  });

  it("transfers add up", () => {
    const a = createLink({ name: "wifi" }).send(data(100));
    const b = createLink({ name: "wifi" }).connect(opening);
    const sum = addTransfers(a, b);
    expect(addTransfers(a, noTransfer)).toEqual(a);
    expect(sum.durationUs).toBe(a.durationUs + b.durationUs);
    for (const layer of layerNames) expect(sum.up[layer]).toBe(a.up[layer] + b.up[layer]);
  });
});
