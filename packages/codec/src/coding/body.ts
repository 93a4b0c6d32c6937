import { packCodes, unpackCodes } from "../bit-packing.ts";
import { type DitherPlace, eachDithered } from "../dither.ts";
import { ReadingError } from "../errors.ts";
import type { Quantizer } from "../quantizer.ts";
import { decodeArithmetic, encodeArithmetic } from "./arithmetic.ts";
import type { Coding } from "./coding.ts";
import { decodeExact, encodeExact } from "./exact.ts";
import { checkVolume, maxCodedValues } from "./layout.ts";
import { decodeRice, encodeRice } from "./rice.ts";

/** The rows of a frame, as codes and where they may go exactly also as they were read; row-major rows × channels. */
export interface BodyRows {
  readonly codes: Uint16Array;
  /** Scheme `dither`: the frame's place. */
  readonly place?: DitherPlace | undefined;
  /** The readings themselves. Without them coding `exact` is left out. */
  readonly values?: Float64Array | undefined;
}

/** A body with its coding. */
export interface EncodedBody {
  readonly coding: Coding;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** What of a frame its body is decoded by. A `Frame` is one. */
export interface FrameBody {
  readonly coding: Coding;
  readonly body: Uint8Array;
  readonly rows: number;
}

/** What a body holds: codes of the grid, or in coding `exact` the readings themselves, which have no spread. */
export type DecodedBody =
  | { readonly kind: "codes"; readonly codes: Uint16Array }
  | { readonly kind: "values"; readonly values: Float64Array };

/** What dither added before rounding, in 1/256 of a step rounded down: all that the coding of a frame makes use of. */
function offsetsOf(
  { grid, channels, columns }: Quantizer,
  place: DitherPlace | undefined,
  rows: number,
): Int8Array | undefined {
  if (grid.scheme !== "dither") return undefined;
  if (place === undefined)
    throw new ReadingError("scheme", "coding arithmetic of scheme dither needs the frame's place", 0, 0);
  const offsets = new Int8Array(rows * channels.length);
  eachDithered(place, columns, offsets.length, (dithers, start) => {
    for (let i = 0; i < dithers.length; i++) offsets[start + i] = Math.floor(256 * (dithers[i] as number));
  });
  return offsets;
}

/**
 * What a body says of the readings.
 *
 * @param decoded The body's rows.
 * @param quantizer Of the frame's grid, all its channels.
 * @param place Scheme `dither`: the frame's place.
 * @returns rows × channels, in the channels' units: means of codes, or the readings themselves; a new array, or a view of
 * the latter.
 * @throws ReadingError `scheme` for dithered codes without their place.
 */
export function bodyMeans(decoded: DecodedBody, quantizer: Quantizer, place?: DitherPlace): Float64Array {
  if (decoded.kind === "values") return decoded.values;
  const means = new Float64Array(decoded.codes.length);
  quantizer.meansInto(decoded.codes, means, place);
  return means;
}

/**
 * The body of a frame, in the smallest coding that the grid allows.
 *
 * @param rows Codes, none above its channel's top code; at least one row.
 * @param quantizer Of the grid that the codes belong to, all its channels.
 * @param allowed What the grid's coding names (see {@link Coding}).
 * @returns Coding and body; `packed` if another takes as many bytes, and `exact` before the others.
 * @throws ReadingError as `packCodes` does.
 */
export function encodeBody(rows: BodyRows, quantizer: Quantizer, allowed: Coding): EncodedBody {
  const { codes } = rows;
  const plain: EncodedBody = { coding: "packed", body: packCodes(codes, quantizer) }; // refuses what is no code
  if (allowed === "packed" || codes.length === 0 || codes.length > maxCodedValues) return plain;
  return smallestBody(rows, quantizer, allowed, plain);
}

function smallestBody(
  { codes, place, values }: BodyRows,
  quantizer: Quantizer,
  allowed: Coding,
  plain: EncodedBody,
): EncodedBody {
  const width = quantizer.channels.length;
  if (allowed === "exact" && values !== undefined) {
    const body = encodeExact(values, width);
    if (body !== undefined) return { coding: "exact", body };
  }
  let best = plain;
  const consider = (coding: Coding, body: Uint8Array<ArrayBuffer> | undefined): void => {
    if (body !== undefined) best = { coding, body };
  };
  consider("rice", encodeRice(codes, quantizer, best.body.length));
  const cheap = allowed === "rice";
  if (!cheap) {
    const offsets = offsetsOf(quantizer, place, codes.length / width);
    consider("arithmetic", encodeArithmetic(codes, quantizer, offsets, best.body.length));
  }
  const room = best.body.length + (best.coding === "packed" ? 0 : 1);
  if (values !== undefined) consider("exact", encodeExact(values, width, room, cheap));
  return best;
}

/**
 * The reverse of {@link encodeBody}.
 *
 * @example
 * ```ts
 * const frame = decodeFrame(bytes);
 * const rows = decodeBody(frame, quantizer, ditherPlace(grid, { device, ...frame }));
 * ```
 *
 * @param frame Coding, body and number of rows of a frame.
 * @param quantizer Of the frame's grid, all its channels.
 * @param place Scheme `dither`: the frame's place.
 * @returns Codes or readings; new arrays.
 * @throws DecodeError, and nothing else, for a body that the encoder never makes; ReadingError `scheme` where scheme
 * `dither` lacks the place, which is the caller's fault.
 */
export function decodeBody(frame: FrameBody, quantizer: Quantizer, place?: DitherPlace): DecodedBody {
  const { coding, body, rows } = frame;
  switch (coding) {
    case "packed":
      return { kind: "codes", codes: unpackCodes(body, rows, quantizer) };
    case "rice":
      return { kind: "codes", codes: decodeRice(body, rows, quantizer) };
    case "arithmetic":
      checkVolume(rows, quantizer.channels.length);
      return { kind: "codes", codes: decodeArithmetic(body, rows, quantizer, offsetsOf(quantizer, place, rows)) };
    case "exact":
      return { kind: "values", values: decodeExact(body, rows, quantizer.channels.length) };
  }
}
