import {
  answerBody,
  createQuantizer,
  createStream,
  defineSchema,
  ditherPlace,
  encodeExactAnswer,
  encodeFrame,
  packCodes,
  type UniformGridOptions,
  uniformGrid,
} from "@zipml/codec";
import { createTopics, encodeMessage } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { createDescriber } from "../src/tail/describe-message.ts";

const schema = defineSchema([{ name: "x", unit: "", range: [0, 7], role: "feature" }]);
const topics = createTopics();
const address = { group: "g", device: "node-1" } as const;
const values = [0.3, 3.5, 6.9, 2.25];

/** The readings that a tail prints of a frame, after the birth that explains it. */
function readingsOf(options: UniformGridOptions): unknown {
  const grid = uniformGrid(schema, options);
  const quantizer = createQuantizer(grid);
  const place = ditherPlace(grid, { device: "node-1", session: 5, sequence: 9 });
  const { codes } = quantizer.encode(values, place ?? createStream("draws"));
  const head = { session: 5, sequence: 9, grid: 0, coding: "packed", start: 0, interval: 1, rows: 4 } as const;
  const describer = createDescriber(topics, true);
  const birth = { session: 5, startedAt: 0, schema, grids: [grid], software: { name: "t", version: "1" } };
  const send = (kind: "birth" | "data", payload: Uint8Array) =>
    describer.describe({ topic: topics.build({ kind, ...address }), payload, retained: false } as never);
  expect(send("birth", encodeMessage("birth", birth))).not.toHaveProperty("error");
  const line = send("data", encodeFrame({ ...head, body: packCodes(codes, quantizer) }));
  return (line["message"] as { readonly readings: unknown }).readings;
}

describe("createDescriber", () => {
  it.each([
    [{ bits: 4 }, 1],
    [{ scheme: "dither", seed: "s", bits: 3 } as const, 0.5],
    [{ scheme: "interval", bits: 5 } as const, 0.5],
  ])("decodes readings of %j, the dither by device, session and sequence", (options, bound) => {
    const readings = readingsOf(options) as readonly { readonly time: number; readonly x: number }[];
    expect(readings.map(({ time }) => time)).toEqual([0, 1, 2, 3]);
    for (const [r, { x }] of readings.entries()) expect(Math.abs(x - (values[r] ?? 0))).toBeLessThanOrEqual(bound);
  });

  it("tells which rows an answer with exact rows is of", () => {
    const rows = [{ sequence: 3, row: 7 }];
    const answer = { session: 5, sequence: 10, grid: 0, of: 5, rows, gone: [] };
    const payload = encodeExactAnswer({ ...answer, ...answerBody(Float64Array.of(3.5), 1) });
    const topic = topics.build({ kind: "data", ...address });
    const line = createDescriber(topics, true).describe({ topic, payload, retained: false } as never);
    expect(line["message"]).toMatchObject(answer);
  });
});
