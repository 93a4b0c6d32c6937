import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import { drawLevels } from "../levels/draw-levels.ts";
import { findLevels } from "../levels/find-levels.ts";
import { levelsOptions, planLevels } from "../levels/options.ts";
import { showLevels } from "../levels/show-levels.ts";
import { addFlags, resolveOptions } from "../options.ts";

const help = `
--data and one of --column and --all are needed. Levels say where readings are rounded to; wherever they lie, the draws
are unbiased, and levels of least variance only make them less noisy. Both ends are levels: give --range, the sensor's
physical range, when later readings may lie outside those of the file. Rows with an empty or non-numeric cell among the
columns read are passed over. --json prints one object, with --all an array of them.

Example:
  zipml levels --data plant.csv --column power --count 8
  zipml levels --data plant.csv --column power --bits 4 --samples 2 --range 0,500 --plot power.svg
  zipml levels --data plant.csv --all --bits 4 --json`;

async function act(command: Command, io: Io): Promise<void> {
  const { json } = command.opts<{ json?: true }>();
  const plan = planLevels(resolveOptions(command, levelsOptions));
  const { isTerminal } = io.err;
  const { columns, warnings } = await findLevels(plan, async (column) => {
    io.signal.throwIfAborted();
    if (isTerminal) await io.err.write(`\rlevels of ${column}\u001b[K`);
  });
  if (isTerminal) await io.err.write("\r\u001b[K");
  for (const warning of warnings) await io.err.write(`zipml levels: warning: ${warning}\n`);
  const [first] = columns;
  if (plan.plot !== undefined && first !== undefined)
    await writeFileWhole(plan.plot, [await drawLevels(first, plan.count)]);
  const reports = columns.map(({ report }) => report);
  if (!json) await io.out.write(showLevels(reports));
  else await io.out.write(`${JSON.stringify(plan.column === undefined ? reports : reports[0])}\n`);
}

/** `zipml levels`: where to round readings to. */
export const levelsCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, levelsOptions);
    command
      .option("--json", "print JSON")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
