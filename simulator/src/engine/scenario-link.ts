import { createTopics, encodeMessage } from "@zipml/protocol";
import {
  cc2650Profile,
  esp32Profile,
  nrf52840Profile,
  type PowerProfile,
  sx1276Profile,
  tr45820Profile,
  usualProfile,
} from "../energy/profiles.ts";
import { createLink, type LinkOptions } from "../links/create-link.ts";
import { LinkError } from "../links/errors.ts";
import type { StackOptions } from "../links/ip-link.ts";
import type { LinkModel, SessionOpening } from "../links/link.ts";
import { dataRateOfSpreadingFactor } from "../links/lorawan/eu868.ts";
import { SimulationError } from "../scenario/errors.ts";
import { deviceName, groupName, simulatedSession } from "../scenario/fleet.ts";
import type { LinksOptions } from "../scenario/link-options.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { microsecond } from "../scenario/weather.ts";

/** What the links that carry IP have in common. */
type StackChoice = Pick<
  LinksOptions["ethernet"],
  "mqtt" | "topicAlias" | "tls" | "certificateBytes" | "ip" | "tcpTimestamps" | "keepAliveSeconds"
>;

function stackOf(choice: StackChoice): StackOptions {
  const { mqtt, topicAlias, tls, certificateBytes, ip, tcpTimestamps, keepAliveSeconds } = choice;
  return {
    mqtt: { version: mqtt === 5 ? "5" : mqtt, aliases: topicAlias, keepAliveSecond: keepAliveSeconds },
    tls: { version: tls === "none" ? tls : tls === 1.2 ? "1.2" : "1.3", chainBytes: certificateBytes },
    tcp: { ip, timestamps: tcpTimestamps },
  };
}

function cellularOf({ repetitions, accessSeconds, tailSeconds }: LinksOptions["ltem"]) {
  return { repetitions, accessSecond: accessSeconds, tailSecond: tailSeconds };
}

function bleOf(ble: LinksOptions["ble"]): LinkOptions {
  return {
    name: "ble",
    phy: ble.phy,
    longPdus: ble.dataLengthExtension,
    encrypted: ble.encrypted,
    intervalMillisecond: ble.connectionIntervalMilliseconds,
    peripheralLatency: ble.peripheralLatency,
    mostPairs: ble.pairsPerEvent,
    withResponse: ble.writeWithResponse,
  };
}

function lorawanOf(lorawan: LinksOptions["lorawan"], spreadingFactor: number): LinkOptions {
  return {
    name: "lorawan",
    dataRate: dataRateOfSpreadingFactor(spreadingFactor),
    repeater: lorawan.repeaterCompatible,
    confirmed: lorawan.confirmed,
    receive2DataRate: dataRateOfSpreadingFactor(lorawan.rx2SpreadingFactor),
    headerOptionBytes: lorawan.optionBytes,
  };
}

function linkOptions({ link, links }: Scenario, spreadingFactor: number): LinkOptions {
  switch (link) {
    case "ethernet":
      return { name: link, rateMbps: links.ethernet.megabitsPerSecond, ...stackOf(links.ethernet) };
    case "wifi": {
      const { standard, megabitsPerSecond: rateMbps } = links.wifi;
      return { name: link, standard, ...(rateMbps === undefined ? {} : { rateMbps }), ...stackOf(links.wifi) };
    }
    case "ble":
      return bleOf(links.ble);
    case "ieee802154": {
      const { addressing, securityBytes, headerBytes, keepAliveSeconds } = links.ieee802154;
      const mqttSn = { keepAliveSecond: keepAliveSeconds };
      return { name: link, addresses: addressing, securityBytes, compressedHeaderBytes: headerBytes, mqttSn };
    }
    case "lorawan":
      return lorawanOf(links.lorawan, spreadingFactor);
    case "nbiot": {
      const { category, protocol, keepAliveSeconds } = links.nbiot;
      const sn = protocol === "mqtt-sn" ? { mqttSn: { keepAliveSecond: keepAliveSeconds } } : {};
      return { name: link, category, ...cellularOf(links.nbiot), ...stackOf(links.nbiot), ...sn };
    }
    case "ltem":
      return { name: link, ...cellularOf(links.ltem), ...stackOf(links.ltem) };
  }
}

/**
 * The model of a scenario's link.
 *
 * @param scenario Link and its options count.
 * @param spreadingFactor On LoRaWAN: 7 to 12.
 * @throws SimulationError `scenario` that names the link's section.
 */
export function linkOf(scenario: Scenario, spreadingFactor = 7): LinkModel {
  try {
    return createLink(linkOptions(scenario, spreadingFactor));
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    throw new SimulationError("scenario", error.message, { key: `links.${scenario.link}`, cause: error });
  }
}

/**
 * What the devices of a scenario draw.
 *
 * @param scenario Link and its options count.
 */
export function profileOf({ link, links }: Scenario): PowerProfile {
  switch (link) {
    case "wifi":
      return esp32Profile(links.wifi.standard);
    case "ble":
      return nrf52840Profile(links.ble.transmitPowerDbm);
    case "ieee802154":
      return cc2650Profile(links.ieee802154.transmitPowerDbm);
    case "lorawan":
      return sx1276Profile(links.lorawan.transmitPowerDbm);
    case "nbiot":
      return tr45820Profile(links.nbiot.sessionJoules);
    case "ltem":
      return tr45820Profile(links.ltem.sessionJoules);
    case "ethernet":
      return usualProfile(link);
  }
}

/** Time through the network behind the link and back, µs; on LoRaWAN none is counted. */
export function roundTripOf({ link, links }: Scenario): number {
  return link === "lorawan" ? 0 : Math.round(links[link].roundTripSeconds * microsecond);
}

const topics = createTopics();

/** Names that a device's messages go by. Their lengths depend on how many digits the group has. */
export interface DeviceWords {
  /** Bytes of the topic of data; below of other messages. */
  readonly data: number;
  readonly birth: number;
  readonly receipt: number;
  readonly desired: number;
  readonly reported: number;
  /** What it says when it connects. */
  readonly opening: SessionOpening;
}

/**
 * The names of the devices of a group whose number has so many digits.
 *
 * @param digits 1 to 6.
 */
export function deviceWords(digits: number): DeviceWords {
  const group = groupName(10 ** (digits - 1) - (digits === 1 ? 1 : 0));
  const device = deviceName(0);
  const topic = (kind: "data" | "birth" | "receipt" | "reported" | "death"): number =>
    topics.build({ kind, group, device }).length;
  return {
    data: topic("data"),
    birth: topic("birth"),
    receipt: topic("receipt"),
    desired: topics.build({ kind: "desired", audience: "all", group }).length,
    reported: topic("reported"),
    opening: {
      clientIdBytes: `${group}.${device}`.length,
      will: {
        topicBytes: topic("death"),
        payloadBytes: deathBytes,
      },
      filterBytes: topics.deviceFilters(group, device).map((filter) => filter.length),
      topicBytes: [topic("birth"), topic("data")],
    },
  };
}

/**
 * Bytes of the receipt that says a device's frames up to a sequence are stored.
 *
 * @param sequence The newest.
 */
export function receiptBytes(sequence: number): number {
  const floor = sequence + 1;
  const head = floor < 24 ? 0 : floor < 256 ? 1 : floor < 65_536 ? 2 : 4;
  return leastReceipt + head;
}

const deathBytes = encodeMessage("death", { session: simulatedSession, reason: "lost" }).length;
const leastReceipt = encodeMessage("receipt", { session: simulatedSession, floor: 0, ranges: [] }).length;
