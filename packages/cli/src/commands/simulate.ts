import { access } from "node:fs/promises";
import {
  exampleScenario,
  type FleetResult,
  fleetPage,
  parseAxis,
  readScenario,
  runScenario,
  type Scenario,
  type SimulationStage,
  simulateFleet,
  sweep,
} from "@zipml/simulator";
import type { Command } from "commander";
import type { CommandModule } from "../command.ts";
import { CliError } from "../errors.ts";
import { writeFileWhole } from "../files/write-file.ts";
import type { Io } from "../io.ts";
import {
  addFlags,
  defaulted,
  fileOption,
  type OptionTable,
  type OptionValues,
  resolveOptions,
  textOption,
  wholeOption,
  wordOption,
} from "../options.ts";
import { readResults } from "../simulate/read-results.ts";
import { compareResults, showComparison, showPoints, showResult } from "../simulate/show-result.ts";

const help = `
What would so many sensors cost in bytes, air time, battery and accuracy, on this link, at so many bits? A scenario is a
YAML file. Agents of each group run the real device code, the rest of the fleet is simulated frame by frame; what comes
through is trained on. The same seed gives the same result, to the byte, on any number of threads.

Example:
  zipml simulate init fleet.yaml
  zipml simulate run fleet.yaml --html fleet.html
  zipml simulate sweep fleet.yaml --grid bits=2,4,8 --grid link=lorawan,nbiot --out sweep
  zipml simulate report sweep --out sweep.html`;

const runOptions = {
  seed: textOption("SEED", "seed in place of the scenario's"),
  mode: wordOption(["events", "analytic"], "events, or closed form, in place of the scenario's"),
  workers: wholeOption("N", "threads (default: one a processor, where there is work for them)", 1, 64),
  out: fileOption("write the result as JSON, for report and compare"),
  html: fileOption("write a report as one HTML file"),
} as const satisfies OptionTable;

const sweepOptions = {
  seed: runOptions.seed,
  mode: runOptions.mode,
  workers: runOptions.workers,
  out: fileOption(
    "folder of the points: those that are there are not computed again; with results.csv and results.json",
  ),
} as const satisfies OptionTable;

const reportOptions = { out: defaulted(fileOption("the HTML file"), "report.html") } as const satisfies OptionTable;

const initHelp = `
Nothing that is there is overwritten.

Example:
  zipml simulate init fleet.yaml`;

const runHelp = `
Example:
  zipml simulate run fleet.yaml
  zipml simulate run fleet.yaml --mode analytic --json`;

const sweepHelp = `
--grid NAME=VALUE,VALUE, as often as wanted; all combinations are run. Names: bits, samples, target-bits, scheme, coding,
levels, batch, interval, devices, gateways, link, sf, loss, or any key of a scenario joined by dots. A point that the link
can't carry is told, and does not end the sweep; one that was interrupted goes on where it was.

Example:
  zipml simulate sweep fleet.yaml --grid bits=2,3,4,8 --grid batch=1,32,256 --out sweep`;

const reportHelp = `
Example:
  zipml simulate report sweep --out sweep.html`;

const compareHelp = `
Example:
  zipml simulate run fleet.yaml --out a.json
  zipml simulate run fleet.yaml --seed 2 --out b.json
  zipml simulate compare a.json b.json`;

function overlaid(
  scenario: Scenario,
  { seed, mode }: Pick<OptionValues<typeof sweepOptions>, "seed" | "mode">,
): Scenario {
  return { ...scenario, ...(seed === undefined ? {} : { seed }), ...(mode === undefined ? {} : { mode }) };
}

/** What a scenario comes to: with what is learnt, where events are simulated. */
async function simulate(scenario: Scenario, options: Parameters<typeof simulateFleet>[1]): Promise<FleetResult> {
  if (scenario.mode === "analytic") return { ...(await runScenario(scenario)), learning: [] };
  return simulateFleet(scenario, options);
}

/** Progress with rate and time left, on a terminal only. */
function progressOn({ err }: Io): (stage: SimulationStage, done: number, all: number) => void {
  if (!err.isTerminal) return () => undefined;
  let stage: SimulationStage | undefined;
  let began = 0;
  return (now, done, all) => {
    if (now !== stage) {
      stage = now;
      began = performance.now();
    }
    const seconds = (performance.now() - began) / 1000;
    const left = done > 0 ? Math.round((seconds / done) * (all - done)) : 0;
    const rate = seconds > 0 ? `, ${(done / seconds).toPrecision(3)} a second, ${left} s left` : "";
    void err.write(`\r${now}: ${done} of ${all}${rate}\u001b[K`);
  };
}

async function clearProgress({ err }: Io): Promise<void> {
  if (err.isTerminal) await err.write("\r\u001b[K");
}

