import { describe, expect, it } from "vitest";
import { captureIo, run } from "../src/index.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

/** Readings that crowd at the lower end of a wide range. */
function crowdedCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, r) => {
    const u = ((r + 0.5) * 0.6180339887498949) % 1;
    const load = -Math.log(1 - u);
    return `${load},${2 * load + 1}`;
  });
  return `load,y\n${lines.join("\n")}\n`;
}

describe("zipml gateway --follow-levels", () => {
  it("publishes a grid for what a replayed file measures, and loses no row over it", async () => {
    const folder = await temporaryFolder();
    const rows = 16_000;
    const file = await put(folder, "load.csv", crowdedCsv(rows));
    const interrupt = new AbortController();
    const io = captureIo(interrupt.signal);
    const follow = ["--follow-levels", "--levels-every", "1", "--levels-share", "20", "--keep-grids", "8"];
    const gateway = run(["gateway", "--port", "0", "--group", "plant", "--every-rows", "0", ...follow], io);
    await expect.poll(() => io.text.out, { timeout: 10_000 }).toContain("mqtt://");
    const url = /mqtt:\/\/\S+/.exec(io.text.out)?.[0] ?? "";
    const sensor = ["--data", file, "--target", "y", "--rate", "4000", "--levels-every", "1", "--seed", "1"];
    const sent = await zipml("device", "--group", "plant", "--id", "a", "--url", url, "--json", ...sensor);
    expect(sent.code).toBe(0);
    expect(JSON.parse(sent.out.trim().split("\n").at(-1) ?? "")).toMatchObject({ rows, left: 0 });
    expect(io.text.out).toMatch(/grid 1 for where the readings are now: load [\d.]+ times less variance/);
    expect(io.text.out).toMatch(/a applies configuration \d+/);
    interrupt.abort();
    expect(await gateway).toBe(0);
  }, 60_000);

  it("refuses what can't be", async () => {
    for (const [flag, value] of [
      ["--levels-every", "0"],
      ["--levels-minimum", "0"],
      ["--keep-grids", "0"],
    ] as const) {
      const { code, err } = await zipml("gateway", flag, value);
      expect(code).toBe(2);
      expect(err).toContain(flag);
    }
  });
});
