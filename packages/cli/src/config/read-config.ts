import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileError } from "@zipml/gateway/data";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { CliError } from "../errors.ts";
import { suggestion } from "../nearest.ts";
import { type OptionTable, refusal } from "../options.ts";
import { configSchema, type SectionName, sections } from "./sections.ts";

interface ParsedFile {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function parseFile(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw new CliError("config", `${file}:${line}: ${error.message}`, error);
  }
  return { file, document, lines };
}

/** The line of a key or list item, undefined where the file has none. */
function lineOf({ document, lines }: ParsedFile, path: readonly PropertyKey[]): number | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const name = String(path.at(-1));
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === name) : undefined;
  const node: unknown = pair === undefined ? document.getIn(path, true) : pair.key;
  return isNode(node) && node.range ? lines.linePos(node.range[0]).line : undefined;
}

/** `file:line` of a key, or of the nearest thing around it that has a place. */
function placeOf(parsed: ParsedFile, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const line = lineOf(parsed, path.slice(0, length));
    if (line !== undefined) return `${parsed.file}:${line}`;
  }
  return parsed.file;
}

const tables: Readonly<Record<string, OptionTable>> = sections;

/** What may stand at a place: the sections at the top, a section's options within it. */
function allowedAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(tables);
  return path.length === 1 ? Object.keys(tables[String(path[0])] ?? {}) : [];
}

function configError(parsed: ParsedFile, data: unknown, issue: z.core.$ZodIssue): CliError {
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const name = [...path, key].join(".");
    const hint = suggestion(key, allowedAt(path));
    return new CliError("config", `${placeOf(parsed, [...path, key])}: ${name} is not known${hint}`);
  }
  const spec = tables[String(path[0])]?.[String(path[1])];
  const value = path
    .slice(0, 2)
    .reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], data);
  const fault = spec === undefined ? "must be a mapping of names to values" : refusal(spec, value);
  return new CliError("config", `${placeOf(parsed, path)}: ${path.join(".") || "the file"} ${fault}`);
}

function isPath(spec: OptionTable[string] | undefined, value: unknown): boolean {
  const { isPath: tells = false } = spec ?? {};
  return typeof tells === "boolean" ? tells : tells(String(value));
}

/**
 * Reads one command's section of a YAML configuration file. The whole file is checked, so that a mistake in another
 * section is told as well.
 *
 * @param file Path of the file.
 * @param section The command.
 * @returns The section's values; paths in it count from the file's folder.
 * @throws DataError `file`, or {@link CliError} `config` with file, line, the key and its nearest neighbour.
 */
export async function readConfig(file: string, section: SectionName): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  const parsed = parseFile(file, text);
  const data: unknown = parsed.document.toJS() ?? {};
  const checked = configSchema.safeParse(data);
  const [issue] = checked.error?.issues ?? [];
  if (issue !== undefined) throw configError(parsed, data, issue);
  const values =
    (checked.data as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>)[section] ?? {};
  const table: OptionTable = sections[section];
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, isPath(table[name], value) ? resolve(dirname(file), String(value)) : value]),
  );
}
