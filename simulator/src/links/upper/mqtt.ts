import { checkBytes, checkKnown, LinkError } from "../errors.ts";
import type { SessionOpening } from "../link.ts";

/** MQTT 3.1.1 or 5. */
export type MqttVersion = "3.1.1" | "5";

/** Quality of service of a publication. */
export type Qos = 0 | 1 | 2;

/** Largest remaining length: four bytes of seven bits (MQTT 5, 1.5.5). */
export const maxRemainingLength = 268_435_455;
const maxText = 65_535;

/**
 * Length of a variable byte integer, bytes (MQTT 5, 1.5.5).
 *
 * @param value 0 … 268,435,455.
 * @throws LinkError code `payload` above that, code `size` for no whole number
 */
export function variableIntegerBytes(value: number): number {
  checkBytes("MQTT remaining length", value, maxRemainingLength);
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}

function packet(remaining: number): number {
  return 1 + variableIntegerBytes(remaining) + remaining;
}

function text(what: string, bytes: number): number {
  return 2 + checkBytes(`MQTT ${what}`, bytes, maxText);
}

/** The properties of MQTT 5 with their length; nothing before it. */
function properties(version: MqttVersion, bytes: number): number {
  return version === "5" ? variableIntegerBytes(bytes) + bytes : 0;
}

/** What the size of a PUBLISH depends on. */
export interface Publication {
  readonly version: MqttVersion;
  readonly qos: Qos;
  readonly topicBytes: number;
  readonly payloadBytes: number;
  /** MQTT 5 only: `set` sends topic and alias, `use` the alias in place of the topic. Default none. */
  readonly alias?: "set" | "use";
  /** Other MQTT 5 properties, bytes. Default 0. */
  readonly propertyBytes?: number;
}

/** The alias property: identifier and two bytes (MQTT 5, 3.3.2.3.4). */
const aliasBytes = 3;

/**
 * Size of a PUBLISH packet, bytes: 1 + vbi(RL) + RL with RL = 2 + topic + (QoS > 0 ? 2 : 0) + properties + payload.
 *
 * @param publication What is published.
 * @throws LinkError code `size` or `payload` for lengths that MQTT has no room for, code `option` for an alias before MQTT 5
 */
export function publishBytes(publication: Publication): number {
  const { version, qos, topicBytes, payloadBytes, alias, propertyBytes = 0 } = publication;
  checkKnown("qos", qos, [0, 1, 2]);
  if (version !== "5" && (alias !== undefined || propertyBytes > 0))
    throw new LinkError("option", `MQTT ${version} has neither topic aliases nor properties`, {
      limit: "version",
      actual: version,
    });
  const topic = text("topic", alias === "use" ? 0 : topicBytes);
  const own = properties(version, (alias === undefined ? 0 : aliasBytes) + propertyBytes);
  return packet(topic + (qos > 0 ? 2 : 0) + own + checkBytes("MQTT payload", payloadBytes, maxRemainingLength));
}

/** Size of PUBACK, PUBREC, PUBREL or PUBCOMP without reason or properties, bytes; MQTT 5 allows it for success (3.4.2.1). */
export const acknowledgementBytes = 4;

/** Size of PUBACK and its like with a reason and an empty list of properties, as some MQTT 5 implementations write it, bytes. */
export const fullAcknowledgementBytes = 6;

/** Size of PINGREQ and of PINGRESP, bytes. */
export const pingBytes = 2;

/** Size of DISCONNECT without reason or properties, bytes. */
export const disconnectBytes = 2;

/**
 * Size of a CONNECT packet, bytes: 14 + client id, in MQTT 5 15 + client id, with will, user name and password on top.
 *
 * @param version 3.1.1 or 5.
 * @param opening What the device says.
 * @param propertyBytes Properties of MQTT 5, bytes. Default 0.
 * @throws LinkError code `size` or `payload` for lengths that MQTT has no room for
 */
export function connectBytes(version: MqttVersion, opening: SessionOpening, propertyBytes = 0): number {
  const { clientIdBytes, userBytes, passwordBytes, will } = opening;
  const fixed = 10; // protocol name 6, level 1, flags 1, keep-alive 2
  const last =
    will === undefined
      ? 0
      : properties(version, 0) + text("will topic", will.topicBytes) + text("will payload", will.payloadBytes);
  const user = userBytes === undefined ? 0 : text("user name", userBytes);
  const password = passwordBytes === undefined ? 0 : text("password", passwordBytes);
  return packet(fixed + properties(version, propertyBytes) + text("client id", clientIdBytes) + last + user + password);
}

/**
 * Size of a CONNACK packet, bytes: 4, in MQTT 5 from 5 on.
 *
 * @param version 3.1.1 or 5.
 * @param propertyBytes Properties of MQTT 5, bytes. Default 0.
 */
export function connackBytes(version: MqttVersion, propertyBytes = 0): number {
  return packet(2 + properties(version, propertyBytes));
}

/**
 * Size of a SUBSCRIBE packet, bytes.
 *
 * @param version 3.1.1 or 5.
 * @param filterBytes Length of each topic filter, bytes.
 * @throws LinkError code `size` or `payload` for lengths that MQTT has no room for
 */
export function subscribeBytes(version: MqttVersion, filterBytes: readonly number[]): number {
  const filters = filterBytes.reduce((sum, bytes) => sum + text("topic filter", bytes) + 1, 0);
  return packet(2 + properties(version, 0) + filters);
}

/**
 * Size of a SUBACK packet, bytes.
 *
 * @param version 3.1.1 or 5.
 * @param filters How many filters it answers.
 */
export function subackBytes(version: MqttVersion, filters: number): number {
  return packet(2 + properties(version, 0) + filters);
}
