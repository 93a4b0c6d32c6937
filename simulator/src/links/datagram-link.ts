import { chunkConstants, chunkSizes, maxChunkedBytes } from "./chunks.ts";
import type { Constants } from "./constants.ts";
import { checkBytes, checkKnown, checkWithin } from "./errors.ts";
import type { LinkMessage, LinkMessageKind, LinkModel, LinkName, SessionOpening, Transfer } from "./link.ts";
import { directionOf, type PacketCost, TransferBuilder } from "./transfer-builder.ts";
import type { Qos } from "./upper/mqtt.ts";
import {
  maxSnPublishOverheadBytes,
  snBareBytes,
  snConnackBytes,
  snConnectBytes,
  snHandshakeBytes,
  snPubackBytes,
  snPublishBytes,
  snRegackBytes,
  snRegisterBytes,
  snSubackBytes,
  snSubscribeBytes,
  snWillMessageBytes,
  snWillTopicBytes,
} from "./upper/mqtt-sn.ts";
import { type Direction, opposite } from "./upper/tcp.ts";

/** How MQTT-SN is spoken. */
export interface MqttSnOptions {
  /** Default 1. */
  readonly qos?: Qos;
  /** Keep-alive interval, s; 0 for none. Default 60. */
  readonly keepAliveSecond?: number;
}

/** A link that carries UDP datagrams. */
export interface DatagramCarrier {
  readonly name: LinkName;
  readonly title: string;
  readonly constants: Constants;
  /** Longest content of a datagram, bytes. */
  readonly maxDatagramBytes: number;
  /** UDP and IP header as they travel, bytes. */
  readonly headerBytes: number;
  /** What one datagram costs; several costs where it is cut into fragments. */
  costs(direction: Direction, datagramBytes: number): readonly PacketCost[];
  /** Each message from the device opens a radio session. */
  readonly hasSessions: boolean;
  /** Before an exchange that the device starts, with the radio asleep, µs. */
  readonly accessUs: number;
  /** After an exchange, with the radio awake, µs. */
  readonly tailUs: number;
}

class MqttSnLink implements LinkModel {
  readonly name: LinkName;
  readonly title: string;
  readonly keepAliveIntervalUs: number | undefined;
  readonly constants: Constants;
  readonly #carrier: DatagramCarrier;
  readonly #qos: Qos;
  readonly #unitBytes: number;

  constructor(carrier: DatagramCarrier, { qos = 1, keepAliveSecond = 60 }: MqttSnOptions) {
    this.#carrier = carrier;
    this.#qos = checkKnown("mqttSn.qos", qos, [0, 1, 2]);
    checkWithin("mqttSn.keepAliveSecond", keepAliveSecond, 0, 65_535);
    this.#unitBytes = carrier.maxDatagramBytes - maxSnPublishOverheadBytes;
    this.name = carrier.name;
    this.title = `${carrier.title}, MQTT-SN QoS ${qos} over UDP`;
    this.keepAliveIntervalUs = keepAliveSecond === 0 ? undefined : keepAliveSecond * 1_000_000;
    this.constants = { ...carrier.constants, ...chunkConstants };
  }

  maxPayload(kind: LinkMessageKind): number {
    return kind === "data" ? this.#unitBytes : maxChunkedBytes(this.#unitBytes);
  }

  send({ kind, bytes }: LinkMessage): Transfer {
    const direction = directionOf(kind);
    const builder = new TransferBuilder();
    builder.add(direction, "payload", bytes);
    builder.add(direction, "messaging", -bytes);
    const limit = `${this.#carrier.title} datagram, MQTT-SN payload`;
    for (const size of chunkSizes(limit, bytes, this.#unitBytes, kind !== "data")) {
      this.#datagram(builder, direction, snPublishBytes(size));
      if (this.#qos === 1) this.#datagram(builder, opposite(direction), snPubackBytes);
      for (let step = 0; this.#qos === 2 && step < 3; step++)
        this.#datagram(builder, step % 2 === 0 ? opposite(direction) : direction, snHandshakeBytes);
    }
    return this.#finish(builder, direction === "up");
  }

  connect({ clientIdBytes, will, filterBytes = [], topicBytes = [] }: SessionOpening): Transfer {
    const builder = new TransferBuilder();
    this.#datagram(builder, "up", snConnectBytes(clientIdBytes));
    if (will !== undefined) {
      this.#datagram(builder, "down", snBareBytes);
      this.#datagram(builder, "up", snWillTopicBytes(will.topicBytes));
      this.#datagram(builder, "down", snBareBytes);
      this.#datagram(builder, "up", snWillMessageBytes(will.payloadBytes));
    }
    this.#datagram(builder, "down", snConnackBytes);
    for (const bytes of topicBytes) {
      this.#datagram(builder, "up", snRegisterBytes(bytes));
      this.#datagram(builder, "down", snRegackBytes);
    }
    for (const bytes of filterBytes) {
      this.#datagram(builder, "up", snSubscribeBytes(bytes));
      this.#datagram(builder, "down", snSubackBytes);
    }
    return this.#finish(builder, true);
  }

  keepAlive(): Transfer {
    const builder = new TransferBuilder();
    this.#datagram(builder, "up", snBareBytes);
    this.#datagram(builder, "down", snBareBytes);
    return this.#finish(builder, true);
  }

  #datagram(builder: TransferBuilder, direction: Direction, bytes: number): void {
    const { title, maxDatagramBytes, headerBytes } = this.#carrier;
    checkBytes(`${title} datagram`, bytes, maxDatagramBytes);
    builder.add(direction, "messaging", bytes);
    builder.add(direction, "transport", headerBytes);
    builder.packet(direction, this.#carrier.costs(direction, bytes));
  }

  #finish(builder: TransferBuilder, startsSession: boolean): Transfer {
    const { hasSessions, accessUs, tailUs } = this.#carrier;
    if (!startsSession) return builder.finish();
    builder.wait(accessUs);
    builder.idle(tailUs);
    return builder.finish(hasSessions ? 1 : 0);
  }
}

/**
 * MQTT-SN over UDP over a link that carries datagrams. A `data` frame must fit in one datagram; control messages go in chunks
 * where they do not. Topics travel once, when the device connects and registers them.
 *
 * @param carrier The link.
 * @param options How MQTT-SN is spoken.
 * @throws LinkError code `option`
 */
export function createMqttSnLink(carrier: DatagramCarrier, options: MqttSnOptions = {}): LinkModel {
  return new MqttSnLink(carrier, options);
}
