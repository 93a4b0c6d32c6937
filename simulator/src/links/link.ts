import { type DownKind, type UpKind, upKinds } from "@zipml/protocol";
import type { Constants } from "./constants.ts";

/** The links that are modelled. */
export const linkNames = ["ethernet", "wifi", "ble", "ieee802154", "lorawan", "nbiot", "ltem"] as const;

/** A link by name. */
export type LinkName = (typeof linkNames)[number];

/** What a device sends or is sent. */
export type LinkMessageKind = UpKind | DownKind;

/** One application message. */
export interface LinkMessage {
  /** Decides the direction: birth, death, data, health and reported go up, the others down. */
  readonly kind: LinkMessageKind;
  /** Length of the application message, bytes: for `data` the whole frame. */
  readonly bytes: number;
  /** Length of its topic in UTF-8, bytes. Not looked at where no topic travels: LoRaWAN, BLE, and MQTT-SN once registered. */
  readonly topicBytes: number;
  /** An MQTT 5 topic alias stands for the topic: not the first message under it on a connection. Default false. */
  readonly aliased?: boolean;
}

/** The layers whose bytes are told apart, from inside to outside. */
export const layerNames = ["payload", "messaging", "tls", "transport", "link"] as const;

/** A layer by name. */
export type LayerName = (typeof layerNames)[number];

/**
 * Bytes by layer in one direction. Their sum is what stands on the wire or in the air: `payload` the application message,
 * `messaging` MQTT or MQTT-SN and a bridge's chunk headers, `tls` records and handshakes, `transport` TCP or UDP and IP
 * (compressed, where 6LoWPAN does) with pure acknowledgements, `link` all that the link adds, its own acknowledgements
 * included.
 */
export type LayerBytes = Readonly<Record<LayerName, number>>;

/** Time that the device's radio or port spends in each state beyond sleep, whole microseconds. */
export interface StateTimes {
  readonly transmitUs: number;
  /** Receiving or listening. */
  readonly receiveUs: number;
  /** Awake, neither sending nor listening: back-off, waiting between windows. */
  readonly idleUs: number;
}

/** What one message, join or keep-alive costs, without loss: means where the protocol draws lots. Integers throughout. */
export interface Transfer {
  /** Bytes from the device. */
  readonly up: LayerBytes;
  /** Bytes to the device. */
  readonly down: LayerBytes;
  /** Packets with a transport header from the device, or application messages where there is no transport. */
  readonly packetsUp: number;
  /** The same, to the device. */
  readonly packetsDown: number;
  /** Link frames from the device (fragments, segments, notifications), the link's own acknowledgements not counted. */
  readonly framesUp: number;
  /** The same, to the device. */
  readonly framesDown: number;
  /** Time on air or on the wire of all the device sends, link acknowledgements included, µs. */
  readonly airtimeUpUs: number;
  /** Time on air or on the wire of all that is sent to the device, µs. */
  readonly airtimeDownUs: number;
  /** Mean time from the first access to the medium to the end of the exchange, µs. */
  readonly durationUs: number;
  /** For the energy: see `energyNj`. */
  readonly states: StateTimes;
  /** Radio sessions opened, whose fixed energy a cellular profile charges; 0 elsewhere. */
  readonly sessions: number;
}

/** What a device says when it connects. */
export interface SessionOpening {
  /** Length of the client id, bytes. */
  readonly clientIdBytes: number;
  /** Length of the user name, bytes; none by default. */
  readonly userBytes?: number;
  /** Length of the password, bytes; none by default. */
  readonly passwordBytes?: number;
  /** The last will. */
  readonly will?: { readonly topicBytes: number; readonly payloadBytes: number };
  /** Length of each topic filter the device subscribes to, bytes, in one packet; none by default. */
  readonly filterBytes?: readonly number[];
  /** Length of each topic the device publishes under, bytes: MQTT-SN registers them. None by default. */
  readonly topicBytes?: readonly number[];
}

