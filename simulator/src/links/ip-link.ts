import type { Constants } from "./constants.ts";
import { checkKnown, checkWithin } from "./errors.ts";
import type { LinkMessage, LinkMessageKind, LinkModel, LinkName, SessionOpening, Transfer } from "./link.ts";
import { directionOf, type PacketCost, TransferBuilder } from "./transfer-builder.ts";
import {
  acknowledgementBytes,
  connackBytes,
  connectBytes,
  fullAcknowledgementBytes,
  type MqttVersion,
  maxRemainingLength,
  pingBytes,
  publishBytes,
  type Qos,
  subackBytes,
  subscribeBytes,
} from "./upper/mqtt.ts";
import {
  createTcp,
  type Direction,
  type Flight,
  opposite,
  type PacketRun,
  type Tcp,
  type TcpOptions,
  tcpConstants,
} from "./upper/tcp.ts";
import { type TlsVersion, tlsConstants, tlsHandshake, tlsOverheadBytes } from "./upper/tls.ts";

/** How MQTT is spoken. */
export interface MqttOptions {
  /** Default `5`. */
  readonly version?: MqttVersion;
  /** Default 1. */
  readonly qos?: Qos;
  /** Topic aliases on what the device sends, MQTT 5 only; a message says whether it is the first. Default false. */
  readonly aliases?: boolean;
  /** Acknowledgements of an MQTT 5 broker: 4 bytes (`short`, default), or 6 with reason and empty properties (`full`). */
  readonly brokerAcknowledgements?: "short" | "full";
  /** Properties in CONNECT, bytes. Default 0. */
  readonly connectPropertyBytes?: number;
  /** Properties in CONNACK, bytes. Default 0. */
  readonly connackPropertyBytes?: number;
  /** Keep-alive interval, s; 0 for none. Default 60. */
  readonly keepAliveSecond?: number;
}

/** How TLS is spoken. */
export interface TlsOptions {
  /** Default `1.3`. */
  readonly version?: TlsVersion;
  /** Connections after the first resume a session; `connect` then gives such a one. Default false. */
  readonly resumed?: boolean;
  /** Certificate bytes beyond a single self-signed one. Default 0; chains of public authorities: 1,500 to 4,000. */
  readonly chainBytes?: number;
}

/** What travels over a link that carries IP packets. */
export interface StackOptions {
  readonly mqtt?: MqttOptions;
  readonly tls?: TlsOptions;
  readonly tcp?: TcpOptions;
}

/** A link that carries IP packets. */
export interface PacketCarrier {
  readonly name: LinkName;
  readonly title: string;
  readonly constants: Constants;
  /** Largest IP packet, bytes. */
  readonly mtuBytes: number;
  /** What one IP packet costs. */
  cost(direction: Direction, ipBytes: number): PacketCost;
  /** Each message from the device opens a radio session. */
  readonly hasSessions: boolean;
  /** Before an exchange that the device starts, with the radio asleep, µs. */
  readonly accessUs: number;
  /** After an exchange, with the radio awake, µs. */
  readonly tailUs: number;
}

class MqttLink implements LinkModel {
  readonly name: LinkName;
  readonly title: string;
  readonly keepAliveIntervalUs: number | undefined;
  readonly constants: Constants;
  readonly #carrier: PacketCarrier;
  readonly #mqtt: Required<MqttOptions>;
  readonly #tls: Required<TlsOptions>;
  readonly #tcp: Tcp;

