import { decodeExact, encodeExact } from "./coding/exact.ts";
import { DecodeError } from "./errors.ts";
import { frameVersion } from "./frame.ts";
import { maxGridEpoch } from "./grid.ts";
import { createReader, type Reader } from "./wire/reader.ts";
import { createWriter, headSize, type Writer } from "./wire/writer.ts";

/** Where a row stands in its session. */
export interface RowPlace {
  /** Sequence of its frame, 0 … 2³² − 1. */
  readonly sequence: number;
  /** Its number within the frame, from 0, 0 … 65,534. */
  readonly row: number;
}

/** How the readings of an answer are written: the shortest that carries all of them as they are. */
export type AnswerForm = "float64" | "float32" | "exact"; // as the body of a frame in coding `exact`

/** All forms, in the order of their numbers on the wire. */
const forms: readonly AnswerForm[] = ["float64", "float32", "exact"];

/**
 * The answer to a request for exact rows: a data message with a sequence of its own in the device's present session, kept,
 * sent and receipted as a frame of readings is.
 */
export interface ExactAnswer {
  /** Session of the device that answers. */
  readonly session: number;
  /** Place of the answer in that session. */
  readonly sequence: number;
  /** Epoch of a grid of that session: it tells the schema of the readings. */
  readonly grid: number;
  /** Session in which the rows came. */
  readonly of: number;
  /** The rows that follow, rising. */
  readonly rows: readonly RowPlace[];
  /** Rows that were asked for and are no longer kept, rising. */
  readonly gone: readonly RowPlace[];
  readonly form: AnswerForm;
  /** Readings of the rows, all channels, in that form. */
  readonly body: Uint8Array;
}

/** Most rows that one answer tells of. */
export const maxAnswerRows = 1024;

const fields = 9;
/** First item: what the version is in a frame, with the last of the eight codings that it leaves room for. */
const kind = 8 * frameVersion + 7;
const [unsigned, array] = [0, 4];
const maxWord = 0xffffffff;
const maxRow = 0xfffe;

/** Whether a data message is an answer and not a frame. */
export function isExactAnswer(bytes: Uint8Array): boolean {
  return bytes[0] === (array << 5) + fields && bytes[1] === kind;
}

/** Whether `a` stands before `b`. */
const isBefore = (a: RowPlace, b: RowPlace): boolean =>
  a.sequence < b.sequence || (a.sequence === b.sequence && a.row < b.row);

/**
 * The readings of an answer, in the shortest form that carries them as they are.
 *
 * @param values rows × channels finite readings.
 * @param channels Their number.
 * @returns Form and body, a new array. Zero keeps no sign in the form `exact`.
 */
export function answerBody(values: Float64Array, channels: number): Pick<ExactAnswer, "form" | "body"> {
  const isSingle = values.every((value) => Math.fround(value) === value);
  const size = values.length * (isSingle ? 4 : 8);
  const decimal = values.length === 0 ? undefined : encodeExact(values, channels, size, true);
  if (decimal !== undefined) return { form: "exact", body: decimal };
  const body = new Uint8Array(size);
  const view = new DataView(body.buffer);
  for (const [i, value] of values.entries())
    if (isSingle) view.setFloat32(4 * i, value, true);
    else view.setFloat64(8 * i, value, true);
  return { form: isSingle && values.length > 0 ? "float32" : "float64", body };
}

/**
 * The reverse of {@link answerBody}.
 *
 * @param answer Rows, form and body.
 * @param channels Of the schema that the answer's grid belongs to.
 * @returns rows × channels readings; a new array.
 * @throws {@link DecodeError} `length`, `range` for a reading that is not finite, and as coding `exact` does.
 */
export function answerReadings({ rows, form, body }: ExactAnswer, channels: number): Float64Array {
  if (form === "exact") return decodeExact(body, rows.length, channels);
  const width = form === "float32" ? 4 : 8;
  const count = rows.length * channels;
  if (body.length !== count * width)
    throw new DecodeError("length", `${body.length} bytes for ${rows.length} rows of ${channels} readings`, 0);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = width === 4 ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
    if (!Number.isFinite(value)) throw new DecodeError("range", `reading ${i} is ${value}`, width * i);
    values[i] = value;
  }
  return values;
}

function checkWhole(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new RangeError(`answer ${name} must be a whole number from 0 to ${most}, not ${value}`);
}

function checkPlaces(places: readonly RowPlace[]): void {
  for (const [i, place] of places.entries()) {
    checkWhole("sequence of a row", place.sequence, maxWord);
    checkWhole("row", place.row, maxRow);
    const before = places[i - 1];
    if (before !== undefined && !isBefore(before, place)) throw new RangeError("answer rows must rise");
  }
}

