import { defineSchema, type Grid, uniformGrid } from "@zipml/codec";
import { decodeCounts } from "@zipml/codec/levels";
import { decodeMessage, type Health } from "@zipml/protocol";
import { createMemoryBroker, createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { watch } from "../../protocol/test/watch.ts";
import { createHistograms, type HistogramField } from "../src/histograms.ts";
import { createDevice, type DeviceOptions } from "../src/index.ts";
import { row, schema } from "./support.ts";

const countsOf = (field: HistogramField | undefined): number[] =>
  field === undefined ? [] : [...decodeCounts(field.counts, field.bins)];
/** Bins with counts, as `bin:count`. */
const shown = (field: HistogramField | undefined): string[] =>
  countsOf(field).flatMap((count, bin) => (count > 0 ? [`${bin}:${count}`] : []));
const values = (x: number, z: number): Float64Array => Float64Array.of(x, z, 5);

describe("histograms", () => {
  it("count features over their range, and ship one in turn", () => {
    const histograms = createHistograms(schema, () => uniformGrid(schema), 1);
    expect(histograms.take()).toBeUndefined();
    histograms.count(values(0, 1));
    histograms.count(values(0.5, -2));
    histograms.count(values(0.5, 3));
    const first = histograms.take();
    expect(first).toMatchObject({ channel: "x", window: 1, bins: 256, below: 0, above: 0 });
    expect(shown(first)).toEqual(["0:1", "128:2"]);
    expect(histograms.take()).toBeUndefined(); // what became of the first is not known yet
    histograms.settle(true);
    const second = histograms.take();
    expect(second).toMatchObject({ channel: "z", window: 2, below: 1, above: 1 });
    expect(shown(second)).toEqual(["255:1"]);
    histograms.settle(true);
    expect(histograms.take()).toBeUndefined(); // all started anew, and nothing came; targets are not counted
    histograms.count(values(1, 1));
    expect(histograms.take()).toMatchObject({ channel: "x", window: 3 });
  });

  it("count on what did not arrive, and ship it with what has come since", () => {
    const histograms = createHistograms(schema, () => uniformGrid(schema), 1);
    histograms.count(values(0, 0));
    expect(histograms.take()).toMatchObject({ channel: "x", window: 1 });
    histograms.count(values(1, 0));
    histograms.settle(false);
    const again = histograms.take();
    expect(again).toMatchObject({ channel: "x", window: 2 });
    expect(shown(again)).toEqual(["0:1", "255:1"]);
    histograms.settle(true);
    expect(shown(histograms.take())).toEqual(["0:2"]);
  });

  it("have 4,096 bins where a channel has more than 32 levels, from the grid's change on", () => {
    const wide = defineSchema([
      { name: "x", unit: "", range: [0, 1], role: "feature" },
      { name: "flat", unit: "", range: [3, 3], role: "feature" },
    ]);
    const grids: { now: Grid } = { now: uniformGrid(wide, { bits: 5, samples: 1 }) };
    const histograms = createHistograms(wide, () => grids.now, 1);
    const takeOne = (): HistogramField | undefined => {
      histograms.count(Float64Array.of(0.25, 3));
      const field = histograms.take();
      histograms.settle(true);
      return field;
    };
    expect(takeOne()).toMatchObject({ channel: "x", bins: 256 }); // 32 levels
    histograms.count(Float64Array.of(0.75, 3));
    grids.now = uniformGrid(wide, { bits: 7, samples: 2, epoch: 1 });
    const fine = takeOne();
    expect(fine).toMatchObject({ channel: "x", bins: 4096 });
    expect(shown(fine)).toEqual(["1024:1"]);
    for (const options of [{ bits: 11, samples: 1 }, { bits: 12, scheme: "interval" }, { scheme: "dither" }] as const) {
      grids.now = uniformGrid(wide, { epoch: 2, ...options });
      expect(takeOne()).toBeUndefined(); // levels that can't follow
    }
  });

  it("wait until a channel has readings enough, those out of range included", () => {
    const histograms = createHistograms(schema, () => uniformGrid(schema), 3);
    histograms.count(values(0, -1));
    histograms.count(values(0, 2));
    expect(histograms.take()).toBeUndefined();
    histograms.count(values(0, 0));
    expect(histograms.take()).toMatchObject({ channel: "x" });
    histograms.settle(true);
    expect(histograms.take()).toMatchObject({ channel: "z", below: 1, above: 1 });
  });

  it("do not hand on what was taken before the number of bins changed", () => {
    const grids = { now: uniformGrid(schema) };
    const histograms = createHistograms(schema, () => grids.now, 1);
    histograms.count(values(0, 0));
    histograms.take();
    grids.now = uniformGrid(schema, { bits: 8, epoch: 1 });
    histograms.count(values(1, 1));
    histograms.settle(false);
    expect(shown(histograms.take())).toEqual(["4095:1"]); // of z, whose turn it is
  });
});

function setUp(options: Partial<DeviceOptions> = {}) {
  const clock = createVirtualClock(1_000_000);
  const broker = createMemoryBroker({ clock });
  const base = { id: "d", group: "g", schema, clock, session: 9, random: () => 7, healthInterval: 0 };
  const device = createDevice({ ...base, transport: broker.connector(), ...options });
  return { clock, broker, device };
}

describe("a device that ships histograms", () => {
  it("does so every ten minutes, while connected, and not where nothing was counted", async () => {
    const { clock, broker, device } = setUp({ levels: { minimum: 1 } });
    const transport = broker.connector()({ clientId: "peer" });
    const { seen } = watch(transport);
    await clock.settle();
    await transport.subscribe(["zipml/1/g/d/health"]);
    const fields = (): Health["histogram"][] =>
      seen.flatMap((event) => (event.type === "message" ? [decodeMessage("health", event.payload).histogram] : []));
    await clock.advance(600_000);
    expect(fields().filter(Boolean)).toEqual([]);
    await device.push(row);
    await expect(device.push({ ...row, x: Number.NaN })).rejects.toMatchObject({ code: "non-finite" });
    await clock.advance(600_000);
    await clock.advance(600_000);
    const told = fields().filter((field) => field !== undefined);
    expect(told.map(({ channel, window }) => [channel, window])).toEqual([
      ["x", 1],
      ["z", 2],
    ]);
    expect(shown(told[0])).toEqual(["64:1"]); // the row that was refused is not in it
    broker.stop();
    await clock.settle();
    await device.push({ ...row, x: 1 }, { elapsed: 2_000_000 });
    await clock.advance(600_000);
    expect(fields().filter(Boolean)).toHaveLength(2);
    const closing = device.close({ timeout: 1 });
    await clock.advance(2000);
    await closing;
    await transport.close();
  });

  it("counts nothing where it is turned off", async () => {
    const { clock, device } = setUp({ levels: { everySeconds: 0 } });
    await clock.settle();
    for (const levels of [{ everySeconds: -1 }, { minimum: 0 }])
      expect(() => setUp({ levels })).toThrow(expect.objectContaining({ code: "options" }));
    const closing = device.close({ timeout: 1 });
    await clock.advance(2000);
    await closing;
    expect(clock.sleepers()).toBe(0);
  });
});
