import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { writeFileWhole } from "../files/write-file.ts";
import { drawFpgaReport, fpgaPage } from "../fpga/draw-report.ts";
import { loadPlatform } from "../fpga/platform-file.ts";
import { reportOptions, shapesAsked } from "../fpga/report-options.ts";
import { runReport } from "../fpga/run-report.ts";
import { showFpgaReport } from "../fpga/show-report.ts";
import type { Io } from "../io.ts";
import { addFlags, resolveOptions } from "../options.ts";

const help = `
Example:
  zipml fpga report --quick
  zipml fpga report --shapes 463715x90,60000x780 --platform arria10-harp-v2 --html report.html
  zipml train --engine fpga --data plant.csv --target power`;

const reportHelp = `
For every layout of rows and every precision: lines, bytes, cycles and time of an epoch on the card, by its model and
therefore the same on every machine; speedup over float32 lines; multipliers and blocks of RAM, by formulas. Beside them, in
columns of their own, what this machine's engines take on synthetic data of the same shape, measured in the same run, and
their measured time over the card's modelled time. A user's own card is a YAML file with the fields of Platform.
--plot and --html draw loss against time: the card's and this machine's in plots of their own.

Example:
  zipml fpga report --shapes 10000x100,10000x1000
  zipml fpga report --data plant.csv --platform zynq-pynq --json
  zipml fpga report --platform my-card.yaml --html report.html --plot report.svg`;

async function report(command: Command, io: Io): Promise<void> {
  const { json } = command.opts<{ json?: true }>();
  const { values } = resolveOptions(command, reportOptions);
  const { data, batch, seed, quick = false, plot, html } = values;
  const shapes = shapesAsked(values);
  const platform = await loadPlatform(values.platform);
  const { isTerminal } = io.err;
  const watch = (line: string): void => {
    if (isTerminal) void io.err.write(`\r${line}\u001b[K`);
  };
  const result = await runReport({ platform, shapes, data, batch, seed, quick }, watch, io.signal);
  if (isTerminal) await io.err.write("\r\u001b[K");
  if (plot !== undefined) await writeFileWhole(plot, [await drawFpgaReport(result)]);
  if (html !== undefined) await writeFileWhole(html, [await fpgaPage(result)]);
  await io.out.write(json ? `${JSON.stringify(result)}\n` : showFpgaReport(result));
}

/** `zipml fpga`: what an accelerator card would take. */
export const fpgaCommand: CommandModule = {
  define: (parent, io) => {
    parent.addHelpText("after", help);
    const summary = "model a card over layouts, precisions and shapes of data, beside this machine's engines";
    const command = parent.command("report").description(summary).allowExcessArguments(false);
    addFlags(command, reportOptions);
    command
      .option("--json", "print one JSON object")
      .addHelpText("after", reportHelp)
      .action(() => report(command, io));
  },
};
