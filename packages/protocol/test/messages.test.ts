import type { Grid, Schema } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { encodeCbor } from "../src/cbor.ts";
import { ProtocolError } from "../src/errors.ts";
import type { WireGrid, WireSchema } from "../src/messages/grid.ts";
import { decodeMessage, encodeMessage, type MessageKind, messageLimits } from "../src/messages.ts";
import { grid, kinds, samples, schema } from "./samples.ts";

const all = kinds.flatMap((kind) => samples[kind].map((value) => [kind, value] as const));
const encode = (kind: MessageKind, value: unknown) => encodeCbor(value, messageLimits(kind));

/** A sample with some fields replaced, as a stranger might send it. */
function changed(kind: MessageKind, fields: object, index = 0): Uint8Array {
  return encode(kind, { ...samples[kind][index], ...fields });
}

describe("messages", () => {
  it.each(all)("%s comes back as it went", (kind, value) => {
    const bytes = encodeMessage(kind, value as never);
    expect(decodeMessage(kind, bytes)).toEqual(value);
  });

  it("share their types with the codec, both ways", () => {
    expectTypeOf<WireGrid>().toEqualTypeOf<Grid>();
    expectTypeOf<Schema>().toExtend<WireSchema>();
    expectTypeOf<WireSchema>().toExtend<Schema>();
  });

  it("ignore what a newer sender adds", () => {
    const decoded = decodeMessage("death", changed("death", { mood: "fine", nested: { a: [1] } }));
    expect(decoded).toEqual(samples.death[0]);
    expect(encodeMessage("death", { session: 1, extra: 2 } as never)).toEqual(encodeMessage("death", { session: 1 }));
  });

  it("leave out keys that hold undefined", () => {
    expect(encodeMessage("death", { session: 1, reason: undefined } as never)).toEqual(
      encodeMessage("death", { session: 1 }),
    );
  });

  it("share no memory with the bytes", () => {
    const bytes = encodeMessage("model", samples.model[1] as never);
    const model = decodeMessage("model", bytes);
    bytes.fill(0);
    expect(model).toEqual(samples.model[1]);
    if ("codes" in model.weights) {
      expect(model.weights.codes.constructor).toBe(Uint8Array);
      expect(model.weights.codes.buffer.byteLength).toBe(2);
    }
  });

  const channel = schema.channels[0];
  const twice = { channels: [channel, channel] };
  const one = grid().channels[0];
  const withChannel = (fields: object) => ({ ...grid(), channels: [{ ...one, ...fields }] });
  const points = (...at: readonly number[]) => ({ levels: { kind: "points", points: at } });
  const dithered = { ...grid(), scheme: "dither", seed: "plant-7", channels: [{ ...one, samples: 1 }] };
  const threeOfTwo = { ...one, bits: 2, samples: 1, ...points(0, 1, 2, 3) }; // intervals that 2 bits tell apart
  const column = { name: "a", unit: "", mean: 0, deviation: 1 };
  const histogram = { channel: "t", window: 1, bins: 2, below: 0, above: 0, counts: Uint8Array.of(1, 1) };
  const refused: readonly (readonly [MessageKind, object, string])[] = [
    ["birth", { session: -1 }, "session"],
    ["birth", { session: 2 ** 32 }, "session"],
    ["birth", { session: 0.5 }, "session"],
    ["birth", { startedAt: "now" }, "startedAt"],
    ["birth", { schema: { channels: [] } }, "schema.channels"],
    ["birth", { schema: twice }, "schema.channels"],
    ["birth", { schema: { channels: [{ ...channel, name: "" }, channel] } }, "schema.channels.0.name"],
    ["birth", { schema: { channels: [{ ...channel, range: [1, 0] }, channel] } }, "schema.channels.0.range"],
    ["birth", { schema: { channels: [{ ...channel, range: [-1e308, 1e308] }] } }, "schema.channels.0.range"],
    ["birth", { schema: { channels: [channel] } }, "grids"],
    ["birth", { grids: [] }, "grids"],
    ["birth", { grids: [grid(1), grid(1)] }, "grids"],
    ["birth", { grids: Array.from({ length: 65 }, (_, i) => grid(i)) }, "grids"],
    ["birth", { software: { name: "x".repeat(65), version: "1" } }, "software.name"],
    ["death", { reason: "bored" }, "reason"],
    ["desired", { grid: grid(65_536) }, "grid.epoch"],
    ["desired", { grid: { ...grid(), scheme: "astrology" } }, "grid.scheme"],
    ["desired", { grid: { ...grid(), coding: "morse" } }, "grid.coding"],
    ["desired", { grid: withChannel({ levels: { kind: "secret" } }) }, "grid.channels.0.levels.kind"],
    ["desired", { grid: withChannel({ levels: { kind: "uniform", low: 1, high: 0 } }) }, "grid.channels.0.levels"],
    ["desired", { grid: withChannel({ bits: 17 }) }, "grid.channels.0.bits"],
    ["desired", { grid: withChannel({ bits: 1, samples: 2 }) }, "grid.channels.0"],
    ["desired", { grid: withChannel(points(0)) }, "grid.channels.0.levels.points"],
    ["desired", { grid: withChannel(points(0, 1, 1)) }, "grid.channels.0.levels"],
    ["desired", { grid: withChannel(points(0, Number.NaN)) }, "grid.channels.0.levels.points.1"],
    ["desired", { grid: withChannel({ ...points(0, 1, 2), bits: 2, samples: 2 }) }, "grid.channels.0.levels"],
    ["desired", { grid: withChannel({ levels: { kind: "points", points: "01" } }) }, "grid.channels.0.levels.points"],
    ["desired", { grid: { ...grid(), seed: "a" } }, "grid.seed"],
    ["desired", { grid: { ...dithered, seed: undefined } }, "grid.seed"],
    ["desired", { grid: { ...dithered, seed: "a/b" } }, "grid.seed"],
    ["desired", { grid: { ...grid(), scheme: "interval", seed: "s" } }, "grid.seed"],
    ["desired", { grid: { ...grid(), scheme: "interval", channels: [threeOfTwo] } }, "grid.channels"],
    ["command", { name: "refetch", session: 1, rows: [] }, "rows"],
    ["command", { name: "refetch", session: 1, rows: [[0, 65_535]] }, "rows.0.1"],
    ["command", { name: "refetch", session: 1, rows: Array.from({ length: 257 }, (_, row) => [0, row]) }, "rows"],
    ["desired", { grid: { ...dithered, channels: grid().channels } }, "grid.channels"],
    ["desired", { grid: { ...dithered, channels: [{ ...one, samples: 1, ...points(0, 1) }] } }, "grid.channels"],
    ["desired", { batch: { rows: 0 } }, "batch.rows"],
    ["reported", { status: "maybe" }, "status"],
    ["health", { clipped: { "": 1 } }, "clipped."],
    ["health", { clipped: Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`c${i}`, 1])) }, "clipped"],
    ["health", { histogram: { ...histogram, bins: 4097 } }, "histogram.bins"],
    ["health", { histogram: { ...histogram, bins: 1 } }, "histogram.bins"],
    ["health", { histogram: { ...histogram, below: 2 ** 32 } }, "histogram.below"],
    ["health", { histogram: { ...histogram, counts: [1, 1] } }, "histogram.counts"],
    ["health", { histogram: { ...histogram, counts: new Uint8Array(20_481) } }, "histogram.counts"],
    ["health", { histogram: { ...histogram, channel: "" } }, "histogram.channel"],
    ["model", { hash: "F".repeat(64) }, "hash"],
    ["model", { weights: { bits: 0, values: [1, 2] } }, "weights"],
    ["model", { weights: { bits: 3, scale: 1, codes: new Uint8Array(3) }, features: [column] }, "weights"],
    ["model", { estimator: "Symmetric!" }, "estimator"],
    ["receipt", { floor: 12 }, "ranges"],
    ["receipt", { ranges: [[13, 12]] }, "ranges.0"],
    [
      "receipt",
      {
        ranges: [
          [14, 15],
          [16, 17],
        ],
      },
      "ranges",
    ],
    ["receipt", { ranges: Array.from({ length: 257 }, (_, i) => [20 + 2 * i, 20 + 2 * i]) }, "ranges"],
    ["command", { name: "explode" }, "name"],
    ["state", { id: "_all" }, "id"],
  ];
  it.each(refused)("%s %j is refused with its path", (kind, fields, path) => {
    expect(() => decodeMessage(kind, changed(kind, fields))).toThrow(expect.objectContaining({ code: "shape", path }));
  });

  it("refuse a byte string in the place of anything, and leave the sender's value alone", () => {
    for (const [kind, value] of all) {
      for (const field of Object.keys(value)) {
        const wrong = { ...value, [field]: Uint8Array.of(1, 2) };
        expect(() => encodeMessage(kind, wrong as never)).toThrow(expect.objectContaining({ code: "shape" }));
        expect(Object.isFrozen(wrong)).toBe(false);
      }
    }
  });

  it("say what was not known, and the version to answer to", () => {
    const bytes = changed("desired", { version: 41, grid: { ...grid(), scheme: "astrology" } });
    const expected = {
      code: "shape",
      version: 41,
      message: expect.stringContaining('scheme "astrology" is not known'),
    };
    expect(() => decodeMessage("desired", bytes)).toThrow(expect.objectContaining(expected));
  });

  it("refuse a text that has no form in UTF-8 before it is sent", () => {
    const reported = { session: 1, version: 1, status: "refused", reason: "\ud800" } as const;
    expect(() => encodeMessage("reported", reported)).toThrow(expect.objectContaining({ code: "shape" }));
  });

  it("hold 1,024 channels, and refuse what outgrows the cap on both sides", () => {
    const channels = Array.from({ length: 1024 }, (_, i) => ({ ...schema.channels[0], name: `channel-${i}` }));
    const wide = { ...grid(), channels: channels.map(() => grid().channels[0]) };
    const birth = { ...samples.birth[1], schema: { channels }, grids: [wide] };
    const bytes = encodeMessage("birth", birth as never);
    expect(decodeMessage("birth", bytes)).toEqual(birth);
    const many = { ...birth, grids: Array.from({ length: 8 }, (_, epoch) => ({ ...wide, epoch })) };
    expect(() => encodeMessage("birth", many as never)).toThrow(expect.objectContaining({ code: "size" }));
    expect(() => decodeMessage("death", new Uint8Array(32_769))).toThrow(expect.objectContaining({ code: "size" }));
  });

  it.each(kinds)("%s is capped in bytes and depth: 32 KiB and 4, but for what grows with the channels", (kind) => {
    const large: Partial<Record<MessageKind, number>> = { birth: 10, desired: 8, health: 6, model: 4 };
    const { maxBytes, maxDepth } = messageLimits(kind);
    expect({ maxBytes, maxDepth }).toEqual({
      maxBytes: kind in large ? 262_144 : 32_768,
      maxDepth: large[kind] ?? 4,
    });
    const nested = (depth: number) => Uint8Array.from([...Array(depth).fill(0x81), 0]);
    expect(() => decodeMessage(kind, nested(maxDepth + 1))).toThrow(expect.objectContaining({ code: "depth" }));
    expect(() => decodeMessage(kind, nested(maxDepth))).toThrow(expect.objectContaining({ code: "shape" }));
    expect(() => decodeMessage(kind, new Uint8Array(maxBytes + 1))).toThrow(expect.objectContaining({ code: "size" }));
  });

  it("survive anything: cut, changed and random bytes give a value or a ProtocolError", () => {
    const valid = all.map(([kind, value]) => [kind, encodeMessage(kind, value as never)] as const);
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
    const check = (kind: MessageKind, bytes: Uint8Array) => {
      try {
        decodeMessage(kind, bytes);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    };
    fc.assert(
      fc.property(fc.constantFrom(...valid), mutation, fc.nat(), fc.boolean(), ([kind, bytes], edits, cut, shorten) => {
        const copy = bytes.slice(0, shorten ? cut % bytes.length : bytes.length);
        for (const [at, value] of edits) if (copy.length > 0) copy[at % copy.length] = value;
        check(kind, copy);
      }),
      { numRuns: 5000 },
    );
    fc.assert(fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 300 }), check), { numRuns: 5000 });
    for (const [kind, value] of all) expect(decodeMessage(kind, encodeMessage(kind, value as never))).toEqual(value);
  });
});
