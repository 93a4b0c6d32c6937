import { type Command, Option } from "commander";
import type { CommandModule } from "../command.ts";
import { CliError } from "../errors.ts";
import { csvLine } from "../files/csv-line.ts";
import { type DecodedFrame, openFrames } from "../files/frames-file.ts";
import type { Io } from "../io.ts";
import { addFlags, fileOption, type OptionTable, required, resolveOptions } from "../options.ts";

const decodeOptions = { in: fileOption("file of frames that zipml encode wrote") } as const satisfies OptionTable;

const help = `
--in is needed. A reading is printed as the mean of its draws, which is right on average but lies on or between levels; a
dithered one as what its code and dither say, which may lie half a step outside its range; one of coding exact as it was.
--csv (the default) prints sequence, row within the frame, time in milliseconds and one column a channel.
--json prints one object a frame and line: session, sequence, grid, coding, rows, times, channels, codes and values; no
codes in coding exact.
A line that is no frame is told on standard error; the good ones are printed all the same, and the exit code is 2.

Example:
  zipml decode --in plant.frames > plant.decoded.csv
  zipml decode --in plant.frames --json`;

/** Row-major numbers as one list a row. */
function rowsOf(numbers: Float64Array | Uint16Array, width: number): number[][] {
  return Array.from({ length: numbers.length / width }, (_, r) => [...numbers.subarray(r * width, (r + 1) * width)]);
}

function asJson({ frame, quantizer, codes, means, times }: DecodedFrame, channels: readonly string[]): string {
  const width = quantizer.channels.length;
  const { session, sequence, grid, coding, rows } = frame;
  const values = rowsOf(means, width);
  const told = codes === undefined ? {} : { codes: rowsOf(codes, width) };
  return `${JSON.stringify({ session, sequence, grid, coding, rows, times: [...times], channels, ...told, values })}\n`;
}

function asCsv({ frame, quantizer, means, times }: DecodedFrame): string {
  return rowsOf(means, quantizer.channels.length)
    .map((values, row) => csvLine([frame.sequence, row, times[row] ?? 0, ...values]))
    .join("");
}

async function act(command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, decodeOptions);
  const file = required("in", values.in);
  const { json } = command.opts<{ json?: true }>();
  const { header, lines } = await openFrames(file);
  const names = header.schema.channels.map(({ name }) => name);
  if (!json) await io.out.write(csvLine(["sequence", "row", "time", ...names]));
  let good = 0;
  let bad = 0;
  for await (const result of lines) {
    if (io.signal.aborted) break;
    if ("fault" in result) {
      bad += 1;
      await io.err.write(`zipml decode: ${file}:${result.line}: ${result.fault}\n`);
      continue;
    }
    good += 1;
    await io.out.write(json ? asJson(result.decoded, names) : asCsv(result.decoded));
  }
  if (bad > 0) throw new CliError("frames", `${file}: ${bad} of ${good + bad} frames could not be decoded`);
}

/** `zipml decode`: frames back to readings. */
export const decodeCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, decodeOptions);
    command
      .addOption(new Option("--csv", "print CSV (the default)").conflicts("json"))
      .addOption(new Option("--json", "print one JSON object a frame"))
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
