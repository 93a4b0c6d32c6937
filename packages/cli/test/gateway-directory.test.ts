import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { captureIo, run } from "../src/index.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

async function startGateway(directory: string) {
  const interrupt = new AbortController();
  const io = captureIo(interrupt.signal);
  const args = [
    "gateway",
    "--json",
    "--port",
    "0",
    "--group",
    "plant",
    "--every-rows",
    "500",
    "--directory",
    directory,
  ];
  const code = run(args, io);
  const until = async (fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    for (let i = 0; i < 1000; i++) {
      const lines = io.text.out.split("\n").filter((line) => line !== "");
      const found = lines.map((line): Record<string, unknown> => JSON.parse(line)).find(fits);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the line did not come: ${io.text.out}${io.text.err}`);
  };
  const { url } = await until(({ type }) => type === "listening");
  return {
    url: String(url),
    until,
    stop: () => {
      interrupt.abort();
      return code;
    },
  };
}

describe("zipml gateway --directory", () => {
  it("keeps what came, goes on from it, and is for one gateway at a time", async () => {
    const folder = await temporaryFolder();
    const plant = await put(folder, "plant.csv", plantCsv(500));
    const directory = join(folder, "field-log");
    const first = await startGateway(directory);
    const device = ["device", "--group", "plant", "--data", plant, "--target", "y", "--rate", "0"];
    const replay = (url: string, id: string) => zipml(...device, "--url", url, "--id", id);
    expect((await replay(first.url, "press-1")).code).toBe(0);
    expect(await first.until(({ type }) => type === "trained")).toMatchObject({ version: 1, rows: 500 });
    const other = await zipml("gateway", "--port", "0", "--group", "plant", "--directory", directory);
    expect(other.code).not.toBe(0);
    expect(other.err).toMatch(/another gateway works in/);
    expect(await first.stop()).toBe(0);
    expect(await readdir(join(directory, "log"))).toEqual(["0000000001.log"]);
    const second = await startGateway(directory);
    expect((await replay(second.url, "press-2")).code).toBe(0);
    expect(await second.until(({ type }) => type === "trained")).toMatchObject({ version: 2, rows: 1000 });
    expect(await second.stop()).toBe(0);
  }, 60_000);
});
