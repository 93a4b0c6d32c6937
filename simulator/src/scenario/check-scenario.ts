import {
  type Channel,
  defineSchema,
  type Grid,
  GridError,
  intervalCount,
  type Schema,
  uniformGrid,
} from "@zipml/codec";
import { messageLimits } from "@zipml/protocol";
import type { z } from "zod";
import { linkOf } from "../engine/scenario-link.ts";
import { SimulationError } from "./errors.ts";
import { type Scenario, type ScenarioInput, scenarioSchema, type TrainingChoice } from "./scenario.ts";

/** Most devices of all groups that run the real device code. */
const mostAgents = 100_000;

const refuse = (key: string, message: string, limit?: number): never => {
  throw new SimulationError("scenario", message, { key, ...(limit === undefined ? {} : { limit }) });
};

/**
 * The schema of a scenario's devices.
 *
 * @param scenario The scenario; only its channels count.
 * @throws {@link SimulationError} `scenario`.
 */
export function schemaOf(scenario: Pick<Scenario, "schema">): Schema {
  try {
    return defineSchema(scenario.schema.map((channel): Channel => channel));
  } catch (error) {
    if (error instanceof GridError)
      throw new SimulationError("scenario", error.message, { key: "schema", cause: error });
    throw error;
  }
}

/**
 * The first grid of a scenario's devices: equal intervals over each channel's range. Levels fitted to readings replace it
 * where the scenario asks for them; width and number of draws stay.
 *
 * @param scenario The scenario; only schema and grid count.
 * @throws {@link SimulationError} `scenario`.
 */
export function gridOf(scenario: Pick<Scenario, "schema" | "grid">): Grid {
  const { scheme, coding, bits, samples, targetBits } = scenario.grid;
  try {
    return uniformGrid(schemaOf(scenario), {
      scheme,
      coding,
      bits,
      targetBits,
      ...(samples === undefined ? {} : { samples }),
    });
  } catch (error) {
    if (error instanceof GridError) throw new SimulationError("scenario", error.message, { key: "grid", cause: error });
    throw error;
  }
}

/** Channels that a scenario may name, and what is said where it names another. */
function checkNames(key: string, names: readonly string[], known: readonly string[]): void {
  for (const name of names)
    if (!known.includes(name))
      refuse(key, `names ${JSON.stringify(name)}, which is no channel of schema: there is ${known.join(", ")}`);
}

function checkSource({ schema, sensors: { source } }: Scenario): void {
  const names = schema.map(({ name }) => name);
  if (source.kind === "csv") {
    checkNames("sensors.source.columns", Object.keys(source.columns), names);
    return;
  }
  const { channels } = source;
  checkNames("sensors.source.channels", Object.keys(channels), names);
  for (const name of names)
    if (!Object.hasOwn(channels, name))
      refuse("sensors.source.channels", `has no signal for channel ${JSON.stringify(name)}`);
  for (const [name, signal] of Object.entries(channels)) {
    if (signal.kind !== "linear") continue;
    const key = `sensors.source.channels.${name}.weights`;
    checkNames(key, Object.keys(signal.weights), names);
    for (const other of Object.keys(signal.weights))
      if (channels[other]?.kind === "linear") refuse(key, `names ${JSON.stringify(other)}, which is itself linear`);
  }
}

function checkTraining(scenario: Scenario, training: TrainingChoice): void {
  const { schema, grid } = scenario;
  const names = schema.map(({ name }) => name);
  checkNames("training.target", [training.target], names);
  const features = training.features ?? names.filter((name) => name !== training.target);
  checkNames("training.features", features, names);
  if (features.length === 0) refuse("training.features", "must name a channel beside the target");
  if (training.lags === 0 && features.includes(training.target))
    refuse("training.features", `may name the target ${JSON.stringify(training.target)} only with lags`);
  const samples = grid.scheme === "dither" ? 1 : (grid.samples ?? 2);
  const { estimator, loss } = training;
  if (estimator === "full") refuse("training.estimator", "full needs exact rows, which devices do not send");
  if (estimator === "double" && (grid.scheme === "dither" || samples < 2))
    refuse("training.estimator", "double needs scheme count and grid.samples of at least 2");
  if (estimator === "symmetric" && grid.scheme === "count" && samples < 2)
    refuse("training.estimator", "symmetric needs grid.samples of at least 2 or scheme dither");
  if (training.solver === "closed-form" && loss !== "squares" && loss !== "ls-svm")
    refuse("training.solver", "closed-form goes with loss squares or ls-svm");
}

/** Bytes of a level in a message, at most. */
const levelBytes = 9;

/** Levels one by one must fit into a message, and go with scheme count. */
function checkLevels(scenario: Scenario): void {
  const { levels, scheme } = scenario.grid;
  if (levels !== "optimal") return;
  if (scheme !== "count") refuse("grid.levels", "optimal goes with scheme count: dither has equal steps");
  const most = messageLimits("birth").maxBytes;
  const features = gridOf(scenario).channels.filter((_, c) => scenario.schema[c]?.role === "feature");
  const bytes = features.reduce((sum, { bits, samples }) => sum + levelBytes * (intervalCount(bits, samples) + 1), 0);
  if (bytes > most) refuse("grid.bits", `make optimal levels of ${bytes} bytes: a birth has at most ${most}`, most);
}

