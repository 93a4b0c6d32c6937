import { readFile } from "node:fs/promises";
import { fileError } from "@zipml/gateway/data";
import type { Connector } from "@zipml/protocol";
import { mqtt, type TlsOptions } from "@zipml/protocol/mqtt";
import { type connectionOptions, passwordVariable } from "./connection-options.ts";
import type { OptionValues } from "./options.ts";

async function pem(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  return readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
}

async function tlsOf(values: OptionValues<typeof connectionOptions>): Promise<TlsOptions | undefined> {
  const [ca, cert, key] = await Promise.all([pem(values.ca), pem(values.cert), pem(values.key)]);
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/**
 * A connector from a command's options.
 *
 * @param values The options' values.
 * @throws DataError `file` for a certificate that can't be read, TransportError `option` for options that can't work.
 */
export async function connectorOf(values: OptionValues<typeof connectionOptions>): Promise<Connector> {
  const tls = await tlsOf(values);
  const password = process.env[passwordVariable];
  return mqtt({
    url: values.url,
    protocol: values.protocol,
    ...(values.username === undefined ? {} : { username: values.username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    ...(values["allow-plaintext"] === true ? { allowPlaintext: true } : {}),
  });
}
