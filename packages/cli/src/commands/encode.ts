import {
  createQuantizer,
  createStream,
  defineSchema,
  type Frame,
  packCodes,
  type Quantizer,
  type Schema,
  uniformGrid,
} from "@zipml/codec";
import { columnRanges, readTable, rowMajor } from "@zipml/gateway/data";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { CliError } from "../errors.ts";
import { frameLine, headerLine } from "../files/frames-file.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import {
  addFlags,
  defaulted,
  fileOption,
  namesOption,
  type OptionTable,
  type OptionValues,
  required,
  resolveOptions,
  textOption,
  wholeOption,
} from "../options.ts";

const encodeOptions = {
  data: fileOption("CSV file with a header line, gzipped or not"),
  columns: namesOption("A,B", "columns to encode (default: every column that holds numbers)"),
  target: textOption("COLUMN", "column to predict: one draw at --target-bits"),
  bits: defaulted(wholeOption("BITS", "width of a feature's code, 1 to 16", 1, 16), 4),
  "target-bits": defaulted(wholeOption("BITS", "width of the target's code, 1 to 16", 1, 16), 8),
  samples: defaulted(wholeOption("K", "independent draws a feature's code carries, 1 to 15", 1, 15), 2),
  "rows-per-frame": defaulted(wholeOption("N", "rows of a frame, 1 to 4096", 1, 4096), 64),
  interval: defaulted(wholeOption("MS", "milliseconds from row to row", 0, 0xffffffff), 1000),
  seed: defaulted(textOption("SEED", "names the stream of draws: the same seed gives the same frames"), "1"),
  out: fileOption("file of frames to write"),
} as const satisfies OptionTable;

type Values = OptionValues<typeof encodeOptions>;

const help = `
--data and --out are needed. Ranges are the columns' smallest and largest values in the file. Rows with an empty or
non-numeric cell are passed over and counted. The file of frames is text: a JSON line with schema and grids, then one
JSON line a frame with its bytes in hexadecimal, as a device would send them.

Example:
  zipml encode --data plant.csv --target power --bits 4 --rows-per-frame 100 --out plant.frames`;

/** Bytes a decoder accepts in one frame; what stands beside the body takes at most 26. */
const largestBody = 65_536 - 26;

function schemaOf(names: readonly string[], rows: Float64Array, target: string | undefined): Schema {
  const ranges = columnRanges(rows, names.length);
  return defineSchema(
    names.map((name, c) => ({
      name,
      unit: "",
      range: ranges[c] ?? ([0, 0] as const),
      role: name === target ? ("target" as const) : ("feature" as const),
    })),
  );
}

function* framesOf(
  values: Values,
  quantizer: Quantizer,
  rows: Float64Array,
  count: { bytes: number },
): Generator<Frame> {
  const width = quantizer.channels.length;
  const { seed, interval, "rows-per-frame": size } = values;
  for (let sequence = 0, at = 0; at < rows.length; sequence++, at += size * width) {
    const part = rows.subarray(at, at + size * width);
    const { codes } = quantizer.encode(part, createStream(`encode/${seed}/draws`, sequence));
    const body = packCodes(codes, quantizer);
    count.bytes += body.length;
    yield {
      session: 0,
      sequence,
      grid: quantizer.grid.epoch,
      coding: "packed",
      start: (at / width) * interval,
      interval,
      rows: part.length / width,
      body,
    };
  }
}

function* linesOf(header: string, frames: Iterable<Frame>): Generator<string> {
  yield header;
  for (const frame of frames) yield frameLine(frame);
}

async function act(command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, encodeOptions);
  const data = required("data", values.data);
  const out = required("out", values.out);
  const { target } = values;
  const also = target === undefined ? [] : [target];
  const table = await readTable(data, { columns: values.columns ?? "numeric", also });
  const names = [...table.names.filter((name) => name !== target), ...also];
  const rows = rowMajor(table, names);
  const schema = schemaOf(names, rows, target);
  const { bits, samples, "target-bits": targetBits } = values;
  const quantizer = createQuantizer(uniformGrid(schema, { bits, samples, targetBits }));
  const perFrame = Math.ceil((values["rows-per-frame"] * quantizer.rowBits) / 8);
  if (perFrame > largestBody)
    throw new CliError(
      "option",
      `--rows-per-frame ${values["rows-per-frame"]} makes frames of ${perFrame} bytes, more than the ${largestBody} allowed`,
    );
  for (const warning of table.warnings) await io.err.write(`zipml encode: warning: ${warning}\n`);
  const count = { bytes: 0 };
  await writeFileWhole(
    out,
    linesOf(headerLine({ schema, grids: [quantizer.grid] }), framesOf(values, quantizer, rows, count)),
  );
  const float32 = 4 * rows.length;
  const { json } = command.opts<{ json?: true }>();
  const frames = Math.ceil(table.rows / values["rows-per-frame"]);
  const report = {
    rows: table.rows,
    skipped: table.skipped,
    frames,
    channels: names,
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
