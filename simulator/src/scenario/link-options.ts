import { z } from "zod";
import { amount, choice, flag, positive, whole } from "./fields.ts";

/** Every link that a fleet can be put on. */
export const linkKinds = ["ethernet", "wifi", "ble", "ieee802154", "lorawan", "nbiot", "ltem"] as const;

/** A link. */
export type LinkKind = (typeof linkKinds)[number];

const keepAliveSeconds = (standard: number) =>
  whole("Seconds without a message after which a ping is sent; 0 for none.", 0, 65_535).default(standard);

/** What the link's own times do not hold: the way through the network, and back. */
const roundTripSeconds = (standard: number) =>
  amount("Time through the network behind the link and back, in seconds.", 0, 600).default(standard);

/** MQTT over TCP and, where asked for, TLS: what links that carry IP share. */
const stack = {
  mqtt: choice("Version of MQTT over TCP.", ["3.1.1", 5]).default(5),
  topicAlias: flag("MQTT 5: a topic is sent once a connection and named by an alias of 3 bytes from then on.").default(
    false,
  ),
  tls: choice("Version of TLS around MQTT.", ["none", 1.2, 1.3]).default(1.3),
  certificateBytes: whole("Bytes of certificates beyond a single self-signed one.", 0, 65_535).default(0),
  ip: choice("Version of IP.", [4, 6]).default(4),
  tcpTimestamps: flag("TCP segments carry timestamps: 12 bytes more each.").default(true),
};

const ethernet = z
  .strictObject({
    ...stack,
    keepAliveSeconds: keepAliveSeconds(60),
    megabitsPerSecond: choice("Rate, in Mbit/s.", [10, 100, 1000]).default(100),
    roundTripSeconds: roundTripSeconds(0.02),
  })
  .meta({ description: "Ethernet, MQTT over TCP." });

const wifi = z
  .strictObject({
    ...stack,
    keepAliveSeconds: keepAliveSeconds(60),
    standard: choice("Of IEEE 802.11.", ["11b", "11a", "11g", "11n"]).default("11n"),
    megabitsPerSecond: choice(
      "Rate of data frames, in Mbit/s: 1 to 11 of 11b, 6 to 54 of 11a and 11g, 6.5 to 65 of 11n; by default the highest.",
      [1, 2, 5.5, 11, 6, 9, 12, 18, 24, 36, 48, 54, 6.5, 13, 19.5, 26, 39, 52, 58.5, 65],
    ).optional(),
    roundTripSeconds: roundTripSeconds(0.03),
  })
  .meta({ description: "Wi-Fi, MQTT over TCP." });

const ble = z
  .strictObject({
    phy: choice("Physical layer.", ["1M", "2M", "coded-s2", "coded-s8"]).default("1M"),
    connectionIntervalMilliseconds: amount("Connection interval, 7.5 to 4,000 ms in steps of 1.25.", 7.5, 4000)
      .multipleOf(1.25, "must be a multiple of 1.25")
      .default(100),
    dataLengthExtension: flag("Packets of up to 251 bytes in place of 27.").default(true),
    encrypted: flag("4 bytes more each packet.").default(true),
    writeWithResponse: flag("Each write is answered: two connection intervals each.").default(false),
    pairsPerEvent: whole("Most packets that the stacks exchange in one connection event.", 1, 255).default(6),
    peripheralLatency: whole("Connection events that a device with nothing to send skips.", 0, 499).default(0),
    transmitPowerDbm: choice("Transmit power, in dBm.", [-40, 0, 8]).default(0),
    roundTripSeconds: roundTripSeconds(0.05),
  })
  .meta({ description: "A BLE connection to a bridge; frames travel bare." });

const ieee802154 = z
  .strictObject({
    addressing: choice("MAC addresses: 16 or 64 bits.", ["short", "extended"]).default("extended"),
    securityBytes: whole("Bytes of MAC security in each frame: 0, or 5 and a code of up to 16.", 0, 21).default(0),
    headerBytes: whole(
      "Bytes that IPv6 and UDP compress to: 6 with short ports, 9 with link-local addresses, 48 where nothing is.",
      6,
      48,
    ).default(9),
    keepAliveSeconds: keepAliveSeconds(60),
    transmitPowerDbm: choice("Transmit power, in dBm.", [0, 5]).default(0),
    roundTripSeconds: roundTripSeconds(0.05),
  })
  .meta({ description: "IEEE 802.15.4 at 2.4 GHz with 6LoWPAN, MQTT-SN over UDP." });

