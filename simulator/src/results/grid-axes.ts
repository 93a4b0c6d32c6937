import { parse } from "yaml";
import { checkScenario, parseScenario } from "../scenario/check-scenario.ts";
import { SimulationError } from "../scenario/errors.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** One parameter of a sweep and the values that it takes. */
export interface GridAxis {
  /** As the caller named it: a short name, or keys joined by dots. */
  readonly name: string;
  readonly values: readonly (string | number | boolean)[];
}

/** One point of a sweep: a value by parameter. */
export type GridPoint = Readonly<Record<string, string | number | boolean>>;

/** Short names of what is swept most. */
export const axisKeys: Readonly<Record<string, string>> = Object.freeze({
  bits: "grid.bits",
  samples: "grid.samples",
  "target-bits": "grid.targetBits",
  scheme: "grid.scheme",
  coding: "grid.coding",
  levels: "grid.levels",
  batch: "batch.rows",
  interval: "sensors.intervalSeconds",
  devices: "fleet.devices",
  gateways: "gateways.count",
  sf: "links.lorawan.spreadingFactor",
  loss: "loss.share",
});

/** Most points of a sweep. */
const mostPoints = 1_000_000;

/**
 * Reads a parameter of a sweep.
 *
 * @param text `bits=2,3,4,8`: a name, and values as YAML has them.
 * @throws SimulationError `grid` for one without name or value, or a value that stands twice.
 */
export function parseAxis(text: string): GridAxis {
  const cut = text.indexOf("=");
  const name = text.slice(0, Math.max(0, cut)).trim();
  const parts =
    cut < 0
      ? []
      : text
          .slice(cut + 1)
          .split(",")
          .map((part) => part.trim());
  if (name === "" || parts.length === 0 || parts.includes(""))
    throw new SimulationError("grid", `${JSON.stringify(text)} is no parameter: NAME=VALUE,VALUE is, as in bits=2,4,8`);
  const values = parts.map((part): string | number | boolean => {
    const value: unknown = parse(part);
    return typeof value === "number" || typeof value === "boolean" ? value : part;
  });
  if (new Set(values).size < values.length)
    throw new SimulationError("grid", `${name} has a value that stands twice: ${parts.join(", ")}`, { key: name });
  return { name, values };
}

/**
 * All points of some parameters, the last one changing fastest.
 *
 * @param axes The parameters.
 * @returns One point for no parameter.
 * @throws SimulationError `grid` for a parameter that stands twice, or more than a million points.
 */
export function gridPoints(axes: readonly GridAxis[]): readonly GridPoint[] {
  const keys = axes.map(({ name }) => axisKeys[name] ?? name);
  const again = keys.find((key, i) => keys.indexOf(key) < i);
  if (again !== undefined) throw new SimulationError("grid", `${again} stands twice`, { key: again });
  const count = axes.reduce((product, { values }) => product * values.length, 1);
  if (count > mostPoints)
    throw new SimulationError("grid", `${count} points: at most ${mostPoints} are swept`, { limit: mostPoints });
  let points: GridPoint[] = [{}];
  for (const { name, values } of axes)
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  return points;
}

function withValue(data: unknown, path: readonly string[], value: unknown, name: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof data !== "object" || data === null)
    throw new SimulationError("grid", `${name} is not known: ${key} has nothing to be set in`, { key: name });
  if (Array.isArray(data)) {
    const at = Number(key);
    if (!(at in data))
      throw new SimulationError("grid", `${name} is not known: there is no item ${key}`, { key: name });
    return data.map((item: unknown, i) => (i === at ? withValue(item, rest, value, name) : item));
  }
  const inner: unknown = (data as Record<string, unknown>)[key];
  return { ...data, [key]: rest.length === 0 ? value : withValue(inner, rest, value, name) };
}

/**
 * The scenario of a point.
 *
 * @param scenario What all points have in common.
 * @param point Values by parameter.
 * @returns A scenario of its own, checked anew.
 * @throws SimulationError `grid` for a parameter that is not known or a value that it can't have.
 */
export function scenarioAt(scenario: Scenario, point: GridPoint): Scenario {
  let data: unknown = scenario;
  for (const [name, value] of Object.entries(point)) {
    const key = axisKeys[name] ?? name;
    // What a share of lost transmissions is put into says how they are lost.
    if (key === "loss.share") data = { ...(data as Scenario), loss: { kind: "bernoulli", share: value } };
    else data = withValue(data, key.split("."), value, name);
  }
  const parsed = parseScenario(data);
  if ("scenario" in parsed) return checkScenario(parsed.scenario);
  const key = parsed.fault.path.join(".");
  throw new SimulationError("grid", parsed.fault.message, { key });
}
