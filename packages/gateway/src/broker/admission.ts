import { isIPv6 } from "node:net";
import type { Clock } from "@zipml/protocol";
import type { BrokerLimits } from "./options.ts";
import type { BrokerRefusal } from "./status.ts";
import { createTokenBucket } from "./token-bucket.ts";

/** Decides which connections are taken at all. */
export interface Admission {
  /** Connections that were taken and have not left. */
  readonly count: number;
  /** Takes a connection from an address, or says why not. */
  enter(address: string): BrokerRefusal | undefined;
  /** A connection that was taken has closed. */
  leave(address: string): void;
}

/** What stands for one sender: an IPv4 address, or the network (/64) of an IPv6 address, which one host has to itself. */
export function senderOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - front.length - back.length)).fill("0");
  return [...front, ...zeros, ...back].slice(0, 4).join(":");
}

/**
 * Counts connections.
 *
 * @param limits Bounds.
 * @param clock Time.
 */
export function createAdmission(limits: BrokerLimits, clock: Pick<Clock, "now">): Admission {
  const { connections, connectionsPerAddress, connectsPerSecond } = limits;
  const bucket = createTokenBucket(connectsPerSecond, 2 * connectsPerSecond, clock);
  const bySender = new Map<string, number>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    enter: (address) => {
      const sender = senderOf(address);
      const there = bySender.get(sender) ?? 0;
      if (count >= connections || there >= connectionsPerAddress) return "connections";
      if (!bucket.take(1)) return "connect-rate";
      count += 1;
      bySender.set(sender, there + 1);
      return undefined;
    },
    leave: (address) => {
      const sender = senderOf(address);
      const there = bySender.get(sender) ?? 0;
      count -= 1;
      if (there > 1) bySender.set(sender, there - 1);
      else bySender.delete(sender);
    },
  };
}
