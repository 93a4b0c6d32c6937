import { createTopics, cryptoRandom, TransportError, type TransportEvent } from "@zipml/protocol";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { readConfig } from "../config/read-config.ts";
import { connectorOf } from "../connector.ts";
import type { Io } from "../io.ts";
import { addFlags, type OptionValues, resolveOptions } from "../options.ts";
import { createDescriber } from "../tail/describe-message.ts";
import { tailOptions } from "../tail/options.ts";

const help = `
Shows every message under the prefix as one JSON line, retained ones first. It runs until it is interrupted or --count
is reached.

Example:
  zipml tail --url mqtt://127.0.0.1:1883 --kinds birth,data --readings --count 10`;

interface Progress {
  shown: number;
}

async function act(command: Command, io: Io): Promise<void> {
  const { config } = command.opts<{ config?: string }>();
  const section = config === undefined ? {} : await readConfig(config, "tail");
  const { values } = resolveOptions(command, tailOptions, section);
  const topics = createTopics(values.prefix === undefined ? {} : { prefix: values.prefix });
  const describer = createDescriber(topics, values.readings === true);
  const connector = await connectorOf(values);
  await using transport = connector({ clientId: `tail.${cryptoRandom()().toString(16)}` });
  const end = (): void => {
    void transport.close();
  };
  io.signal.addEventListener("abort", end, { once: true });
  const progress: Progress = { shown: 0 };
  for await (const event of transport.events()) {
    if (event.type === "online") await transport.subscribe([topics.everythingFilter()]);
    else if (event.type === "offline") await complain(event, io);
    else if (await show(event, values, describer, progress, io)) break;
  }
  io.signal.removeEventListener("abort", end);
}

/** A broker that refuses us will do so again: that ends the command; one that is away may come back. */
async function complain(event: Extract<TransportEvent, { type: "offline" }>, io: Io): Promise<void> {
  if (event.code === "auth" || event.code === "tls") throw new TransportError(event.code, event.reason);
  if (!io.signal.aborted) await io.err.write(`zipml tail: no connection: ${event.reason}\n`);
}

async function show(
  message: Extract<TransportEvent, { type: "message" }>,
  { kinds, count }: OptionValues<typeof tailOptions>,
  describer: ReturnType<typeof createDescriber>,
  progress: Progress,
  io: Io,
): Promise<boolean> {
  const line = describer.describe(message);
  if (kinds !== undefined && !kinds.some((kind) => kind === line["kind"])) return false;
  await io.out.write(`${JSON.stringify(line)}\n`);
  progress.shown += 1;
  return progress.shown === count;
}

/** `zipml tail`: what passes over a broker, as JSON lines. */
export const tailCommand: CommandModule = {
  define: (command, io) => {
    addFlags(command, tailOptions);
    command
      .option("--config <FILE>", "YAML file with these options under tail:; flags win")
      .option("--json", "JSON lines; there is no other form")
      .addHelpText("after", help)
      .action(() => act(command, io));
  },
};
