import { createDeadBand, deadBandGrid, decodeFrame, defineGrid } from "@zipml/codec";
import { weightsOf } from "@zipml/gateway/train";
import { describe, expect, it } from "vitest";
import { climate, climateRow, group, pushRows, topics } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const rows = 256;
const band = { threshold: 1, resolution: 0.5 };
const [t, h] = climate.channels;

/** Slope and intercept of h on t, by their definition. */
function line(ts: readonly number[], hs: readonly number[]): readonly [slope: number, intercept: number] {
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mt, mh] = [mean(ts), mean(hs)];
  const slope = mean(ts.map((value, i) => (value - mt) * ((hs[i] ?? 0) - mh))) / mean(ts.map((v) => (v - mt) ** 2));
  return [slope, mh - slope * mt];
}

describe("fleet: dead band", () => {
  it("learns from what the device tells, which arrives as it is in codes on the multiples of the resolution", async () => {
    const aligned = deadBandGrid(t?.range ?? [0, 1], band.resolution);
    const grid = defineGrid(climate, {
      epoch: 0,
      scheme: "count",
      coding: "arithmetic",
      channels: [aligned, deadBandGrid(h?.range ?? [0, 1], 0.01)],
    });
    const models: number[][] = [];
    for (const name of ["held", "read"]) {
      const { clock, startGateway, device, peer, flush } = createClockwork();
      const hub = await startGateway({ training: { minimum: 2, solver: "closed-form", estimator: "naive" } });
      const [ear, heard] = await peer([topics.build({ kind: "data", group, device: "a" })]);
      const deadBand = name === "held" ? { t: band, h: { threshold: 0.005, resolution: 0.01 } } : {};
      const watched = device("a", { grid, deadBand, session: 3, batch: { rows: 64 } });
      await pushRows(watched.device, 0, rows);
      await flush(watched);
      await clock.advance(1000);
      expect(hub.gateway.status().rows.stored).toBe(rows);
      const frames = heard.seen.flatMap((event) => (event.type === "message" ? [event.payload] : []));
      expect(frames.map((frame) => decodeFrame(frame).coding)).toEqual(Array(4).fill("arithmetic"));
      const { weights, intercept } = weightsOf((await hub.gateway.train()).model);
      models.push([weights["t"] ?? 0, intercept]);
      if (name === "held") expect(watched.device.status().held["t"]).toBeGreaterThan(rows / 4);
      await ear.close();
      await watched.device.close();
      await hub.gateway.close();
    }
    const list = Array.from({ length: rows }, (_, i) => climateRow(i));
    const filter = createDeadBand(climate, { t: band });
    const told = list.map((row) => filter.tell(Float64Array.of(row.t, row.h))[0] ?? 0);
    const rounded = list.map((row) => Math.round(100 * row.h) / 100);
    const expected = line(told, rounded);
    expect(models[0]?.[0]).toBeCloseTo(expected[0], 6);
    expect(models[0]?.[1]).toBeCloseTo(expected[1], 4);
    // The control: readings as they are give another model.
    expect(Math.abs((models[1]?.[0] ?? 0) - expected[0])).toBeGreaterThan(1e-4);
  });
});
