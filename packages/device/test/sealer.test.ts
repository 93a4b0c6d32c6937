import {
  codings,
  createQuantizer,
  decodeBody,
  decodeFrame,
  ditherPlace,
  rowTimes,
  streamKey,
  uniformGrid,
  unpackCodes,
} from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { checkBatch } from "../src/options.ts";
import { rowsPerFrame, sealRows, withinOneFrame } from "../src/sealer.ts";
import { schema } from "./support.ts";

const quantizer = createQuantizer(uniformGrid(schema));
const key = { device: "node-1", drawKey: streamKey("test") };
const rowsAt = (times: readonly number[], values = [0.25, 0.5, 5]) =>
  times.map((time) => ({ session: 9, time, values: Float64Array.from(values) }));
const batch = { rows: 256, milliseconds: 1000, bytes: 4096 };

describe("sealer", () => {
  it("holds as many rows as the first bound allows, and always one", () => {
    expect(rowsPerFrame(batch, quantizer)).toBe(256);
    expect(rowsPerFrame({ ...batch, bytes: 100 }, quantizer)).toBe(50);
    expect(rowsPerFrame({ ...batch, bytes: 1 }, quantizer)).toBe(1);
    expect(rowsPerFrame({ ...batch, rows: 3 }, quantizer)).toBe(3);
  });

  it("gives regular times one interval and irregular ones one a row", () => {
    const intervals = (times: readonly number[]) => {
      const frame = decodeFrame(sealRows(rowsAt(times), 4, quantizer, key).frame.bytes);
      expect([...rowTimes(frame)]).toEqual(times);
      return frame.interval;
    };
    expect(intervals([7])).toBe(0);
    expect(intervals([100, 350, 600])).toBe(250);
    expect(intervals([5, 5, 5])).toBe(0);
    expect(intervals([0, 10, 21])).toEqual([10, 11]);
  });

  it("tells what the device keeps to with a single row, where the row keeps to it: that is shorter", () => {
    const sealed = (time: number, interval: number) =>
      sealRows(rowsAt([time]), 4, quantizer, { ...key, interval }).frame.bytes;
    const told = [0, 3_600_000, 0.5].map((interval) => decodeFrame(sealed(18_000_000, interval)));
    expect(told.map(({ interval }) => interval)).toEqual([0, 3_600_000, 0]);
    expect(told.map((frame) => [...rowTimes(frame)])).toEqual([[18_000_000], [18_000_000], [18_000_000]]);
    expect(decodeFrame(sealed(18_000_001, 3_600_000)).interval).toBe(0);
    expect(sealed(18_000_000, 3_600_000).length).toBe(sealed(18_000_000, 0).length - 4);
  });

  it("carries codes that decode to the readings within an interval, the same for the same sequence", () => {
    const rows = rowsAt([0, 1, 2, 3], [0.3, 0.71, 9.99]);
    const { frame } = sealRows(rows, 12, quantizer, key);
    const { body, ...head } = decodeFrame(frame.bytes);
    expect(head).toMatchObject({ session: 9, sequence: 12, grid: 0, coding: "packed", rows: 4, start: 0 });
    expect(frame).toMatchObject({ session: 9, sequence: 12, rows: 4 });
    const means = new Float64Array(12);
    quantizer.meansInto(unpackCodes(body, 4, quantizer), means);
    for (const [i, mean] of means.entries()) {
      const [reading = 0, width = 1] =
        [
          [0.3, 1 / 7],
          [0.71, 1 / 7],
          [9.99, 10 / 255],
        ][i % 3] ?? [];
      expect(Math.abs(mean - reading)).toBeLessThanOrEqual(width);
    }
    expect(sealRows(rows, 12, quantizer, key).frame.bytes).toEqual(frame.bytes);
    expect(sealRows(rows, 13, quantizer, key).frame.bytes.slice(4)).not.toEqual(frame.bytes.slice(4));
    expect(sealRows(rows, 12, quantizer, { ...key, drawKey: streamKey("other") }).frame.bytes).not.toEqual(frame.bytes);
  });

  it("takes the smallest coding that the grid allows, readings themselves included", () => {
    const rows = Array.from({ length: 64 }, (_, r) => ({
      session: 9,
      time: r,
      values: Float64Array.of((300 + r + ((29 * r * r) % 3)) / 1000, 0.71, 9.99),
    }));
    const place = { device: "node-1", session: 9, sequence: 12 };
    const sizes = codings.map((coding) => {
      const coder = createQuantizer(uniformGrid(schema, { coding }));
      const { bytes } = sealRows(rows, 12, coder, key).frame;
      const frame = decodeFrame(bytes);
      const decoded = decodeBody(frame, coder, ditherPlace(coder.grid, place));
      if (decoded.kind === "values") expect([...decoded.values]).toEqual(rows.flatMap(({ values }) => [...values]));
      else expect(decoded.codes).toHaveLength(3 * 64);
      return [frame.coding, bytes.length] as const;
    });
    expect(sizes.map(([coding]) => coding)).toEqual(["packed", "exact", "arithmetic", "exact"]);
    expect(sizes[1]?.[1]).toBeLessThan((sizes[0]?.[1] ?? 0) / 2);
  });

  it("dithers by device, session and sequence, whatever the secret: half a step off at most", () => {
    const dithered = createQuantizer(uniformGrid(schema, { scheme: "dither", seed: "s", bits: 3 }));
    const rows = rowsAt([0, 1, 2, 3], [0.36, 0.64, 5]);
    const { frame } = sealRows(rows, 12, dithered, key);
    const codes = unpackCodes(decodeFrame(frame.bytes).body, 4, dithered);
    const means = new Float64Array(12);
    dithered.meansInto(codes, means, ditherPlace(dithered.grid, { device: "node-1", session: 9, sequence: 12 }));
    for (const [i, mean] of means.entries()) {
      const [reading = 0, step = 1] =
        [
          [0.36, 1 / 7],
          [0.64, 1 / 7],
          [5, 10 / 255],
        ][i % 3] ?? [];
      expect(Math.abs(mean - reading)).toBeLessThanOrEqual(step / 2 + 1e-12);
    }
    expect(sealRows(rows, 12, dithered, { ...key, drawKey: streamKey("other") }).frame.bytes).toEqual(frame.bytes);
    for (const [sequence, device] of [
      [13, "node-1"],
      [12, "node-2"],
    ] as const) {
      const other = decodeFrame(sealRows(rows, sequence, dithered, { ...key, device }).frame.bytes).body;
      expect(other).not.toEqual(decodeFrame(frame.bytes).body);
    }
  });

  it("counts what it clips, by channel", () => {
    const rows = [...rowsAt([0], [-1, 2, 5]), ...rowsAt([1], [0, 1.5, 10])];
    expect([...sealRows(rows, 0, quantizer, key).clipped]).toEqual([1, 2, 0]);
  });

  it("cuts where a gap is longer than a frame can say", () => {
    const longest = 0xffff_ffff;
    const rows = rowsAt([0, longest, 2 * longest + 1, 2 * longest + 2]);
    expect(withinOneFrame(rows)).toHaveLength(2);
    expect(withinOneFrame(rows.slice(2))).toHaveLength(2);
    expect(withinOneFrame(rows.slice(0, 1))).toHaveLength(1);
    expect(() => sealRows(rows.slice(0, 2), 0, quantizer, key)).not.toThrow();
    expect(() => sealRows(rows, 0, quantizer, key)).toThrow(RangeError); // the control
  });

  it("stays within what decoders take at the largest batch allowed, at the worst of times", () => {
    const wide = createQuantizer(uniformGrid(schema, { bits: 16, targetBits: 16 }));
    const largest = checkBatch({ rows: 4096, milliseconds: 1, bytes: 45_000 });
    const times = Array.from({ length: rowsPerFrame(largest, wide) }, (_, i) => i * 0xffff_fffe + (i % 2));
    const { frame } = sealRows(rowsAt(times), 0xffff_ffff, wide, key);
    expect(times).toHaveLength(4096);
    expect(decodeFrame(frame.bytes).rows).toBe(4096);
    // 45,000 bytes of body, 4,095 deltas of five, and the envelope
    expect(45_000 + 5 * 4095 + 3 + 33).toBeLessThanOrEqual(65_536);
    expect(() => checkBatch({ ...largest, bytes: 45_001 })).toThrow(expect.objectContaining({ code: "options" }));
  });
});
