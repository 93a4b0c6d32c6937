import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../errors.ts";

/** Cost of scrypt (RFC 7914): 2^`logCost` blocks of 128·`blockSize` bytes, `parallel` times. */
export interface PasswordCost {
  /** 10 to 20. Default 15. */
  readonly logCost: number;
  /** 1 to 32. Default 8. */
  readonly blockSize: number;
  /** 1 to 16. Default 1. */
  readonly parallel: number;
}

/** A parsed password hash. */
export interface PasswordHash extends PasswordCost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** 32 MiB and some 80 ms a password. */
const defaultCost: PasswordCost = { logCost: 15, blockSize: 8, parallel: 1 };
const largestMemory = 256 * 1024 * 1024;
const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const memoryOf = ({ logCost, blockSize }: PasswordCost): number => 128 * 2 ** logCost * blockSize;

function derive(password: string | Uint8Array, salt: Uint8Array, length: number, cost: PasswordCost): Promise<Buffer> {
  const { logCost, blockSize, parallel } = cost;
  const options = { N: 2 ** logCost, r: blockSize, p: parallel, maxmem: 2 * memoryOf(cost) + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

function isAllowed(cost: PasswordCost): boolean {
  const { logCost, blockSize, parallel } = cost;
  const within = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  return (
    within(logCost, 10, 20) && within(blockSize, 1, 32) && within(parallel, 1, 16) && memoryOf(cost) <= largestMemory
  );
}

/**
 * Hashes a password with scrypt and a random salt.
 *
 * @param password At least 8 characters.
 * @param cost Cost; more is slower to guess and to check.
 * @returns `$scrypt$ln=…,r=…,p=…$salt$hash`, the last two in base64 without padding.
 * @throws {@link GatewayError} `options` for a short password, or a cost out of its ranges or above 256 MiB. The password
 * is not in the message.
 */
export async function hashPassword(password: string, cost: Partial<PasswordCost> = {}): Promise<string> {
  const full = { ...defaultCost, ...cost };
  if (password.length < 8) throw new GatewayError("options", "a password needs at least 8 characters");
  if (!isAllowed(full))
    throw new GatewayError(
      "options",
      "cost of a password: logCost 10 to 20, blockSize 1 to 32, parallel 1 to 16, and at most 256 MiB",
    );
  const salt = randomBytes(16);
  const hash = await derive(password, salt, 32, full);
  const text = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
  return `$scrypt$ln=${full.logCost},r=${full.blockSize},p=${full.parallel}$${text(salt)}$${text(hash)}`;
}

/**
 * Reads a password hash.
 *
 * @returns Undefined where it is none, or one whose cost is out of its ranges.
 */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, ln, r, p, salt = "", hash = ""] = match;
  const cost = { logCost: Number(ln), blockSize: Number(r), parallel: Number(p) };
  const parsed = { ...cost, salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
  if (!isAllowed(cost) || parsed.salt.length < 8 || parsed.hash.length < 16 || parsed.hash.length > 64)
    return undefined;
  return parsed;
}

/**
 * Checks a password, in a time that does not depend on where it differs.
 *
 * @param password What was given.
 * @param expected The hash.
 */
export async function checkPassword(password: string | Uint8Array, expected: PasswordHash): Promise<boolean> {
  const hash = await derive(password, expected.salt, expected.hash.length, expected);
  return timingSafeEqual(hash, expected.hash);
}

/** A hash that no password has, at the default cost: to take as long over an unknown name as over a known one. */
export function impossibleHash(): PasswordHash {
  return { ...defaultCost, salt: randomBytes(16), hash: randomBytes(32) };
}
