export { type BackoffOptions, backoffDelay, checkBackoff, defaultBackoff } from "./backoff.ts";
export { decodeCbor, defaultCborLimits, encodeCbor } from "./cbor.ts";
export type { CborLimits } from "./cbor-scan.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  isOffline,
  ProtocolError,
  type ProtocolErrorCode,
  type ProtocolErrorFacts,
  TransportError,
  type TransportErrorCode,
  type TransportErrorFacts,
} from "./errors.ts";
export { createEventHub, type EventHub } from "./event-hub.ts";
export { createEventQueue, type EventQueue } from "./event-queue.ts";
export { createLink, type Link, type LinkConnection, type LinkOptions, type LinkPorts } from "./link.ts";
export type { Birth, Death, Health, Receipt, Reported } from "./messages/device.ts";
export { maxRanges } from "./messages/fields.ts";
export { type Command, type Desired, type GatewayState, type Model, maxRefetched } from "./messages/gateway.ts";
export { gridSchema, schemaSchema, type WireGrid, type WireSchema } from "./messages/grid.ts";
export { decodeMessage, encodeMessage, type MessageKind, type MessageOf, messageLimits } from "./messages.ts";
export { type ModelContent, modelBytes, modelWeights } from "./model.ts";
export { cryptoRandom, type RandomSource } from "./random.ts";
export { createSerialQueue, type SerialQueue } from "./serial-queue.ts";
export {
  type Address,
  checkId,
  createTopics,
  type Delivery,
  type DownKind,
  delivery,
  downKinds,
  isId,
  type TopicKind,
  type Topics,
  topicLevels,
  type UpKind,
  upKinds,
} from "./topics.ts";
export type {
  ConnectOptions,
  Connector,
  PublishOptions,
  Traffic,
  TrafficCounters,
  Transport,
  TransportEvent,
  TransportMessage,
  TransportProtocol,
  Will,
} from "./transport.ts";
