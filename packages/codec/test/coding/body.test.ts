import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packCodes } from "../../src/bit-packing.ts";
import { decodeBody, encodeBody } from "../../src/coding/body.ts";
import { type Coding, codings } from "../../src/coding/coding.ts";
import { maxCodedValues } from "../../src/coding/layout.ts";
import { type DitherPlace, ditherPlace } from "../../src/dither.ts";
import { uniformGrid } from "../../src/grid.ts";
import { createQuantizer, type Quantizer } from "../../src/quantizer.ts";
import { defineSchema } from "../../src/schema.ts";
import { createStream } from "../../src/stream.ts";
import { quantizerOf } from "../support/grids.ts";
import { faultOf, harmed, same, wanderingCodes } from "./support.ts";

const count = quantizerOf([
  { bits: 4, samples: 2 },
  { bits: 6, samples: 3 },
  { bits: 8, samples: 1 },
]);
const schema = defineSchema(
  ["a", "b", "c"].map((name) => ({ name, unit: "", range: [0, 20] as const, role: "feature" as const })),
);
const dither = createQuantizer(uniformGrid(schema, { scheme: "dither", bits: 6, seed: "body" }));
const rows = 64;

/** Codes that wander, with readings of three kinds: none, decimal ones, and others. */
function someRows(seed: number, quantizer: Quantizer) {
  const words = createStream("body", seed);
  const codes = wanderingCodes(words, rows, quantizer, [0, 0.02, 0.2, 1][seed % 4] ?? 0);
  const decimal = Float64Array.from(codes, (code) => code / 10);
  const others = Float64Array.from(codes, (code) => Math.sqrt(code + 1 / 3) / 1e6);
  return { codes, decimal, others };
}

function placeOf(quantizer: Quantizer, sequence: number): DitherPlace | undefined {
  return ditherPlace(quantizer.grid, { device: "node-1", session: 7, sequence });
}

describe("a body", () => {
  it.each([
    ["count", count],
    ["dither", dither],
  ] as const)("of scheme %s is the smallest that the grid allows, and comes back", (_, quantizer) => {
    for (let seed = 0; seed < 12; seed++) {
      const { codes, decimal, others } = someRows(seed, quantizer);
      const place = placeOf(quantizer, seed);
      for (const values of [undefined, decimal, others]) {
        const sizes = new Map<Coding, number>();
        for (const allowed of codings) {
          const { coding, body } = encodeBody({ codes, place, values }, quantizer, allowed);
          sizes.set(allowed, body.length);
          const back = decodeBody({ coding, body, rows }, quantizer, place);
          expect(back.kind).toBe(coding === "exact" ? "values" : "codes");
          expect(same(back.kind === "codes" ? back.codes : back.values, coding === "exact" ? decimal : codes)).toBe(
            true,
          );
          if (allowed === "packed") expect(coding).toBe("packed");
          if (allowed === "rice") expect(coding).not.toBe("arithmetic");
          if (values !== decimal) expect(coding).not.toBe("exact");
          if (values === decimal && allowed === "exact") expect(coding).toBe("exact");
        }
        const [packed = 0, rice = 0, arithmetic = 0, exact = 0] = codings.map((coding) => sizes.get(coding));
        expect(rice).toBeLessThanOrEqual(packed);
        expect(arithmetic).toBeLessThanOrEqual(rice);
        if (values !== decimal) expect(exact).toBe(arithmetic);
      }
    }
  });

  it("is packed where the readings have no order, and exact where they stand still on a decimal number", () => {
    const words = createStream("body/noise");
    const codes = Uint16Array.from({ length: 4 * rows }, () => words.word() % 15);
    const single = quantizerOf([{ bits: 4, samples: 2 }]);
    expect(encodeBody({ codes }, single, "arithmetic")).toEqual({ coding: "packed", body: packCodes(codes, single) });
    // Between two levels the draws are random whatever the reading does.
    const still = { codes: codes.map((code) => 6 + (code % 3)), values: new Float64Array(codes.length).fill(21.5) };
    for (const allowed of ["rice", "arithmetic", "exact"] as const)
      expect(encodeBody(still, single, allowed).coding).toBe("exact");
    expect(encodeBody({ codes: still.codes }, single, "exact").coding).toBe("arithmetic");
  });

  it("of dithered codes needs the frame's place, and the right one", () => {
    const values = Float64Array.from({ length: 3 * rows }, (_, i) => 10 + Math.sin(i / 30));
    const place = placeOf(dither, 5) as DitherPlace;
    const { codes } = dither.encode(values, place);
    const { coding, body } = encodeBody({ codes, place }, dither, "arithmetic");
    expect(coding).toBe("arithmetic");
    const frame = { coding, body, rows };
    expect(() => decodeBody(frame, dither)).toThrow(expect.objectContaining({ code: "scheme" }));
    expect(() => encodeBody({ codes }, dither, "arithmetic")).toThrow(expect.objectContaining({ code: "scheme" }));
    expect(decodeBody(frame, dither, place)).toEqual({ kind: "codes", codes });
    const fault = faultOf(() => {
      const other = decodeBody(frame, dither, { ...place, sequence: 6 });
      if (other.kind === "codes" && other.codes.join() === codes.join()) throw new RangeError("the same");
    });
    expect(["sound", "form", "length"]).toContain(fault);
  });

  it("goes packed above the bound of the others", () => {
    const single = quantizerOf([{ bits: 1, samples: 1 }]);
    const codes = new Uint16Array(maxCodedValues + 1);
    expect(encodeBody({ codes }, single, "arithmetic").coding).toBe("packed");
    expect(encodeBody({ codes: codes.subarray(1) }, single, "arithmetic").coding).not.toBe("packed");
    const body = Uint8Array.of(0x10);
    for (const coding of ["rice", "arithmetic", "exact"] as const)
      expect(faultOf(() => decodeBody({ coding, body, rows: maxCodedValues + 1 }, single))).toBe("range");
  });

  it("refuses codes that a decoder would refuse, whatever the coding", () => {
    for (const allowed of codings)
      for (const codes of [Uint16Array.of(15, 0, 0), Uint16Array.of(1, 2)])
        expect(() => encodeBody({ codes }, count, allowed)).toThrow(expect.objectContaining({ name: "ReadingError" }));
  });

  it("of any bytes under any coding gives rows of the grid or a DecodeError", () => {
    const words = createStream("body/harm");
    const seen = new Set<string>();
    const sources = [count, dither].flatMap((quantizer) => {
      const { codes, decimal } = someRows(1, quantizer);
      const place = placeOf(quantizer, 1);
      return codings.map((allowed) => ({
        quantizer,
        place,
        body: encodeBody({ codes, place, values: decimal }, quantizer, allowed).body,
      }));
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...codings),
        fc.constantFrom(...sources),
        fc.nat(80),
        (coding, { quantizer, place, body }, given) => {
          const bytes = harmed(body, words);
          const fault = faultOf(() => decodeBody({ coding, body: bytes, rows: given + 1 }, quantizer, place));
          expect(typeof fault, String(fault)).toBe("string");
          seen.add(`${coding} ${String(fault)}`);
        },
      ),
      { numRuns: 1500, seed: 18 },
    );
    for (const coding of codings) expect([...seen].filter((key) => key.startsWith(coding)).length).toBeGreaterThan(1);
  });
});
