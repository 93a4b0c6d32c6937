import { describe, expect, it } from "vitest";
import { captureIo, run } from "../src/index.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

/** Two readings of three decimals, and the class that their difference decides. */
function cellsCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, r) => {
    const [a, b] = [((r * 397) % 1000) / 1000, ((r * 631) % 997) / 1000];
    return `${a},${b},${a - b + 0.1 * Math.sin(r) > 0 ? 1 : -1}`;
  });
  return `a,b,label\n${lines.join("\n")}\n`;
}

describe("zipml gateway --estimator refetch", () => {
  it("asks a device that lingers for the rows that its codes leave open", async () => {
    const folder = await temporaryFolder();
    const cells = await put(folder, "cells.csv", cellsCsv(400));
    const interrupt = new AbortController();
    const io = captureIo(interrupt.signal);
    const hinge = ["--loss", "hinge", "--estimator", "refetch", "--epochs", "5"];
    const code = run(["gateway", "--json", "--port", "0", "--group", "lab", "--every-rows", "400", ...hinge], io);
    const until = async (type: string): Promise<Record<string, unknown>> => {
      for (let i = 0; i < 3000; i++) {
        const lines = io.text.out.split("\n").filter((line) => line !== "");
        const found = lines
          .map((line): Record<string, unknown> => JSON.parse(line))
          .find((line) => line["type"] === type);
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`no ${type}: ${io.text.out}${io.text.err}`);
    };
    const { url } = await until("listening");
    const device = [
      "device",
      "--group",
      "lab",
      "--id",
      "bench-1",
      "--url",
      String(url),
      "--data",
      cells,
      "--target",
      "label",
    ];
    const interval = ["--scheme", "interval", "--bits", "5", "--refetch-bytes", "1000000", "--rate", "0"];
    const replay = zipml(...device, ...interval, "--linger", "8", "--json");
    const trained = await until("trained");
    expect(trained).toMatchObject({ rows: 400, classes: { loss: "hinge", negative: -1, positive: 1 } });
    const { code: ended, out, err } = await replay;
    expect(ended, err).toBe(0);
    const { refetched, rows, left } = JSON.parse(out);
    expect([rows, left]).toEqual([400, 0]);
    expect(refetched).toBeGreaterThan(20);
    expect(refetched).toBeLessThan(400);
    interrupt.abort();
    expect(await code).toBe(0);
    expect(io.text.err).not.toMatch(/refetch/); // no warning of rows that were not to be had
  }, 60_000);
});
