import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { saveGrid } from "../files/grid-file.ts";
import type { Io } from "../io.ts";
import { addFlags, resolveOptions } from "../options.ts";
import { makePlan } from "../plan/make-plan.ts";
import { planOptions } from "../plan/options.ts";
import { showPlan } from "../plan/show-plan.ts";

const help = `
--data and --target are needed. How wide each channel's steps may be, so that least squares on --rows encoded rows has
an expected loss at most --excess above that on the same rows exact; then the scheme and coding that take fewest bytes
at these steps, measured by encoding the file. Ranges are the columns' smallest and largest values: --out writes a file
in which wider ones, the sensors' physical ranges, can be put. Rows with an empty or non-numeric cell are passed over.

Example:
  zipml plan --data plant.csv --target power --excess 0.001 --out plant.grid.json
  zipml train --data plant.csv --target power --grid plant.grid.json`;

async function act(command: Command, io: Io): Promise<void> {
  const { json } = command.opts<{ json?: true }>();
  const { values } = resolveOptions(command, planOptions);
  const { report, schema, grid } = await makePlan(values);
  for (const warning of report.warnings) await io.err.write(`zipml plan: warning: ${warning}\n`);
  if (values.out !== undefined) await saveGrid(values.out, { schema, grid });
  await io.out.write(json ? `${JSON.stringify(report)}\n` : showPlan(report));
}

/** `zipml plan`: how precise readings must be. */
export const planCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, planOptions);
    command
      .option("--json", "print one JSON object")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
