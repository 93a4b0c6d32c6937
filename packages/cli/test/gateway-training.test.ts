import { beforeAll, describe, expect, it } from "vitest";
import { captureIo, run } from "../src/index.ts";
import { put, temporaryFolder, zipml } from "./support.ts";

let rooms = "";

beforeAll(async () => {
  const lines = Array.from({ length: 400 }, (_, r) => {
    const air = 400 + ((r * 37) % 601);
    return `${air},${(r * 91) % 97},${air + 40 * Math.sin(r) > 700 ? 1 : 0}`;
  });
  rooms = await put(await temporaryFolder(), "rooms.csv", `co2,noise,occupied\n${lines.join("\n")}\n`);
});

describe("zipml gateway, what it trains", () => {
  it("learns classes, living, and tells loss and passes", async () => {
    const interrupt = new AbortController();
    const io = captureIo(interrupt.signal);
    const how = ["--loss", "logistic", "--l1", "0.001", "--living", "new", "--epochs", "3", "--schedule", "constant"];
    const code = run(["gateway", "--json", "--port", "0", "--group", "rooms", "--every-rows", "200", ...how], io);
    const lines = () => io.text.out.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
    const until = async (fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
      for (let i = 0; i < 1000; i++) {
        const found = lines().find(fits);
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`the line did not come: ${io.text.out}${io.text.err}`);
    };
    const { url } = await until(({ type }) => type === "listening");
    const device = ["device", "--url", String(url), "--group", "rooms", "--data", rooms, "--target", "occupied"];
    const grid = ["--bits", "8", "--samples", "1", "--rows-per-frame", "100", "--rate", "0"];
    expect((await zipml(...device, ...grid, "--id", "a")).code).toBe(0);
    const first = await until(({ type }) => type === "trained");
    expect(first).toMatchObject({ version: 1, passes: 3, classes: { loss: "logistic", negative: 0, positive: 1 } });
    expect(first["loss"]).toBeGreaterThan(0);
    expect(first["before"]).toBeUndefined();
    expect((await zipml(...device, ...grid, "--id", "b")).code).toBe(0);
    const last = await until(({ type, version }) => type === "trained" && version !== 1);
    expect(last).toMatchObject({ passes: 6, before: expect.any(Number) });
    interrupt.abort();
    expect(await code).toBe(0);
  });

  it("refuses what does not go together in one line", async () => {
    const refused: readonly (readonly [readonly string[], RegExp])[] = [
      [["--loss", "log"], /--loss must be one of/],
      [["--loss", "hinge", "--estimator", "symmetric"], /goes with the estimators/],
      [["--living", "old"], /--living must be one of new, all/],
      [["--living", "new", "--solver", "closed-form"], /the solver is sgd/],
      [["--box", "1,2"], /--box must be two numbers/],
    ];
    for (const [args, reason] of refused) {
      const { code, out, err } = await zipml("gateway", "--port", "0", ...args);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err.trim().split("\n")).toHaveLength(1);
      expect(err).toMatch(reason);
    }
  });
});
