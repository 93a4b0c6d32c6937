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
over the last epoch. --model-bits and --gradient-bits round what SGD reads and writes; engine packed rounds the model to 15
bits and residuals to 7 in any case, whose part is too small to tell. With either option, or with --variance, the result tells what each rounding adds to the variance of a mini-batch gradient at the trained model,
beside the variance that SGD has anyway: samples, model and gradient, in standardised units squared.

With --lags L every feature also gets its readings of the L rows before, as temperature@-1 to temperature@-L. Rows are
taken in the file's order, group by group with --group; one without L rows right before it, as at the start of a group or
after a row that was passed over, is left out and counted. A target among --features enters by its lags only and is
encoded as a feature is. Each reading is encoded once and copied to every row that it stands in. Lags are made before rows
are split: with --split hash a reading may stand in training and in test rows, --split time keeps the test later.

--loss ls-svm, logistic and hinge tell two classes apart: the target has two values, the larger is class +1, and the model
gives a decision value, class +1 from 0 on. Figures then are accuracy, balanced accuracy (the mean of both classes'), area
under the curve (AUC) and the loss; RMSE and R² of the JSON are those of decision values from -1 and +1. --l1, --l2, --box
and --ball act on standardised weights, never on the intercept, with the loss of squares in units of the target's variance.

--start goes on from a model that --save wrote: from its slopes, with the steps of --schedule inverse falling on from where
they had come to and random numbers of their own, in the units of the rows at hand. Its loss on these rows before the first
step tells how far what they show has moved.

--engine fpga trains on an emulated card. --layout pairs holds two draws a value and runs double, code holds one code a value
and runs symmetric (naive with --samples 1), float32 and weave hold raw rows (--scheme none). The card works in 32 bits with
23 fraction bits; its steps and mini-batches are powers of two, rounded down. The line "modelled" tells what one epoch would
cost on the card, as does fpga in the JSON; the seconds of the epochs are those of the emulation. Where the card fails,
another engine runs the rest, with a warning. See also: zipml fpga report.

Example:
  zipml train --data plant.csv --target power --bits 4 --save model.json
  zipml train --data motes.csv.gz --target humidity --features temperature,indoor --split time --group mote_id
  zipml train --data motes.csv.gz --target humidity --features humidity --lags 6 --split time --group mote_id
  zipml train --data rooms.csv --target occupied --loss logistic --l1 0.01
  zipml train --data later.csv --target power --start model.json --epochs 5 --save model.json
  zipml train --data plant.csv --target power --engine fpga --platform harp-v1 --layout code --bits 4
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
