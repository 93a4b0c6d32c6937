import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import {
  type ChannelQuantizer,
  createQuantizer,
  createStream,
  defineSchema,
  packedSize,
  type Quantizer,
  type Stream,
  uniformGrid,
} from "@zipml/codec";
import { DataError, type EncodedRows, taskOf } from "@zipml/gateway/data";
import type { LinearModel, SampleBlock, SampleSource } from "@zipml/gateway/train";
import type { Desk } from "../experiment.ts";
import { generatedSet } from "./generated.ts";
import { type Coding, flatten, type Subject, subjectOf } from "./subject.ts";

/** Digits, 28 × 28 pixels of 0 … 255 each. */
interface Digits {
  readonly count: number;
  /** 1 for a nine, 0 for a four. */
  readonly labels: Uint8Array;
  readonly pixels: Uint8Array;
}

/** Rows of features 0 … 999 with labels ±1. */
interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint16Array;
  readonly labels: Float64Array;
}

const side = 28;
const pixelsOfDigit = side * side;
/** As gisette's own features are given. */
const largest = 999;

const inflate = promisify(gunzip);

async function readDigits(file: string): Promise<Digits> {
  const bytes = new Uint8Array(await inflate(await readFile(file)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = String.fromCharCode(...bytes.subarray(0, 4));
  const [count, size] = bytes.length < 12 ? [0, 0] : [view.getUint32(4, true), view.getUint32(8, true)];
  if (name !== "IMG1" || size !== pixelsOfDigit || bytes.length !== 12 + count * (size + 1))
    throw new DataError("syntax", "is no file of 28 × 28 images (IMG1)", { file });
  const labels = new Uint8Array(count);
  const pixels = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    const at = 12 + i * (size + 1);
    labels[i] = bytes[at] as number;
    pixels.set(bytes.subarray(at + 1, at + 1 + size), i * size);
  }
  return { count, labels, pixels };
}

function shuffle(list: Uint32Array, stream: Stream): Uint32Array {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    const other = list[j] as number;
    list[j] = list[i] as number;
    list[i] = other;
  }
  return list;
}

/** What a feature is made of: a pixel (second < 0), or the product of two. */
type Recipe = readonly [first: number, second: number];

/** Pixels of the middle that are inked in 2 % of the digits or more, then products of two of them at random. */
function recipesOf({ pixels, count }: Digits, wanted: number, stream: Stream): Recipe[] {
  const inked = Uint32Array.from({ length: pixelsOfDigit }, (_, p) => p).filter((p) => {
    let ink = 0;
    for (let i = 0; i < count; i++) if ((pixels[i * pixelsOfDigit + p] as number) > 0) ink += 1;
    return ink > count / 50;
  });
  const single = shuffle(inked.slice(), stream).subarray(0, Math.floor(wanted / 10));
  const recipes: Recipe[] = Array.from(single, (pixel): Recipe => [pixel, -1]);
  const pick = () => inked[Math.floor(stream.uniform() * inked.length)] as number;
  while (recipes.length < wanted) {
    const [a, b] = [pick(), pick()];
    if (a !== b) recipes.push([a, b]);
  }
  return recipes;
}

/**
 * A set in gisette's shape, as Guyon made hers: half of the features are pixels of fours and nines and products of two,
 * the other half are such features with their rows shuffled, which tell nothing; columns in random order.
 */
function gisetteFrom(digits: Digits, rows: number, testRows: number, columns: number, seed: number) {
  const stream = createStream(`reproduce/gisette/${seed}`);
  const order = shuffle(
    Uint32Array.from({ length: digits.count }, (_, i) => i),
    stream,
  );
  const chosen = order.subarray(0, rows + testRows);
  const real = Math.floor(columns / 2);
  const recipes = recipesOf(digits, real, stream);
  const places = shuffle(
    Uint32Array.from({ length: columns }, (_, i) => i),
    stream,
  );
  const all = chosen.length;
  const values = new Uint16Array(all * columns);
  const own = Uint32Array.from({ length: all }, (_, r) => r);
  const probe = own.slice();
  for (let f = 0; f < columns; f++) {
    const [a, b] = recipes[f < real ? f : f - real] as Recipe;
    const column = places[f] as number;
    const from = f < real ? own : shuffle(probe, stream);
    for (let r = 0; r < all; r++) {
      const base = (chosen[from[r] as number] as number) * pixelsOfDigit;
      const first = (digits.pixels[base + a] as number) / 255;
      const second = b < 0 ? 1 : (digits.pixels[base + b] as number) / 255;
      values[r * columns + column] = Math.round(largest * first * second);
    }
  }
  const labels = Float64Array.from(chosen, (i) => (digits.labels[i] === 1 ? 1 : -1));
  const part = (start: number, end: number): Matrix => ({
    rows: end - start,
    columns,
    values: values.subarray(start * columns, end * columns),
    labels: labels.subarray(start, end),
  });
  return { train: part(0, rows), test: part(rows, all) };
}

const blockRows = 500;