const isJson = (command: Command): boolean => command.opts<{ json?: true }>().json === true;

async function init(file: string, command: Command, io: Io): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new CliError("file", `${file} is there already: nothing is overwritten`);
  await writeFileWhole(file, [exampleScenario()]);
  await io.out.write(
    isJson(command) ? `${JSON.stringify({ file })}\n` : `${file} is written; next: zipml simulate run ${file}\n`,
  );
}

async function run(file: string, command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, runOptions);
  const scenario = overlaid(await readScenario(file), values);
  const result = await simulate(scenario, {
    signal: io.signal,
    progress: progressOn(io),
    ...(values.workers === undefined ? {} : { workers: values.workers }),
  });
  await clearProgress(io);
  const json = `${JSON.stringify(result)}\n`;
  if (values.out !== undefined) await writeFileWhole(values.out, [json]);
  if (values.html !== undefined) await writeFileWhole(values.html, [await fleetPage([result])]);
  await io.out.write(isJson(command) ? json : showResult(result));
}

async function sweepGrid(file: string, command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, sweepOptions);
  const { grid = [] } = command.opts<{ grid?: string[] }>();
  if (grid.length === 0) throw new CliError("option", "--grid is needed, as --grid bits=2,4,8; see --help");
  const scenario = overlaid(await readScenario(file), values);
  const progress = progressOn(io);
  const { points, computed } = await sweep(scenario, grid.map(parseAxis), {
    signal: io.signal,
    run: (at, { workers, signal }) =>
      simulate(at, { ...(workers === undefined ? {} : { workers }), ...(signal === undefined ? {} : { signal }) }),
    progress: (done, all) => progress("events", done, all),
    ...(values.workers === undefined ? {} : { workers: values.workers }),
    ...(values.out === undefined ? {} : { folder: values.out }),
  });
  await clearProgress(io);
  if (isJson(command)) await io.out.write(`${JSON.stringify(points)}\n`);
  else
    await io.out.write(`${showPoints(points)}${computed} of ${points.length} points computed, the others were there\n`);
}

async function report(path: string, command: Command, io: Io): Promise<void> {
  const { values } = resolveOptions(command, reportOptions);
  const { results, refused } = await readResults(path);
  for (const one of refused) await io.err.write(`zipml simulate: warning: left out ${one}\n`);
  if (results.length === 0) throw new CliError("file", `${path}: every point was refused, there is nothing to report`);
  await writeFileWhole(values.out, [await fleetPage(results)]);
  const told = { file: values.out, points: results.length, refused: refused.length };
  await io.out.write(
    isJson(command) ? `${JSON.stringify(told)}\n` : `${values.out}: a report on ${results.length} points\n`,
  );
}

async function compare(first: string, second: string, command: Command, io: Io): Promise<void> {
  const [a, b] = await Promise.all([first, second].map(async (path) => (await readResults(path)).results));
  if (a?.length !== 1 || b?.length !== 1 || a[0] === undefined || b[0] === undefined)
    throw new CliError(
      "file",
      "compare takes two files of one result each, as `zipml simulate run --out FILE` writes them",
    );
  const rows = compareResults(a[0], b[0]);
  await io.out.write(isJson(command) ? `${JSON.stringify(rows)}\n` : showComparison(rows));
}

/** `zipml simulate`: fleets before they are bought. */
export const simulateCommand: CommandModule = {
  define: (command, io) => {
    command.addHelpText("after", help);
    const add = (name: string, summary: string, after: string, table: OptionTable = {}): Command => {
      const own = command.command(name).description(summary).allowExcessArguments(false).addHelpText("after", after);
      addFlags(own, table);
      return own.option("--json", "print JSON");
    };
    const made = add("init", "write a commented scenario", initHelp).argument("[FILE]", "the scenario", "fleet.yaml");
    made.action((file: string) => init(file, made, io));
    const one = add("run", "simulate a scenario", runHelp, runOptions).argument("<SCENARIO>", "YAML file");
    one.action((file: string) => run(file, one, io));
    const many = add("sweep", "simulate a scenario at all points of a grid", sweepHelp, sweepOptions)
      .argument("<SCENARIO>", "YAML file")
      .option("--grid <NAME=VALUES>", "a parameter and its values", (text, all: string[] = []) => [...all, text]);
    many.action((file: string) => sweepGrid(file, many, io));
    const page = add("report", "make an HTML report of results", reportHelp, reportOptions);
    page.argument("<PATH>", "a result's file, or a sweep's folder").action((path: string) => report(path, page, io));
    const two = add("compare", "show in what two results differ", compareHelp);
    two
      .argument("<FIRST>", "a result's file")
      .argument("<SECOND>", "another")
      .action((first: string, second: string) => compare(first, second, two, io));
  },
};
