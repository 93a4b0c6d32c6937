import { type Address, delivery, type Topics, upKinds } from "@zipml/protocol";
import type { Identity } from "./identity.ts";

/** What each identity may send and read. What is not allowed here is denied. */
export interface Permissions {
  /**
   * Whether a message may be published.
   *
   * @param retain Whether the broker is asked to keep it; a kind that is not kept is refused with it.
   */
  mayPublish(identity: Identity, topic: string, retain: boolean): boolean;
  /** Whether a filter may be subscribed to. */
  maySubscribe(identity: Identity, filter: string): boolean;
  /** Whether a message on a topic may be delivered: what a session of earlier rights still holds is checked again. */
  mayRead(identity: Identity, topic: string): boolean;
}

const RESERVED = "$"; // the broker's own topics

function isUp(address: Address): boolean {
  return upKinds.some((kind) => kind === address.kind);
}

function isFor(address: Address, group: string, device: string): boolean {
  if (address.kind === "state") return true;
  if (isUp(address) || address.group !== group) return false;
  return !("device" in address) || address.device === device;
}

/**
 * The rules under a prefix: a device writes its own topics up and reads its own and its group's topics down and the
 * gateways' states; a gateway does everything in its group and writes its own state; an operator reads everything under
 * the prefix; who is anonymous or inside may do everything but write the broker's own topics.
 *
 * @param topics The topics under that prefix.
 */
export function createPermissions(topics: Topics): Permissions {
  const everything = topics.everythingFilter().slice(0, -1);
  const probe = "x"; // a device's id that is in no kind's name
  const groupStart = (group: string): string => {
    const topic = topics.build({ kind: "birth", group, device: probe });
    return topic.slice(0, topic.lastIndexOf(probe));
  };

  const mayPublish: Permissions["mayPublish"] = (identity, topic, retain) => {
    if (topic.startsWith(RESERVED)) return false;
    if (identity.kind === "anonymous" || identity.kind === "inside") return true;
    const address = topics.parse(topic);
    if (address === undefined || identity.kind === "operator") return false;
    if (retain && !delivery(address.kind).retain) return false;
    if (address.kind === "state") return identity.kind === "gateway" && address.gateway === identity.id;
    if (address.group !== identity.group) return false;
    return identity.kind === "gateway" || (isUp(address) && "device" in address && address.device === identity.id);
  };
  const mayRead: Permissions["mayRead"] = (identity, topic) => {
    if (identity.kind === "anonymous" || identity.kind === "inside") return true;
    if (identity.kind === "operator") return topic.startsWith(everything);
    const address = topics.parse(topic);
    if (address === undefined) return false;
    if (identity.kind === "device") return isFor(address, identity.group, identity.id);
    return address.kind === "state" || address.group === identity.group;
  };
  const maySubscribe: Permissions["maySubscribe"] = (identity, filter) => {
    switch (identity.kind) {
      case "anonymous":
      case "inside":
        return true;
      case "operator":
        return filter.startsWith(everything);
      case "gateway":
        return (
          filter.startsWith(groupStart(identity.group)) || filter === topics.stateFilter() || mayRead(identity, filter)
        );
      case "device":
        return (
          topics.deviceFilters(identity.group, identity.id).includes(filter) ||
          filter === topics.stateFilter() ||
          mayRead(identity, filter)
        );
    }
  };
  return { mayPublish, maySubscribe, mayRead };
}
