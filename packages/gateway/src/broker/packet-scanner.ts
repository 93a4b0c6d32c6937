/** What is wrong with a stream of packets. */
export type ScanFault = "malformed" | "oversized";

/** What a scan found. */
export interface Scan {
  /** Bytes of the chunk that were gone over: all of it, unless the wanted packet ended before. */
  readonly taken: number;
  /** Packets that began in these bytes, their fixed header being complete. */
  readonly begun: number;
  /** Packets that ended in these bytes. */
  readonly ended: number;
  readonly fault: ScanFault | undefined;
}

/** Follows the packets of an MQTT stream by their fixed headers, in chunks cut anywhere. It keeps no bytes. */
export interface PacketScanner {
  /**
   * Goes over the next bytes. After a fault the stream is lost: don't go on.
   *
   * @param chunk The bytes; only read.
   * @param limit Largest remaining length of a packet that begins here.
   * @param most Packets after whose end to stop.
   */
  scan(chunk: Uint8Array, limit: number, most: number): Scan;
}

const CONNECT = 1;
const PUBLISH = 3;

/**
 * Flags that a client's packets must have (MQTT 3.1.1, table 2.2), by packet type. Types left out come from brokers only
 * or are reserved.
 */
const flagsOf: ReadonlyMap<number, number> = new Map([
  [CONNECT, 0],
  [4, 0], // PUBACK
  [5, 0], // PUBREC
  [6, 2], // PUBREL
  [7, 0], // PUBCOMP
  [8, 2], // SUBSCRIBE
  [10, 2], // UNSUBSCRIBE
  [12, 0], // PINGREQ
  [14, 0], // DISCONNECT
]);

function isFirstByte(byte: number, first: boolean): boolean {
  const type = byte >> 4;
  if (first !== (type === CONNECT)) return false;
  return type === PUBLISH ? (byte & 0b110) !== 0b110 : flagsOf.get(type) === (byte & 15);
}

/** A scanner at the start of a client's stream: the first packet must be CONNECT, no other may. */
export function createPacketScanner(): PacketScanner {
  let first = true;
  let left = 0; // bytes of the packet's body still to come
  let lengthBytes = -1; // bytes of the remaining length read so far; -1 between packets
  let length = 0;
  return {
    scan: (chunk, limit, most) => {
      let begun = 0;
      let ended = 0;
      let at = 0;
      const found = (fault?: ScanFault): Scan => ({ taken: at, begun, ended, fault });
      while (at < chunk.length && ended < most) {
        if (left > 0) {
          const step = Math.min(left, chunk.length - at);
          at += step;
          left -= step;
          if (left === 0) ended += 1;
          continue;
        }
        const byte = chunk[at] ?? 0;
        at += 1;
        if (lengthBytes < 0) {
          if (!isFirstByte(byte, first)) return found("malformed");
          first = false;
          lengthBytes = 0;
          length = 0;
          continue;
        }
        length += (byte & 127) * 128 ** lengthBytes;
        lengthBytes += 1;
        if (length > limit) return found("oversized");
        if (byte < 128) {
          lengthBytes = -1;
          begun += 1;
          left = length;
          if (left === 0) ended += 1;
        } else if (lengthBytes === 4) return found("malformed");
      }
      return found();
    },
  };
}
