import {
  codings,
  createQuantizer,
  type Frame,
  type Grid,
  gridSeedPattern,
  type Quantizer,
  type Schema,
  uniformGrid,
} from "@zipml/codec";
import { columnSchema, encodedFrames, readTable, rowMajor, type Table } from "@zipml/gateway/data";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { deadBandOption, toldRows } from "../dead-band-option.ts";
import { CliError } from "../errors.ts";
import { type FramesHeader, frameLine, headerLine } from "../files/frames-file.ts";
import { loadGrid } from "../files/grid-file.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import {
  addFlags,
  defaulted,
  fileOption,
  namesOption,
  type OptionTable,
  type OptionValues,
  type ResolvedOptions,
  required,
  resolveOptions,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";

const encodeOptions = {
  data: fileOption("CSV file with a header line, gzipped or not"),
  columns: namesOption("A,B", "columns to encode (default: every column that holds numbers)"),
  target: textOption("COLUMN", "column to predict: one draw at --target-bits"),
  bits: defaulted(wholeOption("BITS", "width of a feature's code, 1 to 16", 1, 16), 4),
  "target-bits": defaulted(wholeOption("BITS", "width of the target's code, 1 to 16", 1, 16), 8),
  scheme: defaulted(
    wordOption(
      ["count", "dither", "interval"],
      "how values are encoded: draws counted, one dithered symbol, or draws with their interval",
    ),
    "count",
  ),
  coding: defaulted(
    wordOption(codings, "packed at fixed width; or the smallest of each frame up to rice, up to arithmetic; or exact"),
    "packed",
  ),
  samples: defaulted(
    wholeOption("K", "independent draws a feature's code carries, 1 to 15; with --scheme dither 1", 1, 15),
    2,
  ),
  "dead-band": deadBandOption,
  "rows-per-frame": defaulted(wholeOption("N", "rows of a frame, 1 to 4096", 1, 4096), 64),
  interval: defaulted(wholeOption("MS", "milliseconds from row to row", 0, 0xffffffff), 1000),
  seed: defaulted(
    textOption("SEED", "names the stream of draws, or is the seed of the dither: the same seed gives the same frames"),
    "1",
  ),
  grid: fileOption("grid to encode with, as zipml plan writes it, in place of scheme, coding, widths and draws"),
  out: fileOption("file of frames to write"),
} as const satisfies OptionTable;

type Values = OptionValues<typeof encodeOptions>;
type Resolved = ResolvedOptions<typeof encodeOptions>;

const help = `
--data and --out are needed. Ranges are the columns' smallest and largest values in the file. Rows with an empty or
non-numeric cell are passed over and counted. The file of frames is text: a JSON line with schema and grids, then one
JSON line a frame with its bytes in hexadecimal, as a device would send them. With --scheme dither the frames are
those of a device "encode" in session 0, and --seed stands in the grid. With --coding rice or arithmetic each frame
has the smallest body: packed, rice, arithmetic with that, or the readings themselves where they are decimal numbers
that take less; exact always sends those themselves. --grid takes the columns, their ranges and how they are encoded
from a file, as zipml plan writes it. --dead-band sends what a device with a dead band would tell: fewer bytes with
--coding exact or arithmetic, and biased by up to the threshold.

Example:
  zipml encode --data plant.csv --target power --bits 4 --rows-per-frame 100 --out plant.frames`;

/** What dithered frames of a file are told to be of. */
const device = "encode";

/** Bytes a decoder accepts in one frame; what stands beside the body takes at most 35. */
const largestBody = 65_536 - 35;

function headerOf(schema: Schema, grid: Grid): FramesHeader {
  return grid.scheme === "dither" ? { schema, grids: [grid], device } : { schema, grids: [grid] };
}

/** @param count Receives the bytes of the bodies. */
function* linesOf(header: string, frames: Iterable<Frame>, count: { bytes: number }): Generator<string> {
  yield header;
  for (const frame of frames) {
    count.bytes += frame.body.length;
    yield frameLine(frame);
  }
}