function sourceOf(matrix: Matrix, columns: number, blockAt: (from: number, rows: number) => SampleBlock): SampleSource {
  return {
    rows: matrix.rows,
    columns,
    async *blocks() {
      for (let from = 0; from < matrix.rows; from += blockRows)
        yield blockAt(from, Math.min(blockRows, matrix.rows - from));
    },
  };
}

function exactRows(matrix: Matrix): EncodedRows {
  const { columns, values, labels } = matrix;
  const width = columns + 1;
  const blockAt = (from: number, rows: number): SampleBlock => {
    const block = new Float64Array(rows * width);
    for (let r = 0; r < rows; r++) {
      block.set(values.subarray((from + r) * columns, (from + r + 1) * columns), r * width);
      block[r * width + columns] = labels[from + r] as number;
    }
    return { kind: "values", rows, values: block };
  };
  return { source: sourceOf(matrix, width, blockAt), bytes: 4 * matrix.rows * width, clipped: 0 };
}

/** All features have one range; a schema holds fewer channels than the set has features, so one stands for all. */
function encodedRows(matrix: Matrix, { bits, samples = 2, seed }: Coding): EncodedRows {
  const { columns, values, labels } = matrix;
  const schema = defineSchema([{ name: "f", unit: "", range: [0, largest], role: "feature" }]);
  const one = createQuantizer(uniformGrid(schema, { bits, samples }));
  const channel = one.channels[0] as ChannelQuantizer;
  const quantizer: Quantizer = { ...one, channels: Array.from({ length: columns }, () => channel) };
  const codes = new Uint16Array(values.length);
  for (let from = 0; from < matrix.rows; from += blockRows) {
    const [start, end] = [from * columns, Math.min(from + blockRows, matrix.rows) * columns];
    const draws = createStream(`data/${seed}/draws`, from / blockRows);
    one.encodeInto(Float64Array.from(values.subarray(start, end)), codes.subarray(start, end), draws);
  }
  const blockAt = (from: number, rows: number): SampleBlock => ({
    ...{ kind: "codes", rows, quantizer },
    codes: codes.subarray(from * columns, (from + rows) * columns),
    targets: labels.subarray(from, from + rows),
  });
  const bytes = 4 * matrix.rows + packedSize(matrix.rows, bits * columns);
  return { source: sourceOf(matrix, columns, blockAt), bytes, clipped: 0 };
}

function forEachDecision(
  { rows, columns, values, labels }: Matrix,
  model: LinearModel,
  visit: (d: number, b: number) => void,
) {
  const { intercept, weights } = flatten(model);
  for (let r = 0; r < rows; r++) {
    let sum = intercept;
    for (let i = 0; i < columns; i++) sum += (values[r * columns + i] as number) * (weights[i] as number);
    visit(sum, labels[r] as number);
  }
}

function lossOf(matrix: Matrix, model: LinearModel): number {
  let squares = 0;
  let sum = 0;
  forEachDecision(matrix, model, (decision, label) => {
    squares += (decision - label) ** 2;
    sum += label;
  });
  return squares / matrix.rows / (1 - (sum / matrix.rows) ** 2);
}

function subjectOfMatrix(name: string, train: Matrix, test: Matrix): Subject {
  const names = [...Array.from({ length: train.columns }, (_, i) => `f${i}`), "label"];
  return {
    name,
    features: train.columns,
    rows: train.rows,
    task: taskOf(names),
    exact: () => exactRows(train),
    encoded: (coding) => encodedRows(train, coding),
    loss: (model) => lossOf(train, model),
    testLoss: (model) => lossOf(test, model),
    testAccuracy: (model) => {
      let right = 0;
      forEachDecision(test, model, (decision, label) => {
        if (decision >= 0 === label > 0) right += 1;
      });
      return right / test.rows;
    },
  };
}

/**
 * The stand-in for gisette: made of fours and nines where the data folder has them, else a generated set of two classes.
 *
 * @throws DataError `syntax` for a file that is none of images.
 */
export async function gisetteLike({ data, quick, seed }: Desk): Promise<{ subject: Subject; notes: string[] }> {
  const file = await data.file("mnist49/mnist49.train.img.gz");
  if (file === undefined) {
    const features = quick ? 200 : 500;
    const set = generatedSet({
      ...{ name: `two classes, ${features} features`, features, isClasses: true, seed },
      ...(quick ? { rows: 3000, testRows: 1000 } : { rows: 6000, testRows: 1000 }),
    });
    const note =
      "gisette is not redistributed, and its stand-in needs mnist49 of --data-folder: a generated set of two classes takes its place.";
    return { subject: subjectOf(set), notes: [note] };
  }
  const [rows, testRows, columns] = quick ? [2000, 500, 1000] : [6000, 1000, 5000];
  const { train, test } = gisetteFrom(await readDigits(file), rows, testRows, columns, seed);
  const note = `gisette is not redistributed: the gisette-like set has its shape (${rows} × ${columns}${quick ? ", reduced for --quick" : ""}), fours and nines of MNIST, pixels and products of two, and as many features that tell nothing.`;
  return { subject: subjectOfMatrix("gisette-like", train, test), notes: [note] };
}
