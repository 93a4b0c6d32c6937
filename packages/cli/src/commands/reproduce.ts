import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "@zipml/gateway/data";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { CliError } from "../errors.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import { addFlags, resolveOptions } from "../options.ts";
import { chosenExperiments, reproduceOptions } from "../reproduce/options.ts";
import { reproductionPage } from "../reproduce/report-page.ts";
import { runReproduction } from "../reproduce/run-reproduction.ts";
import { showReproduction } from "../reproduce/show-report.ts";

const help = `
Runs the experiments of the ZipML paper (Zhang et al., ICML 2017) that concern linear models. Each says what the paper
claims, what was measured and whether the claim holds. Synthetic sets are generated; tables come from --data-folder, and
what is not there is left out and said so. --out writes one HTML page with all plots, and the figures as JSON. The same
seed gives the same figures to the bit, but for measured times.

Example:
  zipml reproduce --quick
  zipml reproduce --data-folder DIR --out results
  zipml reproduce --only figure4,figure7a --json`;

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new CliError("file", `can't write ${fileError(folder, cause).message}`, cause);
  });
}

async function act(command: Command, io: Io): Promise<void> {
  const { json } = command.opts<{ json?: true }>();
  const { values } = resolveOptions(command, reproduceOptions);
  const { quick = false, seed, out } = values;
  const experiments = chosenExperiments(values);
  if (out !== undefined) await makeFolder(out); // a run takes minutes: what can't be written is told before it
  const { isTerminal } = io.err;
  const watch = (line: string): void => {
    if (isTerminal) void io.err.write(`\r${line}\u001b[K`);
  };
  const plan = { experiments, quick, seed, folder: values["data-folder"] };
  const { report, finished } = await runReproduction(plan, watch, io.signal);
  if (isTerminal) await io.err.write("\r\u001b[K");
  if (out !== undefined) {
    await writeFileWhole(join(out, "reproduce.html"), [await reproductionPage(finished, { quick, seed })]);
    await writeFileWhole(join(out, "reproduce.json"), [`${JSON.stringify(report)}\n`]);
  }
  await io.out.write(json ? `${JSON.stringify(report)}\n` : showReproduction(report));
}

/** `zipml reproduce`: the paper's experiments. */
export const reproduceCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, reproduceOptions);
    command
      .option("--json", "print one JSON object")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
