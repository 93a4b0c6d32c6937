import { ProtocolError } from "./errors.ts";

/** What a device sends. */
export const upKinds = ["birth", "death", "data", "health", "reported"] as const;
/** What a gateway sends to one device; `desired` and `model` also go to a whole group. */
export const downKinds = ["desired", "command", "receipt", "model"] as const;

/** A kind of message from a device. */
export type UpKind = (typeof upKinds)[number];
/** A kind of message to a device. */
export type DownKind = (typeof downKinds)[number];
/** Every kind of message that has a topic. */
export type TopicKind = UpKind | DownKind | "state";

/** What a topic says about the message on it. */
export type Address =
  | { readonly kind: UpKind | "receipt"; readonly group: string; readonly device: string }
  | { readonly kind: "command"; readonly group: string; readonly device: string; readonly name: string }
  | {
      readonly kind: "desired" | "model";
      readonly audience: "device";
      readonly group: string;
      readonly device: string;
    }
  | { readonly kind: "desired" | "model"; readonly audience: "all"; readonly group: string }
  | { readonly kind: "state"; readonly gateway: string };

/** How a kind of message is published. */
export interface Delivery {
  readonly qos: 0 | 1;
  /** The broker keeps the last one for whoever subscribes later. */
  readonly retain: boolean;
}

/** Builds, parses and filters the topics under one prefix. */
export interface Topics {
  readonly prefix: string;
  /**
   * The topic of an address.
   *
   * @throws ProtocolError code `id` if an id in it breaks the id rule
   */
  build(address: Address): string;
  /** The address of a topic, or undefined for a topic that is not ours. */
  parse(topic: string): Address | undefined;
  /**
   * Filters for what devices send, or what they are asked to run with: one a kind, of one group or of all.
   *
   * @throws ProtocolError code `id` if `group` breaks the id rule
   */
  gatewayFilters(options?: { readonly group?: string; readonly kinds?: readonly (UpKind | "desired")[] }): string[];
  /**
   * Filters for everything sent to one device, its own topics and its group's.
   *
   * @throws ProtocolError code `id` if an id breaks the id rule
   */
  deviceFilters(group: string, device: string): string[];
  /** The filter for the state of every gateway. */
  stateFilter(): string;
  /** The filter for everything under the prefix. */
  everythingFilter(): string;
}

const SEPARATOR = "/";
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const ALL = "_all"; // neither of these two can be an id, so no device can take their place
const GATEWAY = "_gateway";
const ONE = "+";
const REST = "#";
const LONGEST_PREFIX = 128;

/** Whether a group, device, gateway or command may be called so: 1 to 64 of `A-Za-z0-9_-`, no `_` or `-` first. */
export function isId(id: string): boolean {
  return ID.test(id);
}

/**
 * Checks an id.
 *
 * @param role - what it names, for the message
 * @returns the id
 * @throws ProtocolError code `id`
 */
export function checkId(role: string, id: string): string {
  if (typeof id === "string" && ID.test(id)) return id;
  throw new ProtocolError(
    "id",
    `${role} ${JSON.stringify(id)} is not an id: 1 to 64 of A-Z a-z 0-9 _ -, the first a letter or digit`,
  );
}

/** How a kind is published: everything at QoS 1; what a late subscriber must know is retained. */
export function delivery(kind: TopicKind): Delivery {
  switch (kind) {
    case "data":
    case "command":
    case "receipt":
      return { qos: 1, retain: false };
    case "birth":
    case "death":
    case "desired":
    case "reported":
    case "health":
    case "model":
    case "state":
      return { qos: 1, retain: true };
  }
}

/**
 * The topics under a prefix.
 *
 * @param options - `prefix`, by default `zipml/1`: at most 128 characters, no empty level, no `+`, `#` or control
 *   character, no `$` first
 * @throws ProtocolError code `prefix`
 */
