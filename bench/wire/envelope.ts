import { Encoder } from "cbor-x";
import type { Message } from "./series.ts";

/** Floats as float32, integers as short as they are. */
export const cbor = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false, useFloat32: 1 });

/**
 * Bytes of a CBOR array [t0, dt, body] in whole seconds, the least that tells when readings were taken: nothing that tells
 * messages or their layout apart.
 *
 * @param body Bytes of the readings.
 * @param counted Whether the body does not tell how many readings there are, so that their number stands before it.
 */
export function enveloped({ values, start, interval }: Message, body: number, counted: boolean): number {
  const head = values.length === 1 ? [start] : [start, interval / 1000, ...(counted ? [values.length] : [])];
  return cbor.encode(head).length + byteStringHead(body) + body;
}

function byteStringHead(length: number): number {
  return length < 24 ? 1 : length < 256 ? 2 : length < 65_536 ? 3 : 5;
}
