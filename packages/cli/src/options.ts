import { parseCell } from "@zipml/gateway/data";
import { type Command, Option } from "commander";
import { z } from "zod";
import { CliError } from "./errors.ts";
import { suggestion } from "./nearest.ts";

/** One option of a command, as a flag and as a key of the configuration file. */
export interface OptionSpec<T> {
  /** Shown for the flag's value; none for a switch. */
  readonly placeholder: string | undefined;
  /** One line for `--help` and for the JSON schema. */
  readonly help: string;
  /** Completes "must be …". */
  readonly expects: string;
  readonly schema: z.ZodType<T>;
  /** The flag's text as the value that `schema` then checks. */
  readonly read: (text: string) => unknown;
  /** The allowed words, where there are only these. */
  readonly words?: readonly string[];
  /** Whether it, or such a value of it, names a file: in a configuration file it counts from that file's folder. */
  readonly isPath?: boolean | ((value: string) => boolean);
}

/** An option that has a value when nobody gives one. */
export interface DefaultedSpec<T> extends OptionSpec<T> {
  readonly fallback: T;
}

/** Options by name: the flag without its dashes, and the key in the configuration file. */
export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values of a table's options. */
export type OptionValues<S extends OptionTable> = {
  readonly [K in keyof S]: S[K] extends DefaultedSpec<infer T>
    ? T
    : S[K] extends OptionSpec<infer T>
      ? T | undefined
      : never;
};

/** Where a value came from. */
export type OptionOrigin = "flag" | "config";

/** Values with where the given ones came from. */
export interface ResolvedOptions<S extends OptionTable> {
  readonly values: OptionValues<S>;
  /** Options that were given; those that have their default are not in it. */
  readonly origins: ReadonlyMap<keyof S & string, OptionOrigin>;
}

/** Gives an option a default. */
export function defaulted<T>(spec: OptionSpec<T>, fallback: T): DefaultedSpec<T> {
  return { ...spec, fallback };
}

/** A path of a file. */
export function fileOption(help: string): OptionSpec<string> {
  const schema = z.string().min(1);
  return { placeholder: "FILE", help, expects: "a path", schema, read: (text) => text, isPath: true };
}

/** Any text. */
export function textOption(placeholder: string, help: string): OptionSpec<string> {
  return { placeholder, help, expects: "some text", schema: z.string().min(1), read: (text) => text };
}

/** Several names: separated by commas as a flag, a list or such a text in a configuration file. */
export function namesOption(placeholder: string, help: string): OptionSpec<readonly string[]> {
  const read = (text: string) =>
    text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
  const schema = z.union([z.array(z.string().min(1)).min(1), z.string().transform(read)]);
  return {
    placeholder,
    help,
    expects: "names separated by commas, at least one",
    schema: schema.refine((names) => names.length > 0) as z.ZodType<readonly string[]>,
    read,
  };
}

/** A whole number from `least` to `most`. */
export function wholeOption(placeholder: string, help: string, least: number, most: number): OptionSpec<number> {
  const limit = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  const schema = z.int().min(least).max(most);
  return { placeholder, help, expects: `a whole number ${limit}`, schema, read: parseCell };
}

/**
 * A number.
 *
 * @param expects Completes "must be …".
 * @param schema Bounds it.
 */
export function numberOption(
  placeholder: string,
  help: string,
  expects: string,
  schema: z.ZodType<number>,
): OptionSpec<number> {
  return { placeholder, help, expects, schema, read: parseCell };
}

/** One of some words. */
export function wordOption<const W extends readonly [string, ...string[]]>(
  words: W,
  help: string,
): OptionSpec<W[number]> {
  const expects = words.length === 1 ? JSON.stringify(words[0]) : `one of ${words.join(", ")}`;
  return { placeholder: words.join("|"), help, expects, schema: z.enum(words), read: (text) => text, words };
}

function flagOf(name: string, spec: OptionSpec<unknown>): Option {
  const note = "fallback" in spec ? ` (default ${String(spec.fallback)})` : "";
  return new Option(spec.placeholder === undefined ? `--${name}` : `--${name} <${spec.placeholder}>`, spec.help + note);
}

/**
 * Adds a table's options to a command as flags.
 *
 * @param command The command.
 * @param table The options.
 */
export function addFlags(command: Command, table: OptionTable): void {
  for (const [name, spec] of Object.entries(table)) command.addOption(flagOf(name, spec));
}

const shown = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? "nothing");

/**
 * "must be …, not …" for a value that an option refuses.
 *
 * @param spec The option.
 * @param value What was given.
 */
export function refusal(spec: OptionSpec<unknown>, value: unknown): string {
  const hint = spec.words !== undefined && typeof value === "string" ? suggestionWithin(value, spec.words) : "";
  return `must be ${spec.expects}, not ${shown(value)}${hint}`;
}

/** Only a real neighbour is worth a word here: the allowed words are listed already. */
function suggestionWithin(value: string, words: readonly string[]): string {
  const text = suggestion(value, words);
  return text.includes("did you mean") && words.length > 1 ? text : "";
}

/**
 * The value of every option: the flag's, else the configuration file's, else the default.
 *
 * @param command The command after parsing.
 * @param table The options that were added to it.
 * @param config Checked values from a configuration file.
 * @throws {@link CliError} `option` that names the flag and what is allowed.
 */
export function resolveOptions<S extends OptionTable>(
  command: Command,
  table: S,
  config: Readonly<Record<string, unknown>> = {},
): ResolvedOptions<S> {
  const flags: Readonly<Record<string, unknown>> = command.opts();
  const values: Record<string, unknown> = {};
  const origins = new Map<keyof S & string, OptionOrigin>();
  for (const [name, spec] of Object.entries(table)) {
    const flag = flags[flagOf(name, spec).attributeName()];
    if (flag !== undefined) {
      const checked = spec.schema.safeParse(typeof flag === "string" ? spec.read(flag) : flag);
      if (!checked.success) throw new CliError("option", `--${name} ${refusal(spec, flag)}`);
      values[name] = checked.data;
      origins.set(name, "flag");
    } else if (config[name] !== undefined) {
      values[name] = config[name];
      origins.set(name, "config");
    } else values[name] = "fallback" in spec ? spec.fallback : undefined;
  }
  return { values: values as OptionValues<S>, origins };
}

/**
 * A value that must be given.
 *
 * @param name Name of the option.
 * @param value Its value.
 * @throws {@link CliError} `option` where it is undefined.
 */
export function required<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new CliError("option", `--${name} is needed; see --help`);
  return value;
}
