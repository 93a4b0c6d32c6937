import { encode as encodeMessagePack } from "@msgpack/msgpack";
import { Encoder } from "cbor-x";

/** Bytes of the same batches in formats that a user could pick instead, payloads only. */
export interface FormatBytes {
  /** One object a batch, one array a channel, numbers as short as they are. */
  readonly json: number;
  /** The same as CBOR, channels as float32 arrays (RFC 8746). */
  readonly cborFloat32: number;
  /** The same as MessagePack, channels as byte strings of float32. */
  readonly messagePackFloat32: number;
}

/**
 * Encodes batches of rows in each format, every one in its most compact usual layout: names once a batch, one start time
 * and interval, channels as columns.
 *
 * @param names Channels.
 * @param values Row-major rows × channels.
 * @param rowsPerBatch Rows of a batch.
 * @param interval Milliseconds between rows.
 */
export function formatBytes(
  names: readonly string[],
  values: Float64Array,
  rowsPerBatch: number,
  interval: number,
): FormatBytes {
  const cbor = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
  const width = names.length;
  const size = rowsPerBatch * width;
  const sums = { json: 0, cborFloat32: 0, messagePackFloat32: 0 };
  for (let at = 0; at < values.length; at += size) {
    const part = values.subarray(at, at + size);
    const columns = names.map((_, c) =>
      Float32Array.from({ length: part.length / width }, (_, r) => part[r * width + c] ?? 0),
    );
    const head = { t0: (at / width) * interval, dt: interval };
    const named = <T>(form: (column: Float32Array, c: number) => T): Record<string, T> =>
      Object.fromEntries(names.map((name, c) => [name, form(columns[c] ?? new Float32Array(), c)]));
    const exact = (_: Float32Array, c: number): number[] => Array.from(part.filter((__, i) => i % width === c));
    sums.json += Buffer.byteLength(JSON.stringify({ ...head, ...named(exact) }));
    sums.cborFloat32 += cbor.encode({ ...head, ...named((column) => column) }).length;
    sums.messagePackFloat32 += encodeMessagePack({
      ...head,
      ...named((column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength)),
    }).length;
  }
  return sums;
}
