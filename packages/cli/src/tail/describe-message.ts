import {
  bodyMeans,
  createQuantizer,
  decodeBody,
  decodeExactAnswer,
  decodeFrame,
  ditherPlace,
  type ExactAnswer,
  isExactAnswer,
  type Quantizer,
  rowTimes,
  type Schema,
} from "@zipml/codec";
import { type Address, type Birth, decodeMessage, type Topics, type TransportMessage } from "@zipml/protocol";

/** A message as a JSON line says it. */
export type Line = Readonly<Record<string, unknown>>;

/** Turns messages into lines; remembers births, without which codes can't be read. */
export interface Describer {
  /** @returns The line; a message that can't be decoded has an `error` in it. */
  describe(message: TransportMessage): Line;
}

interface Known {
  readonly schema: Schema;
  readonly quantizer: Quantizer;
}

function readingsOf(
  device: string,
  frame: ReturnType<typeof decodeFrame>,
  { schema, quantizer }: Known,
): readonly Line[] {
  const place = ditherPlace(quantizer.grid, { device, ...frame });
  const means = bodyMeans(decodeBody(frame, quantizer, place), quantizer, place);
  const width = schema.channels.length;
  return Array.from(rowTimes(frame), (time, row) => ({
    time,
    ...Object.fromEntries(schema.channels.map(({ name }, c) => [name, means[row * width + c]])),
  }));
}

/** An answer to a request for exact rows: which they are. */
function answerOf({ body, ...answer }: ExactAnswer): Line {
  return { ...answer, body: body.length };
}

/** Byte strings as hexadecimal: JSON has none. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/**
 * @param topics The topics to read.
 * @param withReadings Whether the readings of a frame are decoded, as the means of their draws.
 */
export function createDescriber(topics: Topics, withReadings: boolean): Describer {
  const known = new Map<string, Known>();
  const learn = (device: string, { session, schema, grids, earlier = [] }: Birth): void => {
    for (const part of [...earlier, { session, grids }])
      for (const grid of part.grids)
        known.set(`${device}/${part.session}/${grid.epoch}`, { schema, quantizer: createQuantizer(grid) });
  };
  const content = (address: Address, payload: Uint8Array): Line => {
    if (address.kind !== "data") {
      const message = decodeMessage(address.kind, payload);
      if (address.kind === "birth") learn(`${address.group}/${address.device}`, decodeMessage("birth", payload));
      return plain(message) as Line;
    }
    if (isExactAnswer(payload)) return answerOf(decodeExactAnswer(payload));
    const frame = decodeFrame(payload);
    const { body, ...header } = frame;
    const grid = known.get(`${address.group}/${address.device}/${frame.session}/${frame.grid}`);
    const readings = withReadings && grid !== undefined ? { readings: readingsOf(address.device, frame, grid) } : {};
    return { ...header, body: body.length, ...readings };
  };
  return {
    describe: ({ topic, payload, retained }) => {
      const address = topics.parse(topic);
      const line = { topic, retained, bytes: payload.length };
      if (address === undefined || payload.length === 0) return line;
      try {
        return { ...line, ...address, message: content(address, payload) };
      } catch (error) {
        return { ...line, ...address, error: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
