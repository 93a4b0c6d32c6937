import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { readConfig } from "../config/read-config.ts";
import { trainOptions } from "../config/train-section.ts";
import { saveModel } from "../files/model-file.ts";
import type { Io } from "../io.ts";
import { addFlags, required, resolveOptions } from "../options.ts";
import { planTraining } from "../train/plan.ts";
import { runTraining } from "../train/run-training.ts";
import { digits, showReport } from "../train/show-report.ts";

const help = `
--data and --target are needed. Rows with an empty or non-numeric cell among the columns used are passed over and
counted. Ranges are the training rows' smallest and largest values; the target is encoded too. The loss is
1/(2K) Σ (prediction − target)² on exact rows, in the target's unit squared. The model is the average of SGD's iterates
over the last epoch. --model-bits and --gradient-bits round what SGD reads and writes; residuals stay exact.

Example:
  zipml train --data plant.csv --target power --bits 4 --save model.json
  zipml train --data motes.csv.gz --target humidity --features temperature,indoor --split time --group mote_id
  zipml train --config zipml.yaml --bits 3 --json`;

async function act(command: Command, io: Io): Promise<void> {
  const { config, json } = command.opts<{ config?: string; json?: true }>();
  const section = config === undefined ? {} : await readConfig(config, "train");
  const plan = planTraining(resolveOptions(command, trainOptions, section));
  required("data", plan.values.data);
  const target = required("target", plan.values.target);
  const { isTerminal } = io.err;
  const { report, model } = await runTraining(
    plan,
    async (epoch, of, loss) => {
      if (isTerminal) await io.err.write(`\repoch ${epoch} of ${of}, training loss ${digits(loss)}\u001b[K`);
    },
    io.signal,
  );
  if (isTerminal) await io.err.write("\r\u001b[K");
  for (const warning of report.warnings) await io.err.write(`zipml train: warning: ${warning}\n`);
  if (plan.values.save !== undefined) await saveModel(plan.values.save, model);
  await io.out.write(json ? `${JSON.stringify(report)}\n` : showReport(report, target));
}

/** `zipml train`: the yardstick. */
export const trainCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, trainOptions);
    command
      .option("--config <FILE>", "YAML file with these options under train:; flags win")
      .option("--json", "print one JSON object")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
