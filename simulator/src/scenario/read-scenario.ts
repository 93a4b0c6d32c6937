import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import { checkScenario, parseScenario } from "./check-scenario.ts";
import { SimulationError } from "./errors.ts";
import type { Scenario } from "./scenario.ts";

interface ParsedFile {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function parseFile(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined)
    throw new SimulationError("syntax", error.message, { file, line: lines.linePos(error.pos[0]).line, cause: error });
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

/** The line of a key, or of the nearest thing around it that has a place. */
function nearestLine(parsed: ParsedFile, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const line = lineOf(parsed, path.slice(0, length));
    if (line !== undefined) return line;
  }
  return undefined;
}

function faultAt(
  parsed: ParsedFile,
  path: readonly PropertyKey[],
  message: string,
  error?: SimulationError,
): SimulationError {
  const line = nearestLine(parsed, path);
  const limit = error?.limit;
  return new SimulationError(error?.code ?? "scenario", message, {
    file: parsed.file,
    key: path.join(".") || "the file",
    ...(line === undefined ? {} : { line }),
    ...(limit === undefined ? {} : { limit }),
    ...(error === undefined ? {} : { cause: error }),
  });
}

/** List items are numbers in a path, and keys words. */
const pathOf = (key: string): readonly PropertyKey[] =>
  key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));

/** A path within a scenario counts from the scenario's folder. */
function withPaths(scenario: Scenario, folder: string): Scenario {
  const { source } = scenario.sensors;
  if (source.kind !== "csv") return scenario;
  return { ...scenario, sensors: { ...scenario.sensors, source: { ...source, file: resolve(folder, source.file) } } };
}

/**
 * Reads a scenario from the text of a YAML file.
 *
 * @param text The file's text.
 * @param file Its name, for errors; paths in it count from its folder.
 * @returns The scenario with every default in its place.
 * @throws {@link SimulationError} `syntax` or `scenario`, with file, line and key.
 */
export function scenarioFromYaml(text: string, file: string): Scenario {
  const parsed = parseFile(file, text);
  const form = parseScenario(parsed.document.toJS() ?? {});
  if ("fault" in form) throw faultAt(parsed, form.fault.path, form.fault.message);
  try {
    return withPaths(checkScenario(form.scenario), dirname(file));
  } catch (error) {
    if (!(error instanceof SimulationError) || error.key === undefined) throw error;
    throw faultAt(parsed, pathOf(error.key), error.message.slice(error.key.length + 1), error);
  }
}

/**
 * Reads a scenario from a YAML file.
 *
 * @param file Path of the file.
 * @returns The scenario with every default in its place.
 * @throws {@link SimulationError} `file`, or as {@link scenarioFromYaml}.
 */
export async function readScenario(file: string): Promise<Scenario> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SimulationError("file", `can't be read: ${why}`, { file, cause });
  });
  return scenarioFromYaml(text, file);
}
