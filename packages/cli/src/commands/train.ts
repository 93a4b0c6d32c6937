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

With --lags L every feature also gets its readings of the L rows before, as temperature@-1 to temperature@-L. Rows are
taken in the file's order, group by group with --group; one without L rows right before it, as at the start of a group or
after a row that was passed over, is left out and counted. A target among --features enters by its lags only and is
encoded as a feature is. Each reading is encoded once and copied to every row that it stands in. Lags are made before rows
are split: with --split hash a reading may stand in training and in test rows, --split time keeps the test later.

--loss ls-svm, logistic and hinge tell two classes apart: the target has two values, the larger is class +1, and the model
gives a decision value, class +1 from 0 on. Figures then are accuracy, balanced accuracy (the mean of both classes'), area
under the curve (AUC) and the loss; RMSE and R² of the JSON are those of decision values from -1 and +1. --l1, --l2, --box
and --ball act on standardised weights, never on the intercept, with the loss of squares in units of the target's variance.

Example:
  zipml train --data plant.csv --target power --bits 4 --save model.json
  zipml train --data motes.csv.gz --target humidity --features temperature,indoor --split time --group mote_id
  zipml train --data motes.csv.gz --target humidity --features humidity --lags 6 --split time --group mote_id
  zipml train --data rooms.csv --target occupied --loss logistic --l1 0.01
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
