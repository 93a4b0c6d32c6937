import {
  bodyMeans,
  createQuantizer,
  DecodeError,
  decodeBody,
  decodeFrame,
  defineGrid,
  defineSchema,
  ditherPlace,
  encodeFrame,
  type Frame,
  type Grid,
  GridError,
  type Quantizer,
  rowTimes,
  type Schema,
} from "@zipml/codec";
import { gridSchema, isId, schemaSchema } from "@zipml/protocol";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { textLines } from "./text-lines.ts";

/** What a file of frames says before its first frame. */
export interface FramesHeader {
  readonly schema: Schema;
  /** Every grid that a frame of the file may name. */
  readonly grids: readonly Grid[];
  /** Id of the device whose frames they are; with a grid of scheme `dither`, which can't be decoded without. */
  readonly device?: string;
}

/** One frame of a file, decoded. */
export interface DecodedFrame {
  readonly frame: Frame;
  readonly quantizer: Quantizer;
  /** rows × channels; undefined in coding `exact`, which carries readings instead. */
  readonly codes: Uint16Array | undefined;
  /** What the frame says of the readings, rows × channels, in the channels' units. */
  readonly means: Float64Array;
  /** One time a row, milliseconds from the session's start. */
  readonly times: Float64Array;
}

/** A line of a file: a frame, or why it is none. */
export type FrameLine =
  | { readonly line: number; readonly decoded: DecodedFrame }
  | { readonly line: number; readonly fault: string };

const headerSchema = z.strictObject({
  zipml: z.literal("frames"),
  version: z.literal(1),
  schema: schemaSchema,
  grids: z.array(gridSchema).min(1),
  device: z.string().refine(isId, { error: "is not an id" }).exactOptional(),
});

const frameSchema = z.strictObject({
  frame: z.string().regex(/^(?:[0-9a-fA-F]{2})+$/, "must be pairs of hexadecimal digits"),
});

/**
 * The first line of a file of frames. The file is text, one JSON object a line: this header, then one frame a line.
 *
 * @param header Schema, grids and device.
 * @returns The line with its line end.
 */
export function headerLine({ schema, grids, device }: FramesHeader): string {
  return `${JSON.stringify({ zipml: "frames", version: 1, schema, grids, device })}\n`;
}

/**
 * A frame's line: `{"frame":"…"}`, the frame as it travels, in hexadecimal.
 *
 * @param frame The frame.
 * @returns The line with its line end.
 * @throws RangeError for a frame with a field outside its range.
 */
export function frameLine(frame: Frame): string {
  return `${JSON.stringify({ frame: Buffer.from(encodeFrame(frame)).toString("hex") })}\n`;
}

function parseLine<T>(text: string, schema: z.ZodType<T>): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new CliError("frames", "is not JSON", cause);
  }
  const checked = schema.safeParse(data);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new CliError("frames", `${issue?.path.join(".") || "the object"}: ${issue?.message}`);
}

function parseHeader(file: string, text: string): FramesHeader {
  try {
    const { schema: given, grids, device } = parseLine(text, headerSchema);
    const schema = defineSchema(given.channels);
    if (device === undefined && grids.some(({ scheme }) => scheme === "dither"))
      throw new CliError("frames", "a grid of scheme dither needs the device's id beside it");
    const header = { schema, grids: grids.map((grid) => defineGrid(schema, grid)) };
    return device === undefined ? header : { ...header, device };
  } catch (error) {
    if (!(error instanceof CliError || error instanceof GridError)) throw error;
    throw new CliError("frames", `${file}:1: is no header of a file of frames: ${error.message}`, error);
  }
}

function decodeLine(text: string, device: string, quantizers: ReadonlyMap<number, Quantizer>): DecodedFrame {
  const { frame: hex } = parseLine(text, frameSchema);
  const frame = decodeFrame(Uint8Array.from(Buffer.from(hex, "hex")));
  const quantizer = quantizers.get(frame.grid);
  if (quantizer === undefined) throw new CliError("frames", `names grid ${frame.grid}, which the header lacks`);
  const place = ditherPlace(quantizer.grid, { device, ...frame });
  const decoded = decodeBody(frame, quantizer, place);
  const codes = decoded.kind === "codes" ? decoded.codes : undefined;
  return { frame, quantizer, codes, means: bodyMeans(decoded, quantizer, place), times: rowTimes(frame) };
}

/** A file of frames, open at its first frame. */
export interface FramesFile {
  readonly header: FramesHeader;
  /** The lines after the header. A line that is no frame is told, not thrown: the ones after it may be good. */
  readonly lines: AsyncIterable<FrameLine>;
}

/**
 * Opens a file of frames, gzipped or not.
 *
 * @param file Path of the file.
 * @returns Its header and its frames, which can be read once.
 * @throws DataError `file`, or {@link CliError} `frames` for a header that is none.
 */
export async function openFrames(file: string): Promise<FramesFile> {
  const lines = textLines(file);
  const first = await lines.next();
  if (first.done) throw new CliError("frames", `${file}: is empty: a header is needed`);
  let header: FramesHeader;
  try {
    header = parseHeader(file, first.value);
  } catch (error) {
    await lines.return();
    throw error;
  }
  const quantizers = new Map(header.grids.map((grid) => [grid.epoch, createQuantizer(grid)]));
  return { header, lines: decodeLines(lines, header.device ?? "", quantizers) };
}

async function* decodeLines(
  lines: AsyncIterable<string>,
  device: string,
  quantizers: ReadonlyMap<number, Quantizer>,
): AsyncGenerator<FrameLine, void, undefined> {
  let line = 1;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === "") continue;
    let result: FrameLine;
    try {
      result = { line, decoded: decodeLine(text, device, quantizers) };
    } catch (error) {
      if (!(error instanceof CliError || error instanceof DecodeError)) throw error;
      result = { line, fault: error.message };
    }
    yield result;
  }
}
