import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hasOpenssl, makeCertificates } from "../../protocol/test/brokers.ts";
import type { ReplayReport } from "../src/device/replay.ts";
import { captureIo, run } from "../src/index.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let plant = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  plant = await put(folder, "plant.csv", plantCsv(1000));
});

interface RunningGateway extends AsyncDisposable {
  readonly url: string;
  /** The JSON lines so far. */
  lines(): readonly Record<string, unknown>[];
  /** The first line, also one still to come, that fits. */
  until(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Interrupts it; resolves with its exit code. */
  stop(): Promise<number>;
}

/** `zipml gateway --json` on a free port, within this process. */
async function startGateway(...args: string[]): Promise<RunningGateway> {
  const interrupt = new AbortController();
  const io = captureIo(interrupt.signal);
  let ended = false;
  const code = run(["gateway", "--json", "--port", "0", ...args], io).finally(() => {
    ended = true;
  });
  const lines = (): Record<string, unknown>[] =>
    io.text.out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  const until: RunningGateway["until"] = async (fits) => {
    for (;;) {
      const found = lines().find(fits);
      if (found !== undefined) return found;
      if (ended) throw new Error(`the gateway ended: ${io.text.err}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const { url } = await until(({ type }) => type === "listening");
  const stop = (): Promise<number> => {
    interrupt.abort();
    return code;
  };
  return {
    url: String(url),
    lines,
    until,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

const device = (url: string, id: string, ...args: string[]) =>
  zipml(
    "device",
    "--url",
    url,
    "--group",
    "plant",
    "--id",
    id,
    "--data",
    plant,
    "--target",
    "y",
    "--rate",
    "0",
    ...args,
  );

describe("zipml gateway, device and tail", () => {
  it("carry a file's readings into a model", async () => {
    const save = join(folder, "model.json");
    await using gateway = await startGateway("--group", "plant", "--every-rows", "1000", "--save", save);
    const { code, out, err } = await device(gateway.url, "press-1", "--json");
    expect(code, err).toBe(0);
    const report: ReplayReport = JSON.parse(out);
    expect(report).toMatchObject({ id: "press-1", rows: 1000, readings: 3000, skipped: 0, left: 0, clipped: 0 });
    const trained = await gateway.until(({ type }) => type === "trained");
    expect(trained).toMatchObject({ version: 1, rows: 1000 });
    expect(Object.keys(trained["weights"] as object)).toEqual(["a", "b"]);
    const tail = await zipml("tail", "--url", gateway.url, "--kinds", "model", "--count", "1");
    expect(tail.code, tail.err).toBe(0);
    const line = JSON.parse(tail.out);
    expect(line).toMatchObject({ topic: "zipml/1/plant/_all/model", kind: "model", retained: true });
    expect(line.message.hash).toBe(trained["hash"]);
    expect(await gateway.stop()).toBe(0);
    const predicted = await zipml("predict", "--model", save, "--data", plant, "--json");
    expect(predicted.code, predicted.err).toBe(0);
    expect(JSON.parse(predicted.out).test.r2).toBeGreaterThan(0.9);
  }, 60_000);

  it("take their options from one YAML file", async () => {
    const config = await put(
      folder,
      "zipml.yaml",
      `gateway:\n  group: plant\n  every-rows: 500\ndevice:\n  group: plant\n  id: press-9\n  data: plant.csv\n  target: y\n  rate: 0\n  bits: 3\n`,
    );
    await using gateway = await startGateway("--config", config);
    const { code, out, err } = await zipml("device", "--config", config, "--url", gateway.url, "--json");
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id: "press-9", rows: 1000 });
    expect(await gateway.until(({ type }) => type === "birth")).toMatchObject({ device: "press-9" });
  }, 60_000);

  it("show the readings of frames as means of their draws", async () => {
    await using gateway = await startGateway("--group", "plant");
    const tail = zipml("tail", "--url", gateway.url, "--kinds", "data", "--readings", "--count", "2");
    // Births are retained, frames are not: the tail must be there first.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await device(gateway.url, "press-2", "--bits", "8", "--rows-per-frame", "500");
    const { code, out, err } = await tail;
    expect(code, err).toBe(0);
    const frames = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).message);
    expect(frames.map(({ sequence, rows }) => [sequence, rows])).toEqual([
      [0, 500],
      [1, 500],
    ]);
    const exact = (await readFile(plant, "utf8"))
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").map(Number));
    const [a] = exact[0] ?? [];
    const columns = exact.map(([first = 0]) => first);
    const interval = (Math.max(...columns) - Math.min(...columns)) / 127; // 8 bits, k = 2
    expect(Math.abs(frames[0].readings[0].a - (a ?? Number.NaN))).toBeLessThanOrEqual(interval);
    expect(frames[1].readings[0].time).toBe(500_000);
  }, 60_000);

  it.skipIf(!hasOpenssl)(
    "speak TLS where certificates are given, and refuse an authority they do not know",
    async () => {
      const { ca, cert, key } = makeCertificates();
      const file = (name: string, pem: string | Buffer) => put(folder, name, pem);
      const caFile = await file("ca.pem", ca);
      const broker = ["--broker-cert", await file("cert.pem", cert), "--broker-key", await file("key.pem", key)];
      await using gateway = await startGateway("--group", "plant", ...broker);
      expect(gateway.url).toMatch(/^mqtts:\/\//);
      const trusted = await device(gateway.url, "press-3", "--ca", caFile);
      expect(trusted.code, trusted.err).toBe(0);
      const stranger = await zipml("tail", "--url", gateway.url, "--count", "1");
      expect(stranger.code).toBe(2);
      expect(stranger.err).toMatch(/^zipml tail: .*certificate/);
    },
    60_000,
  );
});

describe("wrong input to them", () => {
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no id", ["device", "--data", "PLANT"], /--id is needed/],
    ["an id that is none", ["device", "--id", "a/b", "--data", "PLANT"], /device "a\/b" is not an id/],
    ["no such file", ["device", "--id", "a", "--data", "/nowhere.csv"], /no such file/],
    ["a range of no channel", ["device", "--id", "a", "--data", "PLANT", "--ranges", "aa:0:1"], /no channel "aa".*"a"/],
    ["a range upside down", ["device", "--id", "a", "--data", "PLANT", "--ranges", "a:2:1"], /NAME:LOW:HIGH/],
    [
      "plaintext to another machine",
      ["device", "--id", "a", "--data", "PLANT", "--url", "mqtt://example.org"],
      /in the clear/,
    ],
    ["too few bits for the draws", ["device", "--id", "a", "--data", "PLANT", "--bits", "1"], /2\^bits - 1/],
    ["a broker beyond this machine in the clear", ["gateway", "--host", "0.0.0.0"], /in the clear/],
    ["half a certificate", ["gateway", "--broker-cert", "x.pem"], /go together/],
    ["an unknown estimator", ["gateway", "--estimator", "full"], /one of symmetric, double/],
    ["an address that is none", ["tail", "--url", "nonsense"], /url/],
    ["a kind of message that is none", ["tail", "--kinds", "foo"], /some of birth, death, data/],
    ["a demo with one draw", ["demo", "--samples", "1"], /from 2 to 15/],
    ["a demo with too few bits", ["demo", "--bits", "1"], /holds no interval for 2 samples/],
    ["a feature named twice", ["train", "--data", "PLANT", "--target", "y", "--features", "a,a"], /names "a" twice/],
  ];
  it.each(cases)("%s: one line, exit code 2", async (_, args, says) => {
    const { code, out, err } = await zipml(...args.map((arg) => (arg === "PLANT" ? plant : arg)));
    expect(err).toMatch(says);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("no broker: says so, waits as long as told, and tells what was left", async () => {
    const { code, err } = await device("mqtt://127.0.0.1:1", "press-4", "--timeout", "1");
    expect(code).toBe(2);
    expect(err).toMatch(/no connection: .*ECONNREFUSED/);
    expect(err).toMatch(/4 of 4 frames have no receipt after 1 s/);
  });

  it("a port in use", async () => {
    await using gateway = await startGateway("--group", "plant");
    const { code, err } = await zipml("gateway", "--port", new URL(gateway.url).port);
    expect(code).toBe(2);
    expect(err).toMatch(/can't listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  });
});
