import { type Constants, stated } from "../constants.ts";
import { checkBytes } from "../errors.ts";
import type { Flight } from "./tcp.ts";

/** TLS over TCP, or none. */
export type TlsVersion = "none" | "1.2" | "1.3";

const measured =
  "measured on loopback, Node 20.20, OpenSSL 3.0, client and server held to that version, self-signed P-256 certificate " +
  "with CN only, no server name; a signature varies by 3 bytes, a real chain adds 1.5 to 4 KB down";

/** Constants of TLS, with their sources. Handshakes are bytes of each flight in turn, the client's first. */
export const tlsConstants = {
  tls13RecordBytes: stated(22, "RFC 8446 section 5.2: header 5, content type 1, AEAD tag 16"),
  tls12RecordBytes: stated(29, "RFC 5246, RFC 5288: header 5, explicit nonce 8, AEAD tag 16"),
  recordPlaintextBytes: stated(16_384, "RFC 8446 section 5.1"),
  tls13HandshakeBytes: stated([225, 757, 80, 574], measured),
  tls12HandshakeBytes: stated([244, 599, 93, 258], measured),
  tls13ResumptionBytes: stated([528, 241, 80], measured),
  tls12ResumptionBytes: stated([468, 141, 51], measured),
} as const satisfies Constants;

/**
 * What TLS adds to the bytes of one write: a header and a tag for each record of up to 16,384 bytes.
 *
 * @param version The version; `none` adds nothing.
 * @param bytes Bytes written at a time, 0 or more.
 * @throws LinkError code `size`
 */
export function tlsOverheadBytes(version: TlsVersion, bytes: number): number {
  const { tls12RecordBytes, tls13RecordBytes, recordPlaintextBytes } = tlsConstants;
  const records = Math.ceil(checkBytes("bytes written", bytes) / recordPlaintextBytes.value);
  switch (version) {
    case "none":
      return 0;
    case "1.2":
      return records * tls12RecordBytes.value;
    case "1.3":
      return records * tls13RecordBytes.value;
  }
}

/**
 * The flights of a handshake.
 *
 * @param version The version; `none` has no flights.
 * @param resumed Whether a session ticket stands for the certificate.
 * @param chainBytes Certificate bytes beyond the single self-signed one, added to the server's first flight. Default 0.
 */
export function tlsHandshake(version: TlsVersion, resumed: boolean, chainBytes = 0): readonly Flight[] {
  if (version === "none") return [];
  const { tls12HandshakeBytes, tls13HandshakeBytes, tls12ResumptionBytes, tls13ResumptionBytes } = tlsConstants;
  const full = version === "1.3" ? tls13HandshakeBytes : tls12HandshakeBytes;
  const short = version === "1.3" ? tls13ResumptionBytes : tls12ResumptionBytes;
  const flights: readonly number[] = (resumed ? short : full).value;
  return flights.map((bytes, at) => ({
    direction: at % 2 === 0 ? "up" : "down",
    bytes: at === 1 && !resumed ? bytes + chainBytes : bytes,
  }));
}