export function createTopics(options: { readonly prefix?: string } = {}): Topics {
  const prefix = checkPrefix(options.prefix ?? "zipml/1");
  const start = prefix + SEPARATOR;
  const below = (...levels: readonly string[]) => start + levels.join(SEPARATOR);

  const gatewayFilters: Topics["gatewayFilters"] = ({ group, kinds = upKinds } = {}) => {
    const level = group === undefined ? ONE : checkId("group", group);
    return kinds.map((kind) => below(level, ONE, kind));
  };
  const deviceFilters = (group: string, device: string) => {
    const own = [checkId("group", group), checkId("device", device)];
    return [
      below(...own, "desired"),
      below(...own, "command", ONE),
      below(...own, "receipt"),
      below(...own, "model"),
      below(group, ALL, "desired"),
      below(group, ALL, "model"),
    ];
  };
  return {
    prefix,
    build: (address) => below(...addressLevels(address)),
    parse: (topic) => (topic.startsWith(start) ? parseLevels(topic.slice(start.length).split(SEPARATOR)) : undefined),
    gatewayFilters,
    deviceFilters,
    stateFilter: () => below(GATEWAY, ONE, "state"),
    everythingFilter: () => below(REST),
  };
}

function checkPrefix(prefix: string): string {
  const levels = prefix.split(SEPARATOR);
  const sound = levels.every((level) => level !== "") && !/[+#\p{Cc}\p{Surrogate}]/u.test(prefix);
  if (sound && !prefix.startsWith("$") && prefix.length <= LONGEST_PREFIX) return prefix;
  throw new ProtocolError(
    "prefix",
    `topic prefix ${JSON.stringify(prefix)} is not allowed: 1 to ${LONGEST_PREFIX} characters, no empty level, ` +
      "no +, # or control character, no $ first",
  );
}

function addressLevels(address: Address): string[] {
  switch (address.kind) {
    case "state":
      return [GATEWAY, checkId("gateway", address.gateway), address.kind];
    case "command":
      return [...deviceLevels(address), address.kind, checkId("command", address.name)];
    case "desired":
    case "model":
      if (address.audience === "all") return [checkId("group", address.group), ALL, address.kind];
      return [...deviceLevels(address), address.kind];
    default:
      return [...deviceLevels(address), address.kind];
  }
}

function deviceLevels(address: { readonly group: string; readonly device: string }): [string, string] {
  return [checkId("group", address.group), checkId("device", address.device)];
}

function parseLevels(levels: readonly string[]): Address | undefined {
  const [first = "", second = "", kind, name = ""] = levels;
  if (levels.length === 4) {
    return kind === "command" && isId(first) && isId(second) && isId(name)
      ? { kind, group: first, device: second, name }
      : undefined;
  }
  if (levels.length !== 3) return undefined;
  if (first === GATEWAY) return kind === "state" && isId(second) ? { kind, gateway: second } : undefined;
  if (!isId(first)) return undefined;
  if (kind === "desired" || kind === "model") {
    if (second === ALL) return { kind, audience: "all", group: first };
    return isId(second) ? { kind, audience: "device", group: first, device: second } : undefined;
  }
  const plain = kind === "receipt" ? kind : upKinds.find((up) => up === kind);
  return plain !== undefined && isId(second) ? { kind: plain, group: first, device: second } : undefined;
}

/** The levels of any topic or filter, for whoever must match one against the other. */
export function topicLevels(topic: string): string[] {
  return topic.split(SEPARATOR);
}

/** Whether MQTT lets one publish to this topic: not empty, at most 65,535 bytes, no wildcard, no NUL. */
export function isTopicName(topic: string): boolean {
  return isTopicString(topic) && !/[+#]/.test(topic);
}

/** Whether MQTT lets one subscribe to this filter: wildcards fill whole levels, and `#` is the last of them. */
export function isTopicFilter(filter: string): boolean {
  if (!isTopicString(filter)) return false;
  const levels = topicLevels(filter);
  return levels.every((level, index) =>
    level === REST ? index === levels.length - 1 : level === ONE || !/[+#]/.test(level),
  );
}

function isTopicString(text: string): boolean {
  return text !== "" && !text.includes("\0") && !/\p{Surrogate}/u.test(text) && utf8Length(text) <= 65_535;
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