function quantizerOf(schema: Schema, values: Values, isGiven: boolean): Quantizer {
  const { bits, scheme, coding, seed, samples, "target-bits": targetBits } = values;
  if (scheme !== "dither") return createQuantizer(uniformGrid(schema, { scheme, coding, bits, samples, targetBits }));
  if (isGiven && samples !== 1)
    throw new CliError("option", `--scheme dither sends one symbol a value: --samples 1, not ${samples}`);
  if (!gridSeedPattern.test(seed))
    throw new CliError("option", `with --scheme dither --seed is 1 to 64 letters, digits, _ and -, not ${seed}`);
  return createQuantizer(uniformGrid(schema, { scheme, coding, seed, bits, targetBits }));
}

/** What a grid in a file says itself. */
const inGrid = ["columns", "target", "scheme", "coding", "bits", "target-bits", "samples"] as const;

/** Readings with the channels and the grid that they are encoded with. */
interface Encoding {
  readonly table: Table;
  readonly rows: Float64Array;
  readonly schema: Schema;
  readonly quantizer: Quantizer;
}

async function readByGrid(data: string, file: string, { values, origins }: Resolved): Promise<Encoding> {
  const idle = inGrid.find((name) => origins.has(name));
  if (idle !== undefined) throw new CliError("option", `--${idle} can't go with --grid, whose file says it`);
  const { schema, grid } = await loadGrid(file);
  const names = schema.channels.map(({ name }) => name);
  const table = await readTable(data, { columns: names });
  const rows = toldRows(rowMajor(table, names), values["dead-band"], names);
  return { table, rows, schema, quantizer: createQuantizer(grid) };
}

async function readByOptions(data: string, { values, origins }: Resolved): Promise<Encoding> {
  const { target } = values;
  const also = target === undefined ? [] : [target];
  const table = await readTable(data, { columns: values.columns ?? "numeric", also });
  const names = [...table.names.filter((name) => name !== target), ...also];
  const read = rowMajor(table, names);
  const schema = columnSchema({ names, values: read }, target);
  const rows = toldRows(read, values["dead-band"], names);
  return { table, rows, schema, quantizer: quantizerOf(schema, values, origins.has("samples")) };
}

async function act(command: Command, io: Io): Promise<void> {
  const resolved = resolveOptions(command, encodeOptions);
  const { values } = resolved;
  const data = required("data", values.data);
  const out = required("out", values.out);
  const { grid } = values;
  const encoding = grid === undefined ? readByOptions(data, resolved) : readByGrid(data, grid, resolved);
  const { table, rows, schema, quantizer } = await encoding;
  const perFrame = Math.ceil((values["rows-per-frame"] * quantizer.rowBits) / 8);
  if (perFrame > largestBody)
    throw new CliError(
      "option",
      `--rows-per-frame ${values["rows-per-frame"]} makes frames of ${perFrame} bytes, more than the ${largestBody} allowed`,
    );
  for (const warning of table.warnings) await io.err.write(`zipml encode: warning: ${warning}\n`);
  const count = { bytes: 0 };
  const { interval, seed, "rows-per-frame": size } = values;
  const frameList = encodedFrames(rows, quantizer, { rows: size, interval, device, draws: `encode/${seed}/draws` });
  await writeFileWhole(out, linesOf(headerLine(headerOf(schema, quantizer.grid)), frameList, count));
  const float32 = 4 * rows.length;
  const { json } = command.opts<{ json?: true }>();
  const frames = Math.ceil(table.rows / values["rows-per-frame"]);
  const report = {
    rows: table.rows,
    skipped: table.skipped,
    frames,
    channels: schema.channels.map(({ name }) => name),
    bytes: { codes: count.bytes, float32 },
  };
  await io.out.write(
    json
      ? `${JSON.stringify(report)}\n`
      : `${table.rows} rows (${table.skipped} skipped) in ${frames} frames, ${count.bytes} bytes of codes instead of ${float32} as float32: ${out}\n`,
  );
}

/** `zipml encode`: readings to frames. */
export const encodeCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, encodeOptions);
    command
      .option("--json", "print one JSON object about what was written")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
