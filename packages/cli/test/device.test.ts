import { describe, expect, it } from "vitest";
import type { ReplayReport } from "../src/device/replay.ts";
import { captureIo, run } from "../src/index.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

const folder = await temporaryFolder();
const plant = await put(folder, "plant.csv", plantCsv(600));

async function startGateway() {
  const interrupt = new AbortController();
  const io = captureIo(interrupt.signal);
  const code = run(["gateway", "--port", "0", "--group", "plant", "--every-rows", "600", "--json"], io);
  const until = async (type: string): Promise<Record<string, unknown>> => {
    for (let i = 0; i < 1000; i++) {
      const lines = io.text.out.split("\n").filter((line) => line !== "");
      const found = lines.map((line) => JSON.parse(line)).find((line) => line.type === type);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no ${type} in ${io.text.out}${io.text.err}`);
  };
  const stop = () => {
    interrupt.abort();
    return code;
  };
  return { url: String((await until("listening"))["url"]), until, stop };
}

const device = (url: string, ...args: string[]) =>
  zipml("device", "--url", url, "--group", "plant", "--data", plant, "--target", "y", "--rate", "0", ...args);

describe("zipml device", () => {
  it.each([
    [["--scheme", "dither", "--coding", "arithmetic", "--samples", "1"]],
    [["--scheme", "interval", "--samples", "2", "--coding", "rice"]],
    [["--coding", "exact", "--dead-band", "a:40"]],
  ])("sends readings that the gateway learns from: %j", async (args) => {
    const { url, until, stop } = await startGateway();
    const { code, out, err } = await device(url, "--id", "press-1", "--json", ...args);
    expect(code, err).toBe(0);
    const report: ReplayReport = JSON.parse(out);
    expect(report).toMatchObject({ rows: 600, frames: 3, left: 0, clipped: 0 });
    expect(report.held > 0).toBe(args.includes("--dead-band"));
    expect(await until("trained")).toMatchObject({ rows: 600 });
    expect(await stop()).toBe(0);
  });

  it("refuses draws that a scheme can't carry before it connects, in one line", async () => {
    const { code, err } = await device("mqtt://127.0.0.1:1", "--id", "a", "--scheme", "dither", "--samples", "2");
    expect(code).toBe(2);
    expect(err).toBe("zipml device: --scheme dither sends one symbol a value: --samples 1, not 2\n");
    const unknown = await device("mqtt://127.0.0.1:1", "--id", "a", "--scheme", "dithr");
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("one of count, dither, interval") });
  });
});
