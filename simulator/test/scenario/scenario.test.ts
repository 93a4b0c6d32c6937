import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { defineScenario, gridOf } from "../../src/scenario/check-scenario.ts";
import { SimulationError } from "../../src/scenario/errors.ts";
import { exampleScenario } from "../../src/scenario/example.ts";
import { scenarioJsonSchema } from "../../src/scenario/json-schema.ts";
import { readScenario, scenarioFromYaml } from "../../src/scenario/read-scenario.ts";
import type { ScenarioInput } from "../../src/scenario/scenario.ts";

const least: ScenarioInput = {
  durationHours: 24,
  fleet: { devices: 10 },
  schema: [{ name: "t", range: [0, 1] }],
  sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
  link: "lorawan",
};

/** The error of a scenario that is `least` with something else in it. */
function fault(change: object): SimulationError {
  try {
    defineScenario({ ...least, ...change });
  } catch (error) {
    if (error instanceof SimulationError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

test("defaults are filled in, for every link", () => {
  const scenario = defineScenario(least);
  expect(scenario.fleet).toMatchObject({ groups: 1, agents: 200, placement: { kind: "disc" } });
  expect(scenario.links.lorawan).toMatchObject({ spreadingFactor: "auto", dutyCycle: 0.01 });
  expect(scenario.links.nbiot.keepAliveSeconds).toBe(0);
  expect(scenario.batch).toMatchObject({ rows: 256, bytes: 4096, oversize: "split" });
  expect(gridOf(scenario).channels[0]).toMatchObject({ bits: 4, samples: 2 });
});

test("the commented example reads as it is, and names every section", () => {
  const scenario = scenarioFromYaml(exampleScenario(), "example.yaml");
  expect(scenario.training?.target).toBe("pm25");
  const written = Object.keys(parse(exampleScenario()) as object);
  expect(written.sort()).toEqual(Object.keys(scenario).sort());
});

test.each([
  [{ fleet: { devices: -5 } }, "fleet.devices", "fleet.devices must be a whole number from 1 to 10000000, not -5"],
  [{ fleet: { devices: 10, speed: 1 } }, "fleet.speed", "fleet.speed is not known: there is devices, groups"],
  [{ fleeet: {} }, "fleeet", "fleeet is not known: there is name, seed"],
  [{ durationHours: undefined }, "durationHours", "durationHours is missing"],
  [{ link: "lora" }, "link", "link must be one of ethernet, wifi"],
  [{ loss: { kind: "bernoulli", share: 1.5 } }, "loss.share", "loss.share must be a number from 0 to 1, not 1.5"],
  [{ loss: { kind: "bernouli" } }, "loss.kind", "must be one of none, bernoulli, gilbert-elliott"],
  [
    { links: { lorawan: { spreadingFactor: 6 } } },
    "links.lorawan.spreadingFactor",
    'must be "auto" or a whole number from 7 to 12, not 6',
  ],
  [{ links: { lorawan: { sf: 7 } } }, "links.lorawan.sf", "is not known: there is spreadingFactor"],
  [{ grid: { bits: 1, samples: 3 } }, "grid", "holds no interval for 3 samples"],
  [{ grid: { scheme: "dither", samples: 2 } }, "grid", "samples must be 1"],
  [{ grid: { scheme: "dither", levels: "optimal" } }, "grid.levels", "optimal goes with scheme count"],
  [{ grid: { bits: 16, samples: 1, levels: "optimal" } }, "grid.bits", "a birth has at most 262144"],
  [{ fleet: { devices: 10, groups: 11 } }, "fleet.groups", "at most fleet.devices, 10, not 11"],
  [{ gateways: { count: 11 } }, "gateways.count", "at most fleet.devices, 10, not 11"],
  [{ schema: [{ name: "t", range: [1, 0] }] }, "schema.0.range", "low < high"],
  [{ training: { target: "x" } }, "training.target", 'names "x", which is no channel of schema'],
  [{ training: { target: "t" } }, "training.features", "a channel beside the target"],
  [
    { link: "wifi", links: { wifi: { standard: "11b", megabitsPerSecond: 54 } } },
    "links.wifi",
    "rateMbps of 11b must be one of 1, 2, 5.5, 11, not 54",
  ],
  [{ outages: [{ of: "gateway", startHours: 1, seconds: 7200, everyHours: 1 }] }, "outages.0.seconds", "everyHours"],
  [{ links: { ble: { connectionIntervalMilliseconds: 8 } } }, "links.ble.connectionIntervalMilliseconds", "1.25"],
])("%j is refused, and the key named", (change, key, message) => {
  const error = fault(change);
  expect(error.code).toBe("scenario");
  expect(error.key).toBe(key);
  expect(error.message).toContain(message);
});

test("a file's errors name file, line and key", () => {
  const text = exampleScenario();
  const line = (start: string): number => text.split("\n").findIndex((one) => one.startsWith(start)) + 1;
  const expectFault = (changed: string, code: string, place: string): void => {
    expect(() => scenarioFromYaml(changed, "s.yaml")).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(place) as unknown }),
    );
  };
  expectFault(
    text.replace("devices: 5000", "devices: -1"),
    "scenario",
    `s.yaml:${line("  devices")}: fleet.devices must`,
  );
  expectFault(
    text.replace("  groups: 1 ", "  group: 1 "),
    "scenario",
    `s.yaml:${line("  groups")}: fleet.group is not`,
  );
  expectFault(
    text.replace("target: pm25", "target: pm26"),
    "scenario",
    `s.yaml:${line("  target: pm25")}: training.target`,
  );
  expectFault(text.replace("samples: 2", "samples: 2\n  bits: 3"), "syntax", "s.yaml:");
  expectFault(
    text.replace("share: 0.2", "share: 2"),
    "scenario",
    "outages.0.share must be a number from 0 to 1, not 2",
  );
});

test("paths of a file count from its folder, and a file that is not there is said so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "zipml-scenario-"));
  try {
    const file = join(folder, "a.yaml");
    const source = { kind: "csv", file: "rows.csv" };
    await writeFile(file, JSON.stringify({ ...least, sensors: { intervalSeconds: 60, source } }));
    const scenario = await readScenario(file);
    expect(scenario.sensors.source).toMatchObject({ file: join(folder, "rows.csv") });
    await expect(readScenario(join(folder, "b.yaml"))).rejects.toMatchObject({ code: "file" });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the published JSON schema is the one that is checked by", () => {
  const published = readFileSync(new URL("../../schema/scenario.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(published)).toEqual(JSON.parse(scenarioJsonSchema()));
});
