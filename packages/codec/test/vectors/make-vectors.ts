import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  bodyMeans,
  codings,
  createQuantizer,
  createStream,
  decodeBody,
  defineGrid,
  defineSchema,
  dequantizeVector,
  ditherPlace,
  encodeBody,
  encodeFrame,
  type Grid,
  levelsRange,
  packVector,
  philox4x32,
  type Quantizer,
  quantizeVector,
  rowTimes,
  streamKey,
} from "../../src/index.ts";
import { hexOf } from "../support/frames.ts";
import { answerCases } from "./answer-cases.ts";
import { errorCases, errorChannels, type FrameCase, frameCases } from "./cases.ts";
import { histogramCases } from "./histogram-cases.ts";

/** Where the golden vectors stand. */
export const vectorFolder = new URL("../../../../docs/vectors/", import.meta.url);

const rowsOf = (numbers: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: numbers.length / width }, (_, row) => Array.from(numbers).slice(row * width, (row + 1) * width));

function gridOf(
  channels: FrameCase["channels"],
  epoch: number,
  { dither, scheme: named = "count", coding = "packed" }: Pick<FrameCase, "dither" | "scheme" | "coding"> = {},
): Grid {
  const schema = defineSchema(
    channels.map(({ levels }, c) => ({ name: `c${c}`, unit: "", range: levelsRange(levels), role: "feature" })),
  );
  const scheme = dither === undefined ? { scheme: named } : ({ scheme: "dither", seed: dither.seed } as const);
  return defineGrid(schema, { epoch, ...scheme, coding, channels });
}

const endsOf = (codes: readonly number[][], { channels }: Quantizer) =>
  codes.map((row) => row.map((code, c) => channels[c]?.ends?.(code)));

function frameVector(item: FrameCase): object {
  const { name, about, channels, values, header, dither, coding: named } = item;
  const grid = gridOf(channels, header.grid, item);
  const quantizer = createQuantizer(grid);
  const place = ditherPlace(grid, { device: dither?.device ?? "", ...header });
  const stream = `draw/example/node-1/${header.session}/${name}`;
  const { codes, clipped } = quantizer.encode(values.flat(), place ?? createStream(stream, header.sequence));
  const readings = Float64Array.from(values.flat());
  const rows = { codes, place, ...(named === "exact" ? { values: readings } : {}) };
  const { coding, body } = encodeBody(rows, quantizer, grid.coding);
  if (coding !== grid.coding) throw new Error(`${name}: ${coding} takes less than ${grid.coding}`);
  const frame = { ...header, coding, rows: values.length, body };
  const means = bodyMeans(decodeBody(frame, quantizer, place), quantizer, place);
  const spreads = new Float64Array(codes.length);
  quantizer.spreadsInto(codes, spreads);
  const { session, sequence, start, interval } = header;
  return {
    about,
    hex: hexOf(encodeFrame(frame)),
    grid,
    header: {
      version: 1,
      session,
      sequence,
      grid: grid.epoch,
      coding: codings.indexOf(coding),
      t0: start,
      dt: interval,
      rows: values.length,
    },
    body: hexOf(body),
    times: [...rowTimes(frame)],
    ...(coding === "exact"
      ? { readings: rowsOf(means, channels.length) }
      : {
          codes: rowsOf(codes, channels.length),
          means: rowsOf(means, channels.length),
          spreads: rowsOf(spreads, channels.length),
          ...(grid.scheme === "interval" ? { ends: endsOf(rowsOf(codes, channels.length), quantizer) } : {}),
        }),
    encoding: {
      ...(dither === undefined ? { stream, index: header.sequence } : { device: dither.device }),
      values,
      clipped: [...clipped],
    },
  };
}

const word = (value: number): string => value.toString(16).padStart(8, "0");

function randomVectors(): object {
  const blocks = [
    { counter: [0, 0, 0, 0], key: [0, 0] },
    { counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff] },
    { counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], key: [0xa4093822, 0x299f31d0] },
  ].map(({ counter, key }) => {
    const out = new Uint32Array(4);
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
    philox4x32(c0, c1, c2, c3, [key[0] ?? 0, key[1] ?? 0], out);
    return { counter: counter.map(word), key: key.map(word), words: Array.from(out, word) };
  });
  const streams = ["", "a", "foobar", "draw/example/node-1/7/secret", "Température"].flatMap((name) =>
    [0, 3, 4_294_967_296].map((index) => {
      const stream = createStream(name, index);
      return {
        name,
        key: streamKey(name).map(word),
        index,
        words: Array.from({ length: 6 }, () => word(stream.word())),
      };
    }),
  );
  return { about: "Philox4x32-10 blocks, and the first words of named streams", blocks, streams };
}

function weightVectors(): object {
  const values = [0.5, -1.25, 0, 1, -0.03125];
  const vectors = [1, 4, 7, 16].map((bits) => {
    const vector = quantizeVector(Float64Array.from(values), bits, createStream("publish/example/1"));
    return {
      bits,
      scale: vector.scale,
      count: values.length,
      hex: hexOf(packVector(vector)),
      codes: [...vector.codes],
      values: [...dequantizeVector(vector)],
    };
  });
  return { about: "weights as a model message carries them", stream: "publish/example/1", exact: values, vectors };
}

/** Every golden vector by file name, as plain JSON values. */
export function vectorFiles(): ReadonlyMap<string, object> {
  return new Map<string, object>([
    ...frameCases.map((item) => [`frame-${item.name}.json`, frameVector(item)] as const),
    ["errors.json", { about: "bytes that a decoder refuses", grid: gridOf(errorChannels, 1), cases: errorCases }],
    ["random.json", randomVectors()],
    ["weights.json", weightVectors()],
    ["answers.json", { about: "answers with exact rows that were asked for", cases: answerCases() }],
    ["histogram.json", { about: "counts of a histogram as health carries them", cases: histogramCases }],
  ]);
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) {
  mkdirSync(vectorFolder, { recursive: true });
  for (const [name, value] of vectorFiles())
    writeFileSync(fileURLToPath(new URL(name, vectorFolder)), `${JSON.stringify(value, null, 2)}\n`);
}
