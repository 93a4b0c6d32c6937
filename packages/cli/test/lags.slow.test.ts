import { describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { motes, zipml } from "./support.ts";

describe("zipml train --lags on the motes", () => {
  it("forecasts the motes' humidity better from its six last readings than from the present temperature", async () => {
    const args = ["--data", motes, "--target", "humidity", "--split", "time", "--group", "mote_id"];
    const run = async (...extra: string[]): Promise<TrainReport> => {
      const { out } = await zipml(
        "train",
        ...args,
        "--solver",
        "closed-form",
        "--scheme",
        "dither",
        "--bits",
        "8",
        ...extra,
        "--json",
      );
      return JSON.parse(out);
    };
    const lagged = await run("--features", "humidity", "--lags", "6");
    const present = await run("--features", "temperature");
    expect(lagged.features).toHaveLength(6);
    expect(lagged.test.rmse).toBeLessThan(present.test.rmse / 2);
  });
});
