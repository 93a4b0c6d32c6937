import "reflect-metadata"; // the library below needs it to be there first
import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** A certificate and its key, as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** From when to when a certificate is valid. */
export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

/** What a certificate is for. */
export type CertificateUse =
  | { readonly kind: "server"; readonly hosts: readonly string[] } // names and addresses it is reached by
  | { readonly kind: "client" };

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Usages of a TLS certificate (RFC 5280, 4.2.1.12). */
const serverAuthentication = "1.3.6.1.5.5.7.3.1";
const clientAuthentication = "1.3.6.1.5.5.7.3.2";

const makeKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

/** 126 random bits after a set one: positive, and of one length. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function keyFromPem(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem);
  if (der === undefined) throw new Error("no PEM block in it");
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}

const toPem = (certificate: x509.X509Certificate): string => `${certificate.toString("pem")}\n`;

const nameOf = (commonName: string): x509.JsonName => [{ CN: [commonName] }];

/**
 * Makes an authority: it signs certificates of clients and servers, and no other authority.
 *
 * @param commonName Its name, for people.
 * @param validity From when to when.
 */
export async function makeAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf(commonName),
    notBefore: validity.from,
    notAfter: validity.to,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: toPem(certificate), key: await keyToPem(keys.privateKey) };
}

function usageExtensions(use: CertificateUse): x509.Extension[] {
  if (use.kind === "client") return [new x509.ExtendedKeyUsageExtension([clientAuthentication])];
  const names = use.hosts.map((host) => ({ type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const), value: host }));
  return [new x509.ExtendedKeyUsageExtension([serverAuthentication]), new x509.SubjectAlternativeNameExtension(names)];
}

/**
 * Makes a key and has an authority sign its certificate.
 *
 * @param authority Who signs.
 * @param commonName Whose it is; for a client its identity at the broker.
 * @param use What it is for.
 * @param validity From when to when.
 * @throws Error for an authority that can't be read.
 */
export async function issueCertificate(
  authority: KeyPair,
  commonName: string,
  use: CertificateUse,
  validity: Validity,
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.cert);
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(commonName),
    issuer: issuer.subjectName,
    notBefore: validity.from,
    notAfter: validity.to,
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await keyFromPem(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...usageExtensions(use),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: toPem(certificate), key: await keyToPem(keys.privateKey) };
}
