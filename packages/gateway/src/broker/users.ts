import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../errors.ts";
import { type NamedIdentity, parseIdentity } from "./identity.ts";
import type { BrokerUser } from "./options.ts";
import { checkPassword, impossibleHash, type PasswordHash, parsePasswordHash } from "./password.ts";

/** What became of a name and a password. */
export type Login = "ok" | "wrong" | "busy";

/** Those who may connect by name and password. */
export interface UserBook {
  /** The identity that a name stands for; undefined for an unknown name. */
  find(name: string): NamedIdentity | undefined;
  /** Checks a password. Two are checked at a time, some more wait, beyond that it is `busy`. */
  login(name: string, password: Uint8Array): Promise<Login>;
  /** The hash of a name, to see whether it is still the one somebody came in with. */
  hashOf(name: string): string | undefined;
}

interface Entry {
  readonly identity: NamedIdentity;
  readonly text: string;
  readonly hash: PasswordHash;
  /** Keyed digest of the right password, once it was seen: a fleet that comes back need not wait for scrypt. */
  seen?: Uint8Array;
}

/** libuv has four threads, and the log on disk needs some. */
const atATime = 2;
const mostWaiting = 256;

function entriesOf(users: readonly BrokerUser[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [index, { name, passwordHash }] of users.entries()) {
    const where = `broker.users[${index}] (${JSON.stringify(name)})`;
    const identity = parseIdentity(name);
    if (identity === undefined)
      throw new GatewayError(
        "options",
        `${where}: a name is <group>.<device>, _gateway.<group>.<id> or _operator.<id>`,
      );
    const hash = parsePasswordHash(passwordHash);
    if (hash === undefined)
      throw new GatewayError("options", `${where}: passwordHash is not $scrypt$ln=…,r=…,p=…$salt$hash`);
    if (entries.has(name)) throw new GatewayError("options", `${where}: the name is there twice`);
    entries.set(name, { identity, text: passwordHash, hash });
  }
  return entries;
}

function createTurns(): (work: () => Promise<Login>) => Promise<Login> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atATime) {
      if (waiting.length >= mostWaiting) return "busy";
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(); // the turn goes over to it
    }
  };
}

/**
 * The users of a broker.
 *
 * @param users Names and hashes.
 * @throws {@link GatewayError} `options` that names the user; never with a hash in it.
 */
export function createUserBook(users: readonly BrokerUser[]): UserBook {
  const entries = entriesOf(users);
  const turn = createTurns();
  const key = randomBytes(32);
  const nobody = impossibleHash();
  const digest = (password: Uint8Array): Uint8Array => createHmac("sha256", key).update(password).digest();
  return {
    find: (name) => entries.get(name)?.identity,
    hashOf: (name) => entries.get(name)?.text,
    login: async (name, password) => {
      const entry = entries.get(name);
      const given = digest(password);
      if (entry?.seen !== undefined && timingSafeEqual(entry.seen, given)) return "ok";
      return turn(async () => {
        const right = await checkPassword(password, entry?.hash ?? nobody);
        if (!right || entry === undefined) return "wrong";
        entry.seen = given;
        return "ok";
      });
    },
  };
}