function checkFleet({ fleet, gateways }: Scenario): void {
  const { devices, groups, agents } = fleet;
  if (groups > devices) refuse("fleet.groups", `must be at most fleet.devices, ${devices}, not ${groups}`, devices);
  if (gateways.count > devices)
    refuse("gateways.count", `must be at most fleet.devices, ${devices}, not ${gateways.count}`, devices);
  const running = groups * Math.min(agents, Math.ceil(devices / groups));
  if (running > mostAgents)
    refuse("fleet.agents", `make ${running} agents in ${groups} groups: at most ${mostAgents} in all`, mostAgents);
}

function checkTimes({ sensors, durationHours, outages }: Scenario): void {
  const milliseconds = sensors.intervalSeconds * 1000;
  if (Math.abs(milliseconds - Math.round(milliseconds)) > 1e-6)
    refuse("sensors.intervalSeconds", `must be whole milliseconds, not ${sensors.intervalSeconds} s`);
  if (sensors.intervalSeconds > durationHours * 3600)
    refuse(
      "sensors.intervalSeconds",
      `is longer than durationHours: ${sensors.intervalSeconds} s of ${durationHours} h`,
    );
  for (const [i, { seconds, everyHours }] of outages.entries())
    if (everyHours !== undefined && seconds > everyHours * 3600)
      refuse(`outages.${i}.seconds`, `is longer than everyHours: ${seconds} s of ${everyHours} h`);
}

/**
 * Checks what the parts of a scenario ask of each other, beyond the form of each. What a link can carry is checked where
 * frames are laid out.
 *
 * @param scenario Of the right form.
 * @returns The scenario itself.
 * @throws {@link SimulationError} `scenario` that names the key.
 */
export function checkScenario(scenario: Scenario): Scenario {
  gridOf(scenario);
  checkLevels(scenario);
  checkFleet(scenario);
  checkSource(scenario);
  checkTimes(scenario);
  linkOf(scenario);
  if (scenario.training !== undefined) checkTraining(scenario, scenario.training);
  return scenario;
}

/** What is at a path of nested data. */
function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], data);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Keys that may stand at a place, read off the form itself. */
function allowedKeys(path: readonly PropertyKey[]): readonly string[] {
  let form: unknown = scenarioSchema;
  const step = (key: PropertyKey): unknown => {
    for (;;) {
      const { def } = form as { readonly def: Record<string, unknown> };
      if (def["innerType"] !== undefined) form = def["innerType"];
      else if (def["shape"] !== undefined) return (def["shape"] as Record<PropertyKey, unknown>)[key];
      else return def["element"];
    }
  };
  for (const key of path) {
    form = step(key);
    if (form === undefined) return [];
  }
  for (;;) {
    const { def } = form as { readonly def: Record<string, unknown> };
    if (def["innerType"] !== undefined) form = def["innerType"];
    else return Object.keys((def["shape"] as object | undefined) ?? {});
  }
}

/** A fault that the form has found, with the key it concerns. */
export interface ScenarioFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The issue of a union that says most: that of the option whose kind was meant is all there is. */
function faultOf(data: unknown, issue: z.core.$ZodIssue): ScenarioFault {
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(issue.path);
    const list = allowed.length === 0 ? "" : `: there is ${allowed.join(", ")}`;
    return { path: [...issue.path, issue.keys[0] ?? ""], message: `is not known${list}` };
  }
  const value = valueAt(data, issue.path);
  if (value === undefined) return { path: issue.path, message: "is missing" };
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    const kinds = (issue as { readonly options?: readonly unknown[] }).options ?? [];
    return { path: issue.path, message: `must be one of ${kinds.join(", ")}, not ${shown(value)}` };
  }
  const plain = issue.code === "invalid_type" && issue.message.startsWith("Invalid");
  return { path: issue.path, message: `${plain ? `must be ${issue.expected}` : issue.message}, not ${shown(value)}` };
}

/**
 * Checks the form of a scenario, without what its parts ask of each other.
 *
 * @param data Anything.
 * @returns The scenario with every default in its place, or the first fault.
 */
export function parseScenario(data: unknown): { readonly scenario: Scenario } | { readonly fault: ScenarioFault } {
  const checked = scenarioSchema.safeParse(data);
  if (checked.success) return { scenario: checked.data };
  const [issue] = checked.error.issues;
  if (issue === undefined) throw checked.error;
  return { fault: faultOf(data, issue) };
}

/**
 * Makes a scenario: checks everything about it and fills in defaults.
 *
 * @example
 * ```ts
 * const scenario = defineScenario({
 *   durationHours: 24,
 *   fleet: { devices: 1000 },
 *   schema: [{ name: "temperature", unit: "°C", range: [-20, 60] }],
 *   sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { temperature: { kind: "walk", step: 0.1 } } } },
 *   link: "lorawan",
 * });
 * ```
 *
 * @param input What has a default may be left out.
 * @returns The scenario.
 * @throws {@link SimulationError} `scenario` that names the key and what is allowed.
 */
export function defineScenario(input: ScenarioInput): Scenario {
  const parsed = parseScenario(input);
  if ("scenario" in parsed) return checkScenario(parsed.scenario);
  const { path, message } = parsed.fault;
  throw new SimulationError("scenario", message, { key: path.join(".") || "the scenario" });
}