const placesSize = (places: readonly RowPlace[]): number =>
  places.reduce((sum, { sequence, row }) => sum + headSize(sequence) + headSize(row), headSize(2 * places.length));

/**
 * Writes an answer: the CBOR array [15, session, sequence, grid, of, rows, gone, form, body] with the rows as
 * sequence, row, sequence, row …
 *
 * @returns The bytes; a new array.
 * @throws RangeError for a field outside its range, rows that do not rise, or none.
 */
export function encodeExactAnswer(answer: ExactAnswer): Uint8Array {
  const { session, sequence, grid, of, rows, gone, form, body } = answer;
  for (const [name, value] of Object.entries({ session, sequence, of })) checkWhole(name, value, maxWord);
  checkWhole("grid", grid, maxGridEpoch);
  if (rows.length + gone.length < 1 || rows.length + gone.length > maxAnswerRows)
    throw new RangeError(`an answer tells of 1 to ${maxAnswerRows} rows, not ${rows.length + gone.length}`);
  checkPlaces(rows);
  checkPlaces(gone);
  const integers = [session, sequence, grid, of].reduce((sum, value) => sum + headSize(value), 0);
  const size = 3 + integers + placesSize(rows) + placesSize(gone) + headSize(body.length) + body.length;
  const writer = createWriter(size);
  writer.head(array, fields);
  for (const value of [kind, session, sequence, grid, of]) writer.head(unsigned, value);
  writePlaces(writer, rows);
  writePlaces(writer, gone);
  writer.head(unsigned, forms.indexOf(form));
  writer.bytes(body);
  return writer.finish();
}

function writePlaces(writer: Writer, places: readonly RowPlace[]): void {
  writer.head(array, 2 * places.length);
  for (const { sequence, row } of places) {
    writer.head(unsigned, sequence);
    writer.head(unsigned, row);
  }
}

function readPlaces(reader: Reader, what: string, most: number): RowPlace[] {
  const at = reader.offset;
  const count = reader.items(what, 2 * most);
  if (count % 2 !== 0) throw new DecodeError("length", `${what}: ${count} numbers, where two tell a row`, at);
  const places: RowPlace[] = [];
  for (let i = 0; i < count; i += 2) {
    const offset = reader.offset;
    const place = { sequence: reader.head(unsigned, what, maxWord), row: reader.head(unsigned, what, maxRow) };
    const before = places.at(-1);
    if (before !== undefined && !isBefore(before, place)) throw new DecodeError("form", `${what} do not rise`, offset);
    places.push(place);
  }
  return places;
}

/**
 * Reads an answer. Its readings need the number of channels: {@link answerReadings}.
 *
 * @param bytes What a device sent; not kept.
 * @param maxBytes Checked before anything is allocated.
 * @returns The answer; its body is a copy.
 * @throws {@link DecodeError}, and nothing else.
 */
export function decodeExactAnswer(bytes: Uint8Array, maxBytes = 65_536): ExactAnswer {
  if (bytes.length > maxBytes)
    throw new DecodeError("size", `${bytes.length} bytes, more than the ${maxBytes} allowed`, 0);
  const reader = createReader(bytes);
  const items = reader.head(array, "answer");
  const at = reader.offset;
  if (reader.head(unsigned, "kind") !== kind) throw new DecodeError("coding", "is no answer of a known kind", at);
  if (items !== fields) throw new DecodeError("length", `${items} fields; an answer has ${fields}`, 0);
  const session = reader.head(unsigned, "session", maxWord);
  const sequence = reader.head(unsigned, "sequence", maxWord);
  const grid = reader.head(unsigned, "grid", maxGridEpoch);
  const of = reader.head(unsigned, "session of the rows", maxWord);
  const rowsAt = reader.offset;
  const rows = readPlaces(reader, "rows", maxAnswerRows);
  const gone = readPlaces(reader, "rows that are gone", maxAnswerRows - rows.length);
  if (rows.length + gone.length === 0) throw new DecodeError("range", "an answer that tells of no row", rowsAt);
  const formAt = reader.offset;
  const form = forms[reader.head(unsigned, "form")];
  if (form === undefined) throw new DecodeError("coding", "the form of the readings is not known", formAt);
  const bodyAt = reader.offset;
  const body = reader.bytes("readings");
  if ((rows.length === 0) !== (body.length === 0))
    throw new DecodeError("length", `${body.length} bytes of readings for ${rows.length} rows`, bodyAt);
  reader.end();
  return { session, sequence, grid, of, rows, gone, form, body };
}
