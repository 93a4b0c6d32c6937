import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { DemoReport } from "../src/demo/run-demo.ts";
import { showDemo } from "../src/demo/show-demo.ts";
import { zipml } from "./support.ts";

describe("zipml demo", () => {
  it("runs four processes into a gateway, loses nothing and learns what full precision would", async () => {
    const { code, out, err } = await zipml("demo", "--json");
    expect(code, err).toBe(0);
    expect(out.indexOf("\n"), "one line of JSON and nothing else").toBe(out.length - 1);
    const report: DemoReport = JSON.parse(out);
    expect(report).toMatchObject({ devices: 4, readings: 42_210, lost: 0, duplicated: 0, clipped: 0 });
    expect(report.rows).toEqual({ train: 14_070, test: 4690 });
    const { bytes, bytesPerReading, models } = report;
    // 2 bytes a row of 3 readings, and at most 25 bytes a frame beside its body.
    expect(bytes.payload).toBeGreaterThanOrEqual(2 * 14_070);
    expect(bytes.payload).toBeLessThanOrEqual(2 * 14_070 + 25 * report.frames);
    expect(bytes.payload + bytes.control + bytes.mqtt).toBe(bytes.total);
    expect(bytesPerReading.zipml).toBeCloseTo(bytes.payload / 42_210, 12);
    expect(bytesPerReading.cborFloat32).toBeGreaterThan(4);
    expect(bytesPerReading.messagePackFloat32).toBeGreaterThan(4);
    // The reference of the data set: R² 0.674, RMSE 5.5465.
    expect(models.leastSquares.r2).toBeCloseTo(0.674, 3);
    expect(models.leastSquares.rmse).toBeCloseTo(5.5465, 3);
    expect(models.leastSquares.r2 - models.zipml.r2).toBeLessThan(0.005);
    expect(models.zipml.r2 - models.naive.r2).toBeGreaterThan(0.02);
    // What the README shows is what the command prints, but for what the network decides: control bytes and time.
    const readme = await readFile(new URL("../../../README.md", import.meta.url), "utf8");
    const shown = /```text\n([^`]*)```/.exec(readme)?.[1]?.trim().split("\n") ?? [];
    const printed = showDemo(report).trim().split("\n");
    const steady = (line: string) => !/births|MQTT| s$/.test(line);
    expect(shown.filter(steady)).toEqual(printed.filter(steady));
    expect(shown).toHaveLength(printed.length);
  }, 120_000);

  it("says so in a table without jargon", () => {
    const figures = { rmse: 5.5, r2: 0.67 };
    const text = showDemo({
      devices: 4,
      bits: 4,
      samples: 2,
      rows: { train: 1000, test: 10 },
      readings: 3000,
      frames: 4,
      lost: 0,
      duplicated: 0,
      clipped: 1,
      bytes: { payload: 2100, control: 300, mqtt: 300, total: 2700 },
      bytesPerReading: { zipml: 0.7, json: 4.9, cborFloat32: 4.2, messagePackFloat32: 4.2, total: 0.9 },
      models: { zipml: figures, leastSquares: figures, naive: figures },
      warnings: [],
      seconds: 3,
    });
    expect(text).toContain("3,000 readings");
    expect(text).toContain("7.0 × ours");
    expect(text).toContain("lost 0, duplicated 0; readings clipped 1");
  });
});
