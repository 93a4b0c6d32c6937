import { describe, expect, it } from "vitest";
import { createCompressors } from "../bench/wire/compressed.ts";
import { batches, measureSeries } from "../bench/wire/measure.ts";
import { drawPicture } from "../bench/wire/picture.ts";
import { embeddedSeries } from "../bench/wire/series.ts";
import { barRows, batchTable, contestsOf, lostTo, seriesTable } from "../bench/wire/summary.ts";
import { throughputRows } from "../bench/wire/throughput.ts";

const [smooth] = embeddedSeries(800);
if (smooth === undefined) throw new RangeError("there is an embedded series");

describe("a run", () => {
  it("measures every way in every batch, tells who wins, and draws", async () => {
    const result = measureSeries(smooth, {
      scales: [0.5, 0.03],
      seeds: 2,
      batches,
      share: 0.01,
      compressors: await createCompressors(),
    });
    if (result === undefined) throw new RangeError("the series can be learned from");
    const ways = [...result.choices.keys()];
    for (const way of [
      "JSON",
      "SenML CBOR",
      "Sparkplug B metrics",
      "CBOR float32",
      "CBOR int4",
      "Gorilla",
      "zstd",
      "dead-band",
    ])
      expect(ways).toContain(way);
    const held = ["our dead-band, exact", "our dead-band, arithmetic"];
    for (const way of ["dither packed", "dither rice", "dither arithmetic", "count rice", "exact", ...held])
      expect(ways).toContain(way);
    for (const { batches: each } of result.choices.values())
      for (const batch of batches) {
        const { payload = Number.NaN, wire } = each[batch] ?? {};
        expect(payload).toBeGreaterThanOrEqual(0);
        expect(wire?.mqtt3).toBeGreaterThanOrEqual(wire?.mqtt5 ?? Number.NaN);
        expect(wire?.mqtt5tls).toBeGreaterThanOrEqual(wire?.mqtt5 ?? Number.NaN);
      }
    expect(result.choices.get("CBOR float32")?.batches[256]?.payload).toBeCloseTo(4, 0);
    const contests = contestsOf([result]);
    expect(contests).toHaveLength(1);
    expect(barRows([result], contests).find(({ id }) => id === "series counted")?.value).toBe(1);
    expect(batchTable(256, [result], contests).rows.length).toBe(ways.length + 1);
    expect(seriesTable(contests).rows).toHaveLength(1);
    expect(lostTo(contests).length).toBeLessThanOrEqual(1);
    expect(await drawPicture([result])).toMatch(/^<svg/);
  });

  it("times encoding and decoding of every scheme against plain numbers", async () => {
    const rows = await throughputRows(true);
    expect(rows.map(({ id }) => id)).toContain("encode count packed/cbor-x numbers, bar 2");
    expect(rows).toHaveLength(11);
    for (const { value, baseline } of rows) expect(Math.min(value, baseline ?? 0)).toBeGreaterThan(0);
  });
});