const noFactor = 'must be "auto" or a whole number from 7 to 12';

const lorawan = z
  .strictObject({
    spreadingFactor: z
      .union([z.literal("auto"), z.number().int(noFactor).min(7, noFactor).max(12, noFactor)], noFactor)
      .meta({ description: "Spreading factor; auto takes the fastest that reaches the gateway with the margin." })
      .default("auto"),
    marginDb: amount("auto: received power that is kept above the sensitivity, in dB.", 0, 40).default(10),
    channels: whole(
      "Channels of 125 kHz, of which each transmission takes one at random; they share one budget of air time.",
      1,
      8,
    ).default(3),
    dutyCycle: positive("Share of any hour that a device may transmit.", 1).default(0.01),
    transmitPowerDbm: choice("Radiated power, in dBm.", [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]).default(14),
    confirmed: flag("Each uplink is acknowledged by a downlink, for which the gateway stops listening.").default(false),
    transmissions: whole(
      "Most times that a frame is sent: repetitions of unconfirmed, attempts of confirmed uplinks.",
      1,
      15,
    ).default(1),
    optionBytes: whole("Bytes of MAC commands in each uplink.", 0, 15).default(0),
    repeaterCompatible: flag("Payloads of 222 bytes at most, in place of 242.").default(true),
    rx2SpreadingFactor: whole("Spreading factor of the second receive window.", 7, 12).default(12),
    captureDb: amount(
      "Ratio of powers at which the stronger of two equal spreading factors is received, in dB.",
      0,
      100,
    ).default(6),
    crossInterference: flag("Other spreading factors on the channel interfere as well (Goursaud's matrix).").default(
      true,
    ),
    pathLoss: choice(
      "Mean path loss at distance d: oulu, 128.95 + 23.2 log10(d/km) dB; built-up, 127.41 + 20.8 log10(d/40 m) dB.",
      ["oulu", "built-up"],
    ).default("oulu"),
    shadowingDb: amount(
      "Standard deviation of the path loss around its mean, one draw a device, in dB.",
      0,
      20,
    ).default(0),
    downlinkDutyCycle: positive("Share of any hour that a gateway may transmit in second windows.", 1).default(0.1),
  })
  .meta({ description: "LoRaWAN in EU868, class A; frames travel bare." });

const cellular = (accessSeconds: number) => ({
  ...stack,
  keepAliveSeconds: keepAliveSeconds(0),
  repetitions: choice("Each block is sent so many times: coverage.", [1, 2, 4, 8, 16, 32, 64, 128]).default(1),
  accessSeconds: amount("Time from waking to the first byte, in seconds.", 0, 3600).default(accessSeconds),
  tailSeconds: amount(
    "Time that the radio stays connected after the last byte, in seconds; the session's energy holds the usual one.",
    0,
    3600,
  ).default(0),
  sessionJoules: amount("Energy of waking, attaching and releasing, in J a report.", 0, 9000).default(1.43),
  roundTripSeconds: roundTripSeconds(0.1),
});

const nbiot = z
  .strictObject({
    ...cellular(1.6),
    protocol: choice("MQTT over TCP, or MQTT-SN over UDP.", ["mqtt", "mqtt-sn"]).default("mqtt"),
    category: choice("Of the modem.", ["nb1", "nb2", "nb2-2harq"]).default("nb1"),
  })
  .meta({ description: "NB-IoT: MQTT over TCP, or MQTT-SN over UDP." });

const ltem = z.strictObject(cellular(10)).meta({ description: "LTE-M, MQTT over TCP." });

/** Options of every link, each with a default: a scenario that changes the link needs nothing else. */
export const linksSchema = z
  .strictObject({
    ethernet: ethernet.prefault({}),
    wifi: wifi.prefault({}),
    ble: ble.prefault({}),
    ieee802154: ieee802154.prefault({}),
    lorawan: lorawan.prefault({}),
    nbiot: nbiot.prefault({}),
    ltem: ltem.prefault({}),
  })
  .meta({ description: "Options of the links, one mapping a link; only that of the chosen link counts." });

/** Options of every link. */
export type LinksOptions = z.output<typeof linksSchema>;
/** Options of LoRaWAN. */
export type LorawanOptions = LinksOptions["lorawan"];
