import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createReadings } from "../../src/agents/readings.ts";
import { createWeather, defineScenario, type ScenarioInput } from "../../src/index.ts";
import { airQuality } from "./scenario.ts";

async function columnsOf(input: ScenarioInput, devices: readonly number[], rows: number) {
  const scenario = defineScenario(input);
  const weather = createWeather(scenario);
  const readings = await createReadings(scenario, weather);
  const all = devices.map((device) => {
    const source = readings.of(device);
    return Array.from({ length: rows }, () => source.next());
  });
  return { all, weather, scenario };
}

function signals(
  channel: NonNullable<Extract<ScenarioInput["sensors"]["source"], { kind: "generated" }>["channels"]>[string],
  more = {},
) {
  return {
    ...airQuality,
    schema: [{ name: "x", range: [-10, 10] as [number, number] }],
    sensors: {
      intervalSeconds: 60,
      start: "together" as const,
      source: { kind: "generated" as const, channels: { x: channel } },
    },
    training: undefined,
    ...more,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const covariance = (a: readonly number[], b: readonly number[]) => {
  const [ma, mb] = [mean(a), mean(b)];
  return mean(a.map((value, i) => (value - ma) * ((b[i] as number) - mb)));
};

describe("readings", () => {
  it("are the same for the same seed, others for another, and do not depend on bits or link", async () => {
    const { all } = await columnsOf(airQuality, [0, 7], 50);
    const other = { ...airQuality, grid: { bits: 8 }, link: "lorawan" as const };
    expect((await columnsOf(other, [0, 7], 50)).all).toEqual(all);
    expect((await columnsOf({ ...airQuality, seed: "4" }, [0, 7], 50)).all).not.toEqual(all);
    expect(all[0]).not.toEqual(all[1]);
  });

  it("of a linear channel are the weighted sum of the others, with noise of the deviation asked for", async () => {
    const { all } = await columnsOf(airQuality, [0, 1, 2, 3], 1000);
    const residuals = all.flat().map(([t = 0, h = 0, p = 0]) => p - 0.8 * t - 0.5 * h);
    const n = residuals.length;
    expect(Math.abs(mean(residuals) - 5)).toBeLessThan((5 * 4) / Math.sqrt(n));
    expect(Math.abs(covariance(residuals, residuals) - 16)).toBeLessThan(5 * 16 * Math.sqrt(2 / n));
  });

  it("of a walk stay within the range, with steps of the deviation asked for where it is far from the ends", async () => {
    const { all } = await columnsOf(signals({ kind: "walk", start: 0, step: 0.01 }), [0, 1, 2, 3], 2000);
    const steps = all.flatMap((rows) => rows.slice(1).map((row, i) => (row[0] as number) - (rows[i]?.[0] as number)));
    expect(Math.abs(covariance(steps, steps) - 1e-4)).toBeLessThan(5e-4 * Math.sqrt(2 / steps.length));
    const wild = await columnsOf(signals({ kind: "walk", step: 30 }), [0], 2000);
    for (const [x = 0] of wild.all[0] ?? []) expect(Math.abs(x)).toBeLessThanOrEqual(10);
  });

  it("of a day peak at the hour asked for and repeat", async () => {
    const day = { kind: "diurnal" as const, mean: 1, amplitude: 5, peakHour: 15 };
    const { all } = await columnsOf(signals(day), [0], 2 * 1440);
    const rows = (all[0] ?? []).map(([x = 0]) => x);
    expect(rows[15 * 60]).toBeCloseTo(6, 12);
    expect(rows[3 * 60]).toBeCloseTo(-4, 12);
    expect(rows[1440 + 500]).toBeCloseTo(rows[500] as number, 9);
  });

  it("of bursts are up for the share of time that a queue with endless servers is busy", async () => {
    const burst = { kind: "burst" as const, base: 0, height: 1, perHour: 2, seconds: 600 };
    const { all } = await columnsOf(
      signals(burst),
      Array.from({ length: 40 }, (_, d) => d),
      1500,
    );
    // Devices are independent, rows of one device are not: the standard error is that of the devices' means. From the
    // second hour on, as no event began before the start: busy with probability 1 − exp(−rate · duration).
    const shares = all.map((rows) => mean(rows.slice(300).map(([x = 0]) => x)));
    const error = Math.sqrt(covariance(shares, shares) / (shares.length - 1));
    expect(Math.abs(mean(shares) - (1 - Math.exp(-1 / 3)))).toBeLessThan(5 * error);
  });

  it("of a field correlate over distance as asked, and not otherwise", async () => {
    const seeds = Array.from({ length: 300 }, (_, i) => String(i));
    const field = { kind: "field" as const, mean: 0, deviation: 2, metres: 1000, seconds: 3600 };
    const near = { devices: 2, placement: { kind: "disc" as const, metres: 500 } };
    const products: number[] = [];
    const squares: number[] = [];
    const expected: number[] = [];
    for (const seed of seeds) {
      const { all, weather } = await columnsOf({ ...signals(field), seed, fleet: near }, [0, 1], 1);
      const [a = 0, b = 0] = all.map((rows) => rows[0]?.[0] ?? 0);
      const [p, q] = [weather.positionOf(0), weather.positionOf(1)];
      products.push(a * b);
      squares.push(a * a);
      expected.push(4 * Math.exp(-Math.hypot(p.x - q.x, p.y - q.y) / 1000));
    }
    const gaps = products.map((product, i) => product - (expected[i] as number));
    const error = (values: readonly number[]) => Math.sqrt(covariance(values, values) / (values.length - 1));
    expect(Math.abs(mean(gaps))).toBeLessThan(5 * error(gaps));
    expect(Math.abs(mean(squares) - 4)).toBeLessThan(5 * error(squares));
    // The control: no correlation at all would not pass.
    expect(Math.abs(mean(products))).toBeGreaterThan(5 * error(products));
  });

  it("of a file go round in it, begin where the device's part does, and name a column that is not there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zipml-readings-"));
    try {
      const file = join(folder, "data.csv");
      await writeFile(file, `when,temp\n${Array.from({ length: 8 }, (_, i) => `${i},${i * 10}`).join("\n")}\n`);
      const replay = (spread: "offset" | "block" | "repeat", column = "temp"): ScenarioInput => ({
        ...signals({ kind: "walk", step: 1 }),
        fleet: { devices: 4 },
        sensors: { intervalSeconds: 60, source: { kind: "csv", file, columns: { x: column }, spread } },
      });
      const seen = async (spread: "offset" | "block" | "repeat", rows: number) =>
        (await columnsOf(replay(spread), [0, 3], rows)).all.map((all) => all.map(([x]) => x));
      expect(await seen("offset", 4)).toEqual([
        [0, 10, 20, 30],
        [60, 70, 0, 10],
      ]);
      expect(await seen("block", 4)).toEqual([
        [0, 10, 0, 10],
        [60, 70, 60, 70],
      ]);
      expect(await seen("repeat", 2)).toEqual([
        [0, 10],
        [0, 10],
      ]);
      await expect(columnsOf(replay("offset", "nothing"), [0], 1)).rejects.toMatchObject({ code: "column" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