/** One link with what travels over it: from an application message to bytes, time on air and time in each state. */
export interface LinkModel {
  readonly name: LinkName;
  /** What it is in words, such as `LoRaWAN EU868 DR5 (SF7/125 kHz)`. */
  readonly title: string;
  /**
   * The longest application message of that kind that the link takes, bytes. A `data` frame longer than this is for the
   * device's batching to avoid, or for the scenario to be refused.
   */
  maxPayload(kind: LinkMessageKind): number;
  /**
   * The cost of one application message, acknowledgements of all layers included.
   *
   * @throws LinkError code `payload` above {@link LinkModel.maxPayload}, naming the limit; code `size` for a length that
   *   is no whole number from 0
   */
  send(message: LinkMessage): Transfer;
  /**
   * The cost of connecting once: join or attach, handshakes, CONNECT and SUBSCRIBE, up to but without birth.
   *
   * @throws LinkError code `size`
   */
  connect(opening: SessionOpening): Transfer;
  /** The cost of one keep-alive exchange; all zeros where the link has none. */
  keepAlive(): Transfer;
  /** Time between keep-alives of an otherwise silent device, µs; undefined where the link has none. */
  readonly keepAliveIntervalUs: number | undefined;
  /** The constants the figures rest on, with sources, for the manifest. */
  readonly constants: Constants;
}

/** No bytes in any layer. */
export const noBytes: LayerBytes = Object.freeze({ payload: 0, messaging: 0, tls: 0, transport: 0, link: 0 });

/** Nothing sent, no time spent. */
export const noTransfer: Transfer = Object.freeze({
  up: noBytes,
  down: noBytes,
  packetsUp: 0,
  packetsDown: 0,
  framesUp: 0,
  framesDown: 0,
  airtimeUpUs: 0,
  airtimeDownUs: 0,
  durationUs: 0,
  states: Object.freeze({ transmitUs: 0, receiveUs: 0, idleUs: 0 }),
  sessions: 0,
});

/**
 * Whether a kind of message goes from the device.
 *
 * @param kind The kind.
 */
export function goesUp(kind: LinkMessageKind): boolean {
  return upKinds.some((up) => up === kind);
}

/**
 * Bytes of all layers together: what stands on the wire.
 *
 * @param bytes One direction of a transfer.
 */
export function wireBytes({ payload, messaging, tls, transport, link }: LayerBytes): number {
  return payload + messaging + tls + transport + link;
}

/**
 * The layers of two directions or transfers added.
 *
 * @param a One.
 * @param b The other.
 */
export function addLayers(a: LayerBytes, b: LayerBytes): LayerBytes {
  return {
    payload: a.payload + b.payload,
    messaging: a.messaging + b.messaging,
    tls: a.tls + b.tls,
    transport: a.transport + b.transport,
    link: a.link + b.link,
  };
}

/**
 * Two transfers, one after the other.
 *
 * @param a The first.
 * @param b The second.
 */
export function addTransfers(a: Transfer, b: Transfer): Transfer {
  return {
    up: addLayers(a.up, b.up),
    down: addLayers(a.down, b.down),
    packetsUp: a.packetsUp + b.packetsUp,
    packetsDown: a.packetsDown + b.packetsDown,
    framesUp: a.framesUp + b.framesUp,
    framesDown: a.framesDown + b.framesDown,
    airtimeUpUs: a.airtimeUpUs + b.airtimeUpUs,
    airtimeDownUs: a.airtimeDownUs + b.airtimeDownUs,
    durationUs: a.durationUs + b.durationUs,
    states: {
      transmitUs: a.states.transmitUs + b.states.transmitUs,
      receiveUs: a.states.receiveUs + b.states.receiveUs,
      idleUs: a.states.idleUs + b.states.idleUs,
    },
    sessions: a.sessions + b.sessions,
  };
}
