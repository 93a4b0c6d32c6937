import { intervalCount } from "@zipml/codec";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { runDemo } from "../demo/run-demo.ts";
import { showDemo } from "../demo/show-demo.ts";
import type { Io } from "../io.ts";
import { addFlags, defaulted, type OptionTable, resolveOptions, textOption, wholeOption } from "../options.ts";

const demoOptions = {
  bits: defaulted(wholeOption("BITS", "width of a feature's code, 1 to 16", 1, 16), 4),
  "target-bits": defaulted(wholeOption("BITS", "width of the target's code, 1 to 16", 1, 16), 8),
  samples: defaulted(wholeOption("K", "independent draws a feature's code carries, 2 to 15", 2, 15), 2),
  seed: defaulted(textOption("SEED", "names all streams of random numbers: the same seed gives the same figures"), "1"),
} as const satisfies OptionTable;

const help = `
Four processes replay the four motes of a real wireless sensor network (Suthaharan et al., ISSNIP 2010) over MQTT into a
gateway with an embedded broker on a free loopback port. It takes well under a minute and leaves nothing behind.

Example:
  zipml demo
  zipml demo --bits 3 --json`;

async function act(command: Command, io: Io): Promise<void> {
  const { json } = command.opts<{ json?: true }>();
  const { values } = resolveOptions(command, demoOptions);
  const { bits, samples, seed, "target-bits": targetBits } = values;
  intervalCount(bits, samples); // refused before anything starts
  const { isTerminal } = io.err;
  const watch = (stage: string, done: number, of: number): void => {
    if (isTerminal) void io.err.write(`\r${stage} ${done} of ${of}\u001b[K`);
  };
  const report = await runDemo({ bits, samples, targetBits, seed }, watch, io.signal);
  if (isTerminal) await io.err.write("\r\u001b[K");
  for (const warning of report.warnings) await io.err.write(`zipml demo: warning: ${warning}\n`);
  await io.out.write(json ? `${JSON.stringify(report)}\n` : showDemo(report));
}

/** `zipml demo`: a sensor network on this machine. */
export const demoCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, demoOptions);
    command
      .option("--json", "print one JSON object")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
