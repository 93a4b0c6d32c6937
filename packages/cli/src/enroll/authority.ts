import { join } from "node:path";
import { type BrokerUser, identityName, type NamedIdentity } from "@zipml/gateway";
import { stringify } from "yaml";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { issueCertificate, type KeyPair, makeAuthority, type Validity } from "./certificates.ts";
import { makeSecretFolder, readSecret } from "./secret-file.ts";

/** Where a folder of keys has what. */
const authorityFolder = "authority";
const gatewayFolder = "gateway";

const placeSchema = z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) });

/** Where devices reach the gateway. */
export type Place = z.infer<typeof placeSchema>;

/** A new authority and the certificate of the gateway's broker. */
export interface NewAuthority extends Place {
  /** The folder of all keys. */
  readonly folder: string;
  /** Other names and addresses of the gateway. */
  readonly aliases: readonly string[];
  readonly group: string;
  readonly days: number;
}

const day = 24 * 3600 * 1000;

/** From an hour ago: clocks of small machines are late. */
function validFor(days: number): Validity {
  const now = Date.now();
  return { from: new Date(now - day / 24), to: new Date(now + days * day) };
}

/**
 * Makes an authority, a certificate for the broker in the gateway, and the gateway's configuration file.
 *
 * @param order What is wanted.
 * @returns The folder of the gateway.
 * @throws {@link CliError} `file` where the folder has an authority already.
 */
export async function createAuthority(order: NewAuthority): Promise<string> {
  const { folder, host, port, aliases, group, days } = order;
  const validity = validFor(days);
  const authority = await makeAuthority(`zipml ${group}`, validity);
  await makeSecretFolder(join(folder, authorityFolder), {
    "ca.pem": authority.cert,
    "ca.key": authority.key,
    "place.json": `${JSON.stringify({ host, port })}\n`,
  });
  const hosts = [...new Set([host, ...aliases, "localhost", "127.0.0.1"])];
  const { cert, key } = await issueCertificate(authority, host, { kind: "server", hosts }, validity);
  const gateway = join(folder, gatewayFolder);
  const files = { "broker-cert": "cert.pem", "broker-key": "key.pem", "broker-ca": "ca.pem" };
  await makeSecretFolder(gateway, {
    "ca.pem": authority.cert,
    "cert.pem": cert,
    "key.pem": key,
    "gateway.yaml": stringify({ gateway: { group, host: "0.0.0.0", port, ...files } }),
  });
  return gateway;
}

async function openAuthority(folder: string): Promise<KeyPair & Place> {
  const at = (name: string): string => join(folder, authorityFolder, name);
  const [cert, key, place] = await Promise.all(["ca.pem", "ca.key", "place.json"].map((name) => readSecret(at(name))));
  if (cert === undefined || key === undefined || place === undefined)
    throw new CliError("file", `${folder}: no authority`);
  try {
    return { cert, key, ...placeSchema.parse(JSON.parse(place)) };
  } catch (cause) {
    throw new CliError("file", `${at("place.json")} does not tell host and port of the gateway`, cause);
  }
}

/** What `enroll` writes beside the keys of a client. */
function configurationOf(identity: NamedIdentity, { host, port }: Place): Record<string, string> {
  const connection = {
    url: `mqtts://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: "ca.pem",
    cert: "cert.pem",
    key: "key.pem",
  };
  switch (identity.kind) {
    case "device":
      return { "device.yaml": stringify({ device: { group: identity.group, id: identity.id, ...connection } }) };
    case "gateway":
      return { "gateway.yaml": stringify({ gateway: { group: identity.group, id: identity.id, ...connection } }) };
    case "operator":
      return { "tail.yaml": stringify({ tail: connection }) };
  }
}

/**
 * Makes the key and certificate of a client, with the authority's certificate and its configuration file beside them.
 *
 * @param folder The folder of all keys.
 * @param identity Who the client is.
 * @param days How long the certificate is valid.
 * @returns The client's folder: what its machine needs, and nothing else.
 * @throws {@link CliError} `file` where there is no authority, or the client has a folder already; DataError `file`.
 */
export async function enrollClient(folder: string, identity: NamedIdentity, days: number): Promise<string> {
  const authority = await openAuthority(folder);
  const name = identityName(identity);
  const { cert, key } = await issueCertificate(authority, name, { kind: "client" }, validFor(days)).catch(
    (cause: unknown) => {
      throw new CliError("file", `${folder}: the authority's certificate or key can't be used`, cause);
    },
  );
  const own = join(folder, "clients", name);
  await makeSecretFolder(own, {
    "ca.pem": authority.cert,
    "cert.pem": cert,
    "key.pem": key,
    ...configurationOf(identity, authority),
  });
  return own;
}

/** One line of a users file. */
export function userLine({ name, passwordHash }: BrokerUser): string {
  return `${name}:${passwordHash}`;
}
