import type { Command } from "commander";
import type { Io } from "./io.ts";

/** One command of `zipml`. */
export interface CommandModule {
  /**
   * Adds options, help and action to an empty command.
   *
   * @param command The command, named and described.
   * @param io What the action may touch.
   */
  define(command: Command, io: Io): void;
}

/** A command as the list of commands knows it: its code is loaded only when it is called. */
export interface CommandEntry {
  readonly name: string;
  /** One line for `zipml --help`. */
  readonly summary: string;
  load(): Promise<CommandModule>;
}
