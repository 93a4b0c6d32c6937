import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { commands } from "./commands.ts";
import type { Io } from "./io.ts";

/** Exit codes of `zipml`. */
const exit = { done: 0, fault: 1, input: 2, interrupted: 130 } as const;

function versionOfPackage(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { readonly version: unknown }).version);
}

/** The command that is called or asked about; only its code is loaded. */
function calledName(args: readonly string[]): string | undefined {
  const [first, second] = args;
  return first === "help" ? second : first;
}

async function createProgram(args: readonly string[], io: Io, say: (text: string) => void): Promise<Command> {
  const program = new Command("zipml")
    .description("Sensor readings to linear models at a few bits a value, without bias.")
    .version(versionOfPackage())
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: () => undefined, outputError: () => undefined })
    .addHelpText("after", "\nzipml COMMAND --help tells about one command.");
  for (const { name, summary, load } of commands) {
    const command = program.command(name).description(summary).allowExcessArguments(false);
    if (name === calledName(args)) (await load()).define(command, io);
  }
  return program;
}

/** Commander's own faults (unknown flags and commands, missing values) as one line. */
function usageLine(error: CommanderError): string {
  return error.message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .trim();
}

async function report(error: unknown, called: string | undefined, io: Io): Promise<number> {
  const known = commands.some(({ name }) => name === called);
  const say = (line: string) => io.err.write(`zipml${known ? ` ${called}` : ""}: ${line}\n`);
  if (error instanceof CommanderError) {
    await say(usageLine(error));
    return exit.input;
  }
  if (io.signal.aborted) {
    await say("interrupted");
    return exit.interrupted;
  }
  const { describeError } = await import("./describe-error.ts");
  const line = describeError(error);
  if (line !== undefined) {
    await say(line);
    return exit.input;
  }
  await say(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return exit.fault;
}

/**
 * Runs `zipml` within this process.
 *
 * @param args The arguments after the program's name.
 * @param io Where it writes, and the signal that ends it.
 * @returns The exit code: 0 done, 2 wrong input (one line on standard error says what), 130 interrupted, 1 a fault of
 * the program itself. Never throws.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const said: string[] = [];
  try {
    const program = await createProgram(args, io, (text) => said.push(text));
    if (args.length === 0) {
      await io.err.write(program.helpInformation());
      return exit.input;
    }
    await program.parseAsync([...args], { from: "user" });
    await io.out.write(said.join(""));
    return exit.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      await io.out.write(said.join(""));
      return exit.done;
    }
    return report(error, calledName(args), io);
  }
}
