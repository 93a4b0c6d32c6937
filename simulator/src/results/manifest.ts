import { createHash } from "node:crypto";
import process from "node:process";
import { propagationConstants } from "../engine/propagation.ts";
import { linkOf, profileOf } from "../engine/scenario-link.ts";
import type { Constants } from "../links/constants.ts";
import { captureThresholdsDb } from "../links/lorawan/interference.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Manifest } from "./result.ts";

/** Version of this package. */
export const simulatorVersion = "0.1.0";

/** JSON with the keys of every mapping in order: the same data gives the same text. */
export function canonicalJson(data: unknown): string {
  return JSON.stringify(inOrder(data));
}

function inOrder(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const mapping = value as Readonly<Record<string, unknown>>;
  const ordered: Record<string, unknown> = {};
  for (const key of Object.keys(mapping).sort()) ordered[key] = inOrder(mapping[key]);
  return ordered;
}

/** The scenario without what changes no result: options of other links. */
function relevant(scenario: Scenario): unknown {
  const { links, link, name: _, ...rest } = scenario;
  return { ...rest, link, options: links[link] };
}

/**
 * SHA-256 of what a scenario's result depends on: all but its name and the options of links that it does not use.
 *
 * @param scenario The scenario.
 * @returns 64 hexadecimal digits.
 */
export function scenarioHash(scenario: Scenario): string {
  return createHash("sha256")
    .update(canonicalJson({ version: simulatorVersion, scenario: relevant(scenario) }))
    .digest("hex");
}

/**
 * What a scenario's result rests on.
 *
 * @param scenario The scenario.
 * @param classes Classes that have devices.
 */
export function manifestOf(scenario: Scenario, classes: readonly number[]): Manifest {
  const isLorawan = scenario.link === "lorawan";
  const links = (isLorawan ? classes : [0]).map((at) => linkOf(scenario, isLorawan ? at + 7 : 7));
  const radio: Constants = isLorawan ? { ...propagationConstants, captureThresholdsDb } : {};
  const constants: Constants = { ...links[0]?.constants, ...radio, ...profileOf(scenario).constants };
  return {
    name: scenario.name,
    version: simulatorVersion,
    node: process.version,
    seed: scenario.seed,
    generator: "Philox4x32-10 by device and purpose; hashed words (lowbias32) by transmission",
    scenarioHash: scenarioHash(scenario),
    scenario,
    links: links.map(({ title }) => title),
    constants,
  };
}
