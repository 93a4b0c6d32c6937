import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { readConfig } from "../config/read-config.ts";
import { describeError } from "../describe-error.ts";
import { deviceOptions } from "../device/options.ts";
import { replayFile, type Watch } from "../device/replay.ts";
import { CliError } from "../errors.ts";
import type { Io } from "../io.ts";
import { addFlags, resolveOptions } from "../options.ts";

const help = `
--id and --data are needed. The rows of the file are pushed into a device agent, which quantizes them, seals them into
frames and publishes these until the gateway's receipts cover them. With --spool, what has no receipt at the end is kept
on disk and goes first at the next start. Give --ranges when several devices share a model. --dead-band sends less of
channels that hardly move, biased by up to the threshold: name no channel there that must stay as it is read.

Example:
  zipml device --id mote-1 --group field --data mote-1.csv --target humidity --ranges temperature:-20:60 --rate 5`;

async function act(command: Command, io: Io): Promise<void> {
  const { config, json } = command.opts<{ config?: string; json?: true }>();
  const section = config === undefined ? {} : await readConfig(config, "device");
  const { values } = resolveOptions(command, deviceOptions, section);
  const say = (line: string): void => {
    void io.err.write(`zipml device: ${line}\n`);
  };
  const tell: Watch = {
    failed: (error) => say(`warning: ${describeError(error) ?? String(error)}`),
    offline: (reason) => say(`no connection: ${reason}`),
    lost: (what) => say(`warning: ${what}`),
  };
  const report = await replayFile(values, tell, io.signal);
  const { id, rows, readings, held, frames, frameBytes, left } = report;
  const told = held > 0 ? `, ${held} of them told otherwise for a dead band,` : "";
  await io.out.write(
    json
      ? `${JSON.stringify(report)}\n`
      : `${id}: ${rows} rows, ${readings} readings${told} in ${frames} frames of ${frameBytes} bytes together\n`,
  );
  if (left > 0) {
    const what = left > frames ? `${left} frames, some of earlier runs,` : `${left} of ${frames} frames`;
    const kept = values.spool === undefined ? "" : ", the spool keeps them";
    throw new CliError("delivery", `${what} have no receipt after ${values.timeout} s${kept}: is a gateway there?`);
  }
}

/** `zipml device`: a CSV file as a sensor. */
export const deviceCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, deviceOptions);
    command
      .option("--config <FILE>", "YAML file with these options under device:; flags win")
      .option("--json", "print one JSON object about what was sent")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
