import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { put, temporaryFolder, zipml } from "./support.ts";

const folder = await temporaryFolder();
const readings = [1, 1.4, 1.6, 1.2, 1.05];
const data = await put(folder, "slow.csv", `x,y\n${readings.map((x, i) => `${x},${i}`).join("\n")}\n`);

async function sent(...args: string[]): Promise<readonly number[]> {
  const frames = join(folder, "slow.frames");
  const options = ["--data", data, "--target", "y", "--coding", "exact", "--out", frames];
  const encoded = await zipml("encode", ...options, ...args);
  expect(encoded).toMatchObject({ code: 0, err: "" });
  const { out } = await zipml("decode", "--in", frames);
  const rows = out.trimEnd().split("\n").slice(1);
  expect(rows.map((line) => Number(line.split(",")[4]))).toEqual([0, 1, 2, 3, 4]);
  return rows.map((line) => Number(line.split(",")[3]));
}

const failing = (...args: string[]) =>
  zipml("device", "--url", "mqtt://127.0.0.1:1", "--id", "a", "--data", data, "--dead-band", ...args);

describe("--dead-band", () => {
  it("sends the reading told last until one has moved by more than the threshold", async () => {
    expect(await sent()).toEqual(readings);
    expect(await sent("--dead-band", "x:0.5")).toEqual([1, 1, 1.6, 1.6, 1.05]);
    expect(await sent("--dead-band", "x:0.5:0.2,y:0")).toEqual([1, 1, 1.6, 1.6, 1]);
  });

  it.each([
    ["z:1", `--dead-band: there is no channel "z"`],
    ["x", "NAME:THRESHOLD or NAME:THRESHOLD:RESOLUTION"],
    ["x:-1", "NAME:THRESHOLD or NAME:THRESHOLD:RESOLUTION"],
    ["x:1,x:0.2", "each NAME once"],
    ["__proto__:1", "NAME:THRESHOLD or NAME:THRESHOLD:RESOLUTION"],
    ["x:1:2:3", "NAME:THRESHOLD or NAME:THRESHOLD:RESOLUTION"],
    ["x:1:3", "a resolution is above 0 and at most twice the threshold, here 2, not 3"],
  ])("refuses %s before it connects, in one line", async (given, why) => {
    const { code, err } = await failing(given);
    expect({ code, lines: err.trimEnd().split("\n").length }).toEqual({ code: 2, lines: 1 });
    expect(err).toContain(why);
  });
});
