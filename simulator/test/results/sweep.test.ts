import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gridPoints, parseAxis, scenarioAt } from "../../src/results/grid-axes.ts";
import { runScenario, sweep } from "../../src/results/sweep.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";

const scenario = defineScenario({
  durationHours: 24,
  mode: "analytic",
  fleet: { devices: 100 },
  schema: [{ name: "t", range: [0, 1] }],
  sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
  link: "lorawan",
});

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zipml-sweep-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test("parameters are read as YAML has values, by short names or keys", () => {
  expect(parseAxis("bits=2, 4,8")).toEqual({ name: "bits", values: [2, 4, 8] });
  expect(parseAxis("link=lorawan,nbiot")).toEqual({ name: "link", values: ["lorawan", "nbiot"] });
  expect(parseAxis("links.lorawan.confirmed=true,false").values).toEqual([true, false]);
  const points = gridPoints([parseAxis("bits=2,4"), parseAxis("batch=1,8")]);
  expect(points.map(({ bits, batch }) => [bits, batch])).toEqual([
    [2, 1],
    [2, 8],
    [4, 1],
    [4, 8],
  ]);
  expect(gridPoints([])).toEqual([{}]);
  const changed = scenarioAt(scenario, {
    bits: 3,
    link: "nbiot",
    "links.nbiot.repetitions": 8,
    loss: 0.1,
    "schema.0.unit": "K",
  });
  expect(changed).toMatchObject({ grid: { bits: 3 }, link: "nbiot", loss: { kind: "bernoulli", share: 0.1 } });
  expect(changed.links.nbiot.repetitions).toBe(8);
  expect(scenario.grid.bits).toBe(4);
});

test.each([
  ["bits", "is no parameter"],
  ["=3", "is no parameter"],
  ["bits=2,,3", "is no parameter"],
  ["bits=2,2", "stands twice"],
])("%s is no parameter of a grid", (text, message) => {
  expect(() => parseAxis(text)).toThrow(
    expect.objectContaining({ code: "grid", message: expect.stringContaining(message) as unknown }),
  );
});

test("what is not known, can't be or stands twice ends the sweep before it begins", async () => {
  for (const axes of [["bitz=2"], ["bits=99"], ["link=lora"], ["bits=2", "grid.bits=3"], ["schema.7.unit=K"]])
    await expect(sweep(scenario, axes.map(parseAxis), { folder })).rejects.toMatchObject({ code: "grid" });
  expect(await readdir(folder)).toEqual([]);
});

test("points that are there are not computed again; others join them", async () => {
  const runs: number[] = [];
  const run: typeof runScenario = (one, options) => {
    runs.push(one.grid.bits);
    return runScenario(one, options);
  };
  const first = await sweep(scenario, [parseAxis("bits=2,4")], { folder, run });
  expect([first.computed, runs]).toEqual([2, [2, 4]]);
  const known: boolean[] = [];
  const second = await sweep(scenario, [parseAxis("bits=4,2,8")], {
    folder,
    run,
    progress: (_done, _all, _stored, isKnown) => known.push(isKnown),
  });
  expect([second.computed, runs, known]).toEqual([1, [2, 4, 8], [true, true, false]]);
  expect(second.points.map(({ point }) => point["bits"])).toEqual([4, 2, 8]);
  expect(second.points[1]?.result).toEqual(JSON.parse(JSON.stringify(first.points[0]?.result)));
  expect((await readdir(join(folder, "points"))).every((name) => /^[0-9a-f]{64}\.json$/.test(name))).toBe(true);
});

test("a sweep that was cut off goes on where it was, and gives what one without a break gives", async () => {
  const axes = [parseAxis("bits=2,3,4,8"), parseAxis("link=lorawan,nbiot")];
  const controller = new AbortController();
  const cut = sweep(scenario, axes, {
    folder,
    signal: controller.signal,
    progress: (done) => done === 3 && controller.abort(new Error("killed")),
  });
  await expect(cut).rejects.toThrow("killed");
  const points = join(folder, "points");
  const [some] = await readdir(points);
  await writeFile(join(points, some ?? ""), '{"hash": "cut sho'); // as a disk that ran full leaves it
  const resumed = await sweep(scenario, axes, { folder });
  expect(resumed.computed).toBe(6);
  const whole = await sweep(scenario, axes);
  expect(resumed.csv).toBe(whole.csv);
  expect(await readFile(join(folder, "results.csv"), "utf8")).toBe(whole.csv);
});

test("a point whose frames the link can't carry is a finding", async () => {
  const strict = defineScenario({
    ...scenario,
    batch: { ...scenario.batch, oversize: "refuse" },
    links: { ...scenario.links, lorawan: { ...scenario.links.lorawan, spreadingFactor: 12 } },
  });
  const { points, csv } = await sweep(strict, [parseAxis("batch=1,1000")]);
  expect(points[0]?.result?.frames.sent).toBeGreaterThan(0);
  expect(points[1]?.refused).toContain("LoRaWAN at SF12 carries 51");
  const [head = "", one = "", two = ""] = csv.split("\n");
  const columns = head.split(",");
  expect(columns[0]).toBe("grid_batch");
  expect(columns.at(-1)).toBe("refused");
  for (const name of ["delivery_share", "energy_J_per_device_day", "airtime_s_per_device_day", "latency_p50_s"])
    expect(columns).toContain(name);
  expect(one.split(",").length).toBe(columns.length);
  expect(two.startsWith("1000,,")).toBe(true);
});
