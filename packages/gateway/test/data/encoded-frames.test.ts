import {
  codings,
  createQuantizer,
  decodeBody,
  decodeFrame,
  defineSchema,
  ditherPlace,
  encodeFrame,
  type Frame,
  rowTimes,
  type UniformGridOptions,
  uniformGrid,
} from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { encodedFrames } from "../../src/data/encoded-frames.ts";

const schema = defineSchema([
  { name: "a", unit: "", range: [0, 10], role: "feature" },
  { name: "b", unit: "", range: [-1, 1], role: "target" },
]);
const values = Float64Array.from({ length: 2 * 23 }, (_, i) => (i % 2 === 0 ? (i / 9) % 10 : Math.sin(i)));
const cut = { rows: 10, device: "node-1", draws: "draws" };
const framesOf = (options: UniformGridOptions, parts: object = {}): readonly Frame[] => [
  ...encodedFrames(values, createQuantizer(uniformGrid(schema, options)), { ...cut, ...parts }),
];

describe("encodedFrames", () => {
  it("cuts rows into frames of one session, the last one shorter, a second apart or as told", () => {
    const frames = framesOf({ epoch: 3 });
    expect(frames.map(({ session, sequence, grid, rows }) => [session, sequence, grid, rows])).toEqual([
      [0, 0, 3, 10],
      [0, 1, 3, 10],
      [0, 2, 3, 3],
    ]);
    const times = (interval?: number) =>
      framesOf({}, interval === undefined ? {} : { interval }).flatMap((frame) => [...rowTimes(frame)]);
    expect(times()).toEqual(Array.from({ length: 23 }, (_, r) => 1000 * r));
    expect(times(40)).toEqual(Array.from({ length: 23 }, (_, r) => 40 * r));
  });

  it.each(["count", "dither"] as const)(
    "decodes to the rows within a step under scheme %s in every coding",
    (scheme) => {
      for (const coding of codings) {
        const quantizer = createQuantizer(
          uniformGrid(schema, { scheme, coding, bits: 8, ...(scheme === "dither" && { seed: "s" }) }),
        );
        const decoded = [...encodedFrames(values, quantizer, cut)].flatMap((sent) => {
          const frame = decodeFrame(encodeFrame(sent));
          const place = ditherPlace(quantizer.grid, { device: "node-1", ...frame });
          const body = decodeBody(frame, quantizer, place);
          if (body.kind === "values") return [...body.values];
          const means = new Float64Array(body.codes.length);
          quantizer.meansInto(body.codes, means, place);
          return [...means];
        });
        expect(decoded).toHaveLength(values.length);
        const steps = quantizer.channels.map(({ low, high, intervals }) => (high - low) / intervals);
        for (const [i, mean] of decoded.entries())
          expect(Math.abs(mean - (values[i] ?? 0))).toBeLessThanOrEqual(steps[i % 2] ?? 0);
      }
    },
  );

  it("gives the same frames again, and others by another name of the draws", () => {
    const bytes = (draws: string) =>
      framesOf({}, { draws }).map((frame) => Buffer.from(encodeFrame(frame)).toString("hex"));
    expect(bytes("draws")).toEqual(bytes("draws"));
    expect(bytes("others")).not.toEqual(bytes("draws"));
  });
});
