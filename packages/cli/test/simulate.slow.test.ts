import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { captureIo } from "../src/io.ts";
import { run } from "../src/run.ts";

const scenario = `
durationHours: 4
fleet: { devices: 30, agents: 8 }
schema:
  - { name: t, range: [-20, 50] }
  - { name: p, range: [0, 100], role: target }
sensors:
  intervalSeconds: 300
  source:
    kind: generated
    channels:
      t: { kind: diurnal, mean: 15, amplitude: 8, noise: 0.5, spread: 2 }
      p: { kind: linear, weights: { t: 2 }, offset: 20, noise: 3 }
batch: { rows: 6 }
link: lorawan
training: { target: p, points: 2 }
`;

async function zipml(...args: readonly string[]) {
  const io = captureIo();
  const code = await run(["simulate", ...args], io);
  return { code, out: io.text.out, err: io.text.err };
}

let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zipml-simulate-"));
  await writeFile(at("fleet.yaml"), scenario);
});
afterAll(() => rm(folder, { recursive: true }));

describe("zipml simulate", () => {
  it("writes a scenario that runs, and overwrites nothing", async () => {
    expect((await zipml("init", at("new.yaml"))).code).toBe(0);
    expect((await zipml("run", at("new.yaml"), "--mode", "analytic")).code).toBe(0);
    const again = await zipml("init", at("new.yaml"));
    expect([again.code, again.err.trim().split("\n").length]).toEqual([2, 1]);
  });

  it("runs a scenario, for people and as JSON, the same for the same seed and quiet beside", async () => {
    const people = await zipml("run", at("fleet.yaml"), "--out", at("a.json"), "--html", at("a.html"));
    expect([people.code, people.err]).toEqual([0, ""]);
    for (const word of ["delivery", "bytes", "energy", "battery", "learning   group 0"])
      expect(people.out).toContain(word);
    expect(await readFile(at("a.html"), "utf8")).toContain("<!doctype html>");
    const json = await zipml("run", at("fleet.yaml"), "--json", "--workers", "2");
    expect(json.out).toBe(await readFile(at("a.json"), "utf8"));
    const { devices, learning, frames } = JSON.parse(json.out);
    expect([devices, learning.length]).toEqual([30, 1]);
    const { sent, ...outcomes } = frames as Record<string, number>;
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(sent);
    const other = await zipml("run", at("fleet.yaml"), "--json", "--seed", "9", "--out", at("b.json"));
    expect(other.out).not.toBe(json.out);
  });

  it("sweeps a grid, goes on where it was, and makes a report and a table of it", async () => {
    const args = ["sweep", at("fleet.yaml"), "--mode", "analytic", "--grid", "bits=2,4", "--out", at("sweep")];
    expect((await zipml(...args)).out).toContain("2 of 2 points computed");
    const more = await zipml(...args, "--grid", "link=lorawan,ble");
    expect(more.out).toContain("2 of 4 points computed");
    const csv = (await readFile(at("sweep/results.csv"), "utf8")).trim().split("\n");
    expect([csv.length, csv[0]?.startsWith("grid_bits,grid_link,")]).toEqual([5, true]);
    const page = await zipml("report", at("sweep"), "--out", at("sweep.html"), "--json");
    expect(JSON.parse(page.out)).toEqual({ file: at("sweep.html"), points: 4, refused: 0 });
  });

  it("tells points that a link can't carry, and does not end at them", async () => {
    const refused = await zipml(
      "sweep",
      at("fleet.yaml"),
      "--mode",
      "analytic",
      "--grid",
      "sf=7,12",
      "--grid",
      "batch.oversize=refuse",
      "--grid",
      "batch=6,400",
      "--json",
    );
    const points = JSON.parse(refused.out) as { refused?: string }[];
    expect(points.map(({ refused: why }) => why !== undefined)).toEqual([false, true, false, true]);
  });

  it("compares two results", async () => {
    await zipml("run", at("fleet.yaml"), "--out", at("a.json"));
    await zipml("run", at("fleet.yaml"), "--seed", "9", "--out", at("b.json"));
    const rows = JSON.parse((await zipml("compare", at("a.json"), at("b.json"), "--json")).out) as { name: string }[];
    expect(rows.map(({ name }) => name)).toContain("seed");
    expect((await zipml("compare", at("a.json"), at("a.json"))).out).toBe("the two do not differ\n");
  });

  const wrong: readonly (readonly [string, () => readonly string[]])[] = [
    ["a file that is not there", () => ["run", at("nothing.yaml")]],
    ["a sweep without a grid", () => ["sweep", at("fleet.yaml")]],
    ["a parameter that is not known", () => ["sweep", at("fleet.yaml"), "--grid", "bitz=2"]],
    ["a report on no results", () => ["report", at("fleet.yaml")]],
    ["a comparison of a sweep", () => ["compare", at("a.json"), at("sweep")]],
    ["an unknown mode", () => ["run", at("fleet.yaml"), "--mode", "guess"]],
  ];
  for (const [what, args] of wrong)
    it(`refuses ${what} in one line`, async () => {
      const { code, err } = await zipml(...args());
      expect([code, err.trim().split("\n").length]).toEqual([2, 1]);
      expect(err).toMatch(/^zipml simulate: /);
    });

  it("names file, line and key of what a scenario may not have", async () => {
    const bad = async (change: (text: string) => string) => {
      await writeFile(at("bad.yaml"), change(scenario));
      return (await zipml("run", at("bad.yaml"))).err;
    };
    expect(await bad((text) => text.replace("devices: 30", "devices: -3"))).toContain("bad.yaml:3: fleet.devices");
    expect(await bad((text) => `${text}colour: red\n`)).toContain("colour is not known");
  });
});
