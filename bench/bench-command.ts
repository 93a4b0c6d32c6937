import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import {
  BenchError,
  type BenchOptions,
  type BenchResult,
  type BenchRow,
  type BenchTable,
  type RunBench,
} from "./bench-result.ts";

/** Files of this folder that are no bench. */
const others: ReadonlySet<string> = new Set(["run", "bench-command", "bench-result"]);

const usage = "npm run bench -- NAME [--json] [--data-folder DIR] [--quick] [--only ID,ID] [--plot FILE.svg]";

/** Where {@link runBenchCommand} writes. */
export interface BenchIo {
  readonly out: { readonly isTerminal: boolean; write(text: string): void };
  readonly err: { readonly isTerminal: boolean; write(text: string): void };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The names of the benches: the files beside this one, without the harness. */
export function benchNames(): readonly string[] {
  return readdirSync(fileURLToPath(new URL(".", import.meta.url)), { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts"))
    .map((entry) => entry.name.replace(/\.ts$/, ""))
    .filter((name) => !others.has(name))
    .sort();
}

interface Call {
  readonly name: string;
  readonly json: boolean;
  readonly quick: boolean;
  readonly dataFolder: string | undefined;
  readonly plot: string | undefined;
  readonly only: readonly string[] | undefined;
}

/** @throws BenchError for unknown flags and for anything but one name of a bench. */
function readCall(args: readonly string[], names: readonly string[], folder: string | undefined): Call {
  const parsed = parse(args);
  const [name, ...rest] = parsed.positionals;
  if (name === undefined || rest.length > 0) throw new BenchError(`one name is needed: ${usage}`);
  if (!names.includes(name))
    throw new BenchError(`there is no bench ${JSON.stringify(name)}; there is ${names.join(", ")}`);
  const dataFolder = parsed.values["data-folder"] ?? folder;
  if (dataFolder !== undefined && !existsSync(dataFolder)) throw new BenchError(`there is no folder ${dataFolder}`);
  const { json, quick, plot } = parsed.values;
  if (plot !== undefined && !existsSync(dirname(plot))) throw new BenchError(`there is no folder for ${plot}`);
  const only = parsed.values.only?.split(",").map((id) => id.trim());
  return { name, json, quick, dataFolder, plot, only };
}

function parse(args: readonly string[]) {
  const options = {
    json: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    "data-folder": { type: "string" },
    plot: { type: "string" },
    only: { type: "string" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new BenchError(`${(error instanceof Error ? error.message : String(error)).split("\n")[0]} (${usage})`);
  }
}

async function loadBench(name: string): Promise<RunBench> {
  const { run } = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as { readonly run?: RunBench };
  if (typeof run !== "function") throw new BenchError(`bench/${name}.ts exports no run`);
  return run;
}

/** Four digits that count, without an exponent where a person can read it without. */
function shown(value: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e9 || Math.abs(value) < 1e-4)) return value.toExponential(3);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

function showTable({ title, head, rows }: BenchTable): string {
  const colAligns = head.map((_, c) => (typeof rows[0]?.[c] === "number" ? "right" : "left"));
  const table = new Table({ head: [...head], colAligns, style: { head: [], border: [] } });
  table.push(...rows.map((row) => row.map((cell) => (typeof cell === "number" ? shown(cell) : cell))));
  return `${title}\n${table.toString()}`;
}

function writePicture(file: string, { name, picture }: BenchResult): void {
  if (picture === undefined) throw new BenchError(`bench ${name} draws no picture`);
  try {
    writeFileSync(file, picture);
  } catch (error) {
    throw new BenchError(`${file} can't be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A result as a table for a person. */
export function showResult({ name, machine, rows, notes = [], tables = [] }: BenchResult): string {
  const table = new Table({
    head: ["row", "value", "unit", "baseline", "ratio"],
    colAligns: ["left", "right", "left", "right", "right"],
    style: { head: [], border: [] },
  });
  const cell = (value: number | null) => (value === null ? "" : shown(value));
  const cells = ({ id, value, unit, baseline, ratio }: BenchRow) => [
    id,
    shown(value),
    unit,
    cell(baseline),
    cell(ratio),
  ];
  table.push(...rows.map(cells));
  const { cpu, cores, memory, platform, node } = machine;
  const where = `${name}: ${cpu}, ${cores} cores, ${memory} GiB, ${platform}, Node ${node}`;
  const last = ["A ratio above 1 is better than the baseline.", ...notes, ""];
  return [where, ...tables.map(showTable), table.toString(), ...last].join("\n");
}

/**
 * `npm run bench -- NAME [--json] [--data-folder DIR] [--quick] [--only ID,ID] [--plot FILE.svg]`: runs bench/NAME.ts, and writes a table
 * to a terminal and JSON elsewhere or with `--json`; with `--plot` the bench's picture too.
 *
 * @returns The exit code: 0, or 2 for a call that asks for something there is not, with one line on standard error.
 */
export async function runBenchCommand(args: readonly string[], io: BenchIo): Promise<number> {
  const clear = io.err.isTerminal ? "\r\u001b[K" : "";
  try {
    const { name, json, quick, dataFolder, plot, only } = readCall(args, benchNames(), io.environment["ZIPML_DATA"]);
    const run = await loadBench(name);
    const options: BenchOptions = {
      quick,
      ...(dataFolder !== undefined && { dataFolder }),
      ...(only !== undefined && { only }),
      progress: (line) => {
        if (io.err.isTerminal) io.err.write(`${clear}${line}`);
      },
    };
    const result = await run(options).finally(() => io.err.write(clear));
    const { picture: _, ...figures } = result;
    io.out.write(json || !io.out.isTerminal ? `${JSON.stringify(figures)}\n` : showResult(result));
    if (plot !== undefined) writePicture(plot, result);
    return 0;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    io.err.write(`bench: ${error.message}\n`);
    return 2;
  }
}
