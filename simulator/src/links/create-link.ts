import { type BleOptions, createBleLink } from "./ble-link.ts";
import { cellularCarrier, datagramCarrier, type LtemOptions, type NbiotOptions } from "./cellular.ts";
import { createMqttSnLink, type MqttSnOptions } from "./datagram-link.ts";
import { LinkError } from "./errors.ts";
import { type EthernetOptions, ethernetCarrier } from "./ethernet.ts";
import { createIeee802154Link, type Ieee802154Options } from "./ieee802154/sixlowpan-link.ts";
import { createMqttLink, type StackOptions } from "./ip-link.ts";
import { type LinkModel, linkNames } from "./link.ts";
import { createLorawanLink, type LorawanOptions } from "./lorawan/lorawan-link.ts";
import { type WifiOptions, wifiCarrier } from "./wifi.ts";

/** Options of a link, told apart by `name`. Links that carry IP also take `mqtt`, `tls` and `tcp`. */
export type LinkOptions =
  | (EthernetOptions & StackOptions)
  | (WifiOptions & StackOptions)
  | (NbiotOptions & StackOptions & { readonly mqttSn?: MqttSnOptions })
  | (LtemOptions & StackOptions)
  | BleOptions
  | Ieee802154Options
  | LorawanOptions;

function stackOf({ mqtt, tls, tcp }: StackOptions): StackOptions {
  return {
    ...(mqtt === undefined ? {} : { mqtt }),
    ...(tls === undefined ? {} : { tls }),
    ...(tcp === undefined ? {} : { tcp }),
  };
}

/**
 * A link with what travels over it, from plain data. NB-IoT speaks MQTT over TLS and TCP, or MQTT-SN over UDP where `mqttSn` is
 * given.
 *
 * @param options The link by name, and its options; all others have defaults.
 * @throws LinkError code `option`, naming the option and what it may be
 *
 * @example
 * ```ts
 * const link = createLink({ name: "lorawan", dataRate: 0 });
 * link.maxPayload("data"); // 51
 * link.send({ kind: "data", bytes: 51, topicBytes: 0 }).airtimeUpUs; // 2_793_472
 * ```
 */
export function createLink(options: LinkOptions): LinkModel {
  switch (options.name) {
    case "ethernet":
      return createMqttLink(ethernetCarrier(options), stackOf(options));
    case "wifi":
      return createMqttLink(wifiCarrier(options), stackOf(options));
    case "ltem":
      return createMqttLink(cellularCarrier(options), stackOf(options));
    case "nbiot": {
      const carrier = cellularCarrier(options);
      if (options.mqttSn === undefined) return createMqttLink(carrier, stackOf(options));
      return createMqttSnLink(datagramCarrier(carrier, options.tcp?.ip), options.mqttSn);
    }
    case "ble":
      return createBleLink(options);
    case "ieee802154":
      return createIeee802154Link(options);
    case "lorawan":
      return createLorawanLink(options);
    default:
      throw unknownName(options);
  }
}

function unknownName(options: never): LinkError {
  const name = String((options as { readonly name?: unknown }).name);
  return new LinkError("option", `link must be one of ${linkNames.join(", ")}, not ${name}`, {
    limit: "link",
    actual: name,
  });
}
