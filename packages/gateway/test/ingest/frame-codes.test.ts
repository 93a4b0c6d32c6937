import {
  codings,
  createQuantizer,
  createStream,
  DecodeError,
  defineSchema,
  ditherPlace,
  encodeBody,
  type Frame,
  type Quantizer,
  uniformGrid,
} from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { frameCodes } from "../../src/ingest/frame-codes.ts";

const schema = defineSchema(
  ["a", "b"].map((name) => ({ name, unit: "", range: [0, 20] as const, role: "feature" as const })),
);
const rows = 100;
const values = Float64Array.from({ length: 2 * rows }, (_, i) => Math.round(100 * (10 + 5 * Math.sin(i / 40))) / 100);

function frameOf(quantizer: Quantizer, allowed: (typeof codings)[number], device: string): [Frame, Uint16Array] {
  const place = ditherPlace(quantizer.grid, { device, session: 7, sequence: 3 });
  const { codes } = quantizer.encode(values, place ?? createStream("the device's own", 3));
  const { coding, body } = encodeBody({ codes, place, values }, quantizer, allowed);
  return [{ session: 7, sequence: 3, grid: 0, coding, start: 0, interval: 1, rows, body }, codes];
}

describe("the codes of a frame", () => {
  it.each(["count", "dither", "interval"] as const)("of scheme %s are the device's, whatever the coding", (scheme) => {
    const quantizer = createQuantizer(uniformGrid(schema, { scheme, bits: 5 }));
    for (const allowed of codings) {
      const [frame, codes] = frameOf(quantizer, allowed, "node-1");
      const found = frameCodes(frame, "node-1", quantizer);
      // Readings that came exactly are dithered as the device would have; draws of count are made anew.
      if (frame.coding !== "exact" || scheme === "dither") expect(found).toEqual(codes);
      else expect(found).not.toEqual(codes);
      expect(frameCodes(frame, "node-1", quantizer)).toEqual(found);
    }
  });

  it("of readings that came exactly are unbiased, and other ones for every frame and device", () => {
    const quantizer = createQuantizer(uniformGrid(schema, { bits: 4 }));
    const [frame] = frameOf(quantizer, "exact", "node-1");
    expect(frame.coding).toBe("exact");
    const sums = new Float64Array(values.length);
    const frames = 400;
    const means = new Float64Array(values.length);
    for (let sequence = 0; sequence < frames; sequence++) {
      quantizer.meansInto(frameCodes({ ...frame, sequence }, "node-1", quantizer), means);
      for (const [i, mean] of means.entries()) sums[i] = (sums[i] ?? 0) + mean;
    }
    // A mean of two draws on steps of 20/7 has a deviation of at most a step/√8; five standard errors, over all readings.
    const bias = sums.reduce((sum, total, i) => sum + total / frames - (values[i] ?? 0), 0) / values.length;
    expect(Math.abs(bias)).toBeLessThan((5 * (20 / 7 / Math.sqrt(8))) / Math.sqrt(frames * values.length));
    expect(frameCodes(frame, "node-2", quantizer)).not.toEqual(frameCodes(frame, "node-1", quantizer));
  });

  it("of a body that no device makes are a DecodeError", () => {
    const quantizer = createQuantizer(uniformGrid(schema, { scheme: "dither" }));
    const [frame] = frameOf(quantizer, "arithmetic", "node-1");
    for (const coding of codings)
      expect(() => frameCodes({ ...frame, coding, body: new Uint8Array(8).fill(255) }, "node-1", quantizer)).toThrow(
        DecodeError,
      );
  });
});
