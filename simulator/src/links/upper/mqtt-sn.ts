import { checkBytes } from "../errors.ts";

/** Largest MQTT-SN packet: a two-byte length (MQTT-SN 1.2, 5.2.1). */
export const maxSnPacketBytes = 65_535;
const longestShort = 255;

/** The length field is one byte, or three from 256 bytes on; `rest` is the packet with a one-byte length. */
function packet(what: string, rest: number): number {
  return checkBytes(`MQTT-SN ${what}`, rest > longestShort ? rest + 2 : rest, maxSnPacketBytes);
}

/**
 * Size of a PUBLISH packet under a registered topic id, bytes: 7 + payload, 2 more above 255 (MQTT-SN 1.2, 5.4.12).
 *
 * @param payloadBytes Length of the payload.
 * @throws LinkError code `size`; code `payload` above 65,535 bytes in all
 */
export function snPublishBytes(payloadBytes: number): number {
  return packet("PUBLISH", 7 + checkBytes("MQTT-SN payload", payloadBytes));
}

/** Bytes of a PUBLISH packet beside its payload, at most. */
export const maxSnPublishOverheadBytes = 9;

/** Size of PUBACK, bytes. */
export const snPubackBytes = 7;

/** Size of PUBREC, PUBREL or PUBCOMP, bytes. */
export const snHandshakeBytes = 4;

/** Size of CONNACK, bytes. */
export const snConnackBytes = 3;

/** Size of REGACK, bytes. */
export const snRegackBytes = 7;

/** Size of SUBACK, bytes. */
export const snSubackBytes = 8;

/** Size of PINGRESP, and of PINGREQ, WILLTOPICREQ and WILLMSGREQ without more, bytes. */
export const snBareBytes = 2;

/**
 * Size of a CONNECT packet, bytes: 6 + client id (MQTT-SN 1.2, 5.4.4).
 *
 * @param clientIdBytes Length of the client id.
 * @throws LinkError code `size`
 */
export function snConnectBytes(clientIdBytes: number): number {
  return packet("CONNECT", 6 + checkBytes("MQTT-SN client id", clientIdBytes));
}

/**
 * Size of a REGISTER packet, bytes: 6 + topic (MQTT-SN 1.2, 5.4.10).
 *
 * @param topicBytes Length of the topic.
 * @throws LinkError code `size`
 */
export function snRegisterBytes(topicBytes: number): number {
  return packet("REGISTER", 6 + checkBytes("MQTT-SN topic", topicBytes));
}

/**
 * Size of a SUBSCRIBE packet by topic name, bytes: 5 + name (MQTT-SN 1.2, 5.4.15).
 *
 * @param filterBytes Length of the filter.
 * @throws LinkError code `size`
 */
export function snSubscribeBytes(filterBytes: number): number {
  return packet("SUBSCRIBE", 5 + checkBytes("MQTT-SN topic filter", filterBytes));
}

/**
 * Size of a WILLTOPIC packet, bytes: 3 + topic (MQTT-SN 1.2, 5.4.7).
 *
 * @param topicBytes Length of the will's topic.
 * @throws LinkError code `size`
 */
export function snWillTopicBytes(topicBytes: number): number {
  return packet("WILLTOPIC", 3 + checkBytes("MQTT-SN will topic", topicBytes));
}

/**
 * Size of a WILLMSG packet, bytes: 2 + message (MQTT-SN 1.2, 5.4.9).
 *
 * @param payloadBytes Length of the will's message.
 * @throws LinkError code `size`
 */
export function snWillMessageBytes(payloadBytes: number): number {
  return packet("WILLMSG", 2 + checkBytes("MQTT-SN will message", payloadBytes));
}