  constructor(carrier: PacketCarrier, { mqtt, tls, tcp }: StackOptions) {
    this.#carrier = carrier;
    this.#mqtt = mqttDefaults(mqtt);
    this.#tls = { version: "1.3", resumed: false, chainBytes: 0, ...tls };
    checkKnown("tls.version", this.#tls.version, ["none", "1.2", "1.3"]);
    this.#tcp = createTcp({ mtuBytes: carrier.mtuBytes, ...tcp });
    const { version, qos, keepAliveSecond } = this.#mqtt;
    this.name = carrier.name;
    const security = this.#tls.version === "none" ? "TCP" : `TLS ${this.#tls.version}`;
    this.title = `${carrier.title}, MQTT ${version} QoS ${qos} over ${security}, IPv${tcp?.ip ?? 4}`;
    this.keepAliveIntervalUs = keepAliveSecond === 0 ? undefined : keepAliveSecond * 1_000_000;
    this.constants = { ...carrier.constants, ...tcpConstants, ...tlsConstants };
  }

  /** What fits under the longest topic that MQTT knows. */
  maxPayload(_kind: LinkMessageKind): number {
    const longestTopic = 65_535;
    const rest = 16; // topic length, packet id, properties with an alias
    return maxRemainingLength - longestTopic - rest;
  }

  send(message: LinkMessage): Transfer {
    const direction = directionOf(message.kind);
    const { version, qos, aliases } = this.#mqtt;
    const size = publishBytes({
      version,
      qos,
      topicBytes: message.topicBytes,
      payloadBytes: message.bytes,
      ...(aliases && direction === "up" ? { alias: message.aliased === true ? "use" : "set" } : {}),
    });
    const answers = qos === 0 ? 0 : qos === 1 ? 1 : 3;
    const flights = [{ direction, bytes: size }];
    for (let at = 0; at < answers; at++) {
      const way = at % 2 === 0 ? opposite(direction) : direction;
      flights.push({ direction: way, bytes: this.#acknowledgement(way) });
    }
    const builder = new TransferBuilder();
    builder.add(direction, "payload", message.bytes);
    builder.add(direction, "messaging", -message.bytes);
    this.#exchange(builder, flights);
    return this.#finish(builder, direction === "up");
  }

  connect(opening: SessionOpening): Transfer {
    const { version, connectPropertyBytes, connackPropertyBytes } = this.#mqtt;
    const flights: Flight[] = [
      { direction: "up", bytes: connectBytes(version, opening, connectPropertyBytes) },
      { direction: "down", bytes: connackBytes(version, connackPropertyBytes) },
    ];
    const filters = opening.filterBytes ?? [];
    if (filters.length > 0) {
      flights.push({ direction: "up", bytes: subscribeBytes(version, filters) });
      flights.push({ direction: "down", bytes: subackBytes(version, filters.length) });
    }
    const builder = new TransferBuilder();
    for (const run of this.#tcp.opening) this.#carry(builder, run);
    const { version: tls, resumed, chainBytes } = this.#tls;
    this.#exchange(builder, flights, tlsHandshake(tls, resumed, chainBytes));
    return this.#finish(builder, true);
  }

  keepAlive(): Transfer {
    const builder = new TransferBuilder();
    this.#exchange(builder, [
      { direction: "up", bytes: pingBytes },
      { direction: "down", bytes: pingBytes },
    ]);
    return this.#finish(builder, true);
  }

  #acknowledgement(direction: Direction): number {
    const isFull = direction === "down" && this.#mqtt.brokerAcknowledgements === "full" && this.#mqtt.version === "5";
    return isFull ? fullAcknowledgementBytes : acknowledgementBytes;
  }

  /** MQTT packets in turn, each written at once, after the flights of a handshake. */
  #exchange(builder: TransferBuilder, packets: readonly Flight[], handshake: readonly Flight[] = []): void {
    const flights = [...handshake];
    for (const { direction, bytes } of handshake) builder.add(direction, "tls", bytes);
    for (const { direction, bytes } of packets) {
      const tls = tlsOverheadBytes(this.#tls.version, bytes);
      builder.add(direction, "messaging", bytes);
      builder.add(direction, "tls", tls);
      flights.push({ direction, bytes: bytes + tls });
    }
    for (const { direction, bytes } of flights) builder.add(direction, "transport", -bytes);
    for (const run of this.#tcp.exchange(flights)) this.#carry(builder, run);
  }

  #carry(builder: TransferBuilder, run: PacketRun): void {
    builder.add(run.direction, "transport", run.count * run.ipBytes);
    builder.carry(run.direction, this.#carrier.cost(run.direction, run.ipBytes), run.count);
  }

  #finish(builder: TransferBuilder, startsSession: boolean): Transfer {
    const { hasSessions, accessUs, tailUs } = this.#carrier;
    if (!startsSession) return builder.finish();
    builder.wait(accessUs);
    builder.idle(tailUs);
    return builder.finish(hasSessions ? 1 : 0);
  }
}

function mqttDefaults(given: MqttOptions = {}): Required<MqttOptions> {
  const mqtt: Required<MqttOptions> = {
    version: "5",
    qos: 1,
    aliases: false,
    brokerAcknowledgements: "short",
    connectPropertyBytes: 0,
    connackPropertyBytes: 0,
    keepAliveSecond: 60,
    ...given,
  };
  checkKnown("mqtt.version", mqtt.version, ["3.1.1", "5"]);
  checkKnown("mqtt.qos", mqtt.qos, [0, 1, 2]);
  checkWithin("mqtt.keepAliveSecond", mqtt.keepAliveSecond, 0, 65_535);
  if (mqtt.aliases) checkKnown("mqtt.version with aliases", mqtt.version, ["5"]);
  return mqtt;
}

/**
 * MQTT over TLS, TCP and IP over a link that carries IP packets. Each MQTT packet is written alone, as a device does that
 * sends one message at a time. What the network behind the link adds to the latency is not in `durationUs`.
 *
 * @param carrier The link.
 * @param stack What travels over it.
 * @throws LinkError code `option`
 */
export function createMqttLink(carrier: PacketCarrier, stack: StackOptions = {}): LinkModel {
  return new MqttLink(carrier, stack);
}
