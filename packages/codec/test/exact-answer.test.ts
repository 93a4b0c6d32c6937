import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  answerBody,
  answerReadings,
  DecodeError,
  decodeExactAnswer,
  decodeFrame,
  type ExactAnswer,
  encodeExactAnswer,
  encodeFrame,
  isExactAnswer,
  type RowPlace,
} from "../src/index.ts";
import { bytesOf, frameOf, hexOf } from "./support/frames.ts";

const page = readFileSync(new URL("../../../docs/wire-format.md", import.meta.url), "utf8");

const base: ExactAnswer = {
  session: 7,
  sequence: 40,
  grid: 1,
  of: 7,
  rows: [
    { sequence: 3, row: 0 },
    { sequence: 3, row: 255 },
    { sequence: 70_000, row: 2 },
  ],
  gone: [{ sequence: 1, row: 9 }],
  ...answerBody(Float64Array.of(21.5, 40, 21.25, 41, -3.75, 40), 2),
};

const rising = (numbers: readonly (readonly [number, number])[]): RowPlace[] =>
  [...new Map(numbers.map(([sequence, row]) => [`${sequence}/${row}`, { sequence, row }])).values()].sort(
    (a, b) => a.sequence - b.sequence || a.row - b.row,
  );

describe("an exact answer", () => {
  it("stands in the wire format's page", () => {
    const hex = hexOf(encodeExactAnswer(base));
    expect(page.replaceAll(/\s/g, "")).toContain(hex);
    expect(answerReadings(decodeExactAnswer(bytesOf(hex)), 2)).toEqual(Float64Array.of(21.5, 40, 21.25, 41, -3.75, 40));
  });

  it("comes back as it was, whatever it holds", () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    const places = fc
      .array(fc.tuple(word, fc.integer({ min: 0, max: 0xfffe })), { maxLength: 12 })
      .map((numbers) => rising(numbers));
    const reading = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -500, max: 500 }).map((n) => n / 4),
    );
    fc.assert(
      fc.property(
        word,
        word,
        word,
        places,
        places,
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(reading),
        (session, sequence, of, rows, gone, channels, readings) => {
          fc.pre(rows.length + gone.length > 0);
          const values = Float64Array.from({ length: rows.length * channels }, () => readings.next().value ?? 0).map(
            (value) => value + 0, // coding exact keeps no sign of zero
          );
          const answer = { session, sequence, grid: 5, of, rows, gone, ...answerBody(values, channels) };
          const bytes = encodeExactAnswer(answer);
          expect(isExactAnswer(bytes)).toBe(true);
          const back = decodeExactAnswer(bytes);
          expect(back).toEqual(answer);
          if (rows.length > 0) expect(answerReadings(back, channels)).toEqual(values);
        },
      ),
      { numRuns: 120, seed: 4 },
    );
  });

  it("takes the shortest form that carries the readings as they are", () => {
    expect(answerBody(Float64Array.of(0.1, 0.2), 2).form).toBe("exact");
    // What these rows differ by is no 16 bits of any unit.
    const irrational = Float64Array.of(Math.PI, 1, Math.E, 2, Math.SQRT2, 3);
    expect(answerBody(irrational, 2).form).toBe("float64");
    expect(answerBody(irrational.map(Math.fround), 2).form).toBe("float32");
    expect(answerBody(new Float64Array(0), 2)).toEqual({ form: "float64", body: new Uint8Array(0) });
  });

  it("is told from a frame, and neither is taken for the other", () => {
    const frame = encodeFrame(frameOf());
    expect(isExactAnswer(frame)).toBe(false);
    expect(() => decodeFrame(encodeExactAnswer(base))).toThrow(DecodeError);
    expect(() => decodeExactAnswer(frame)).toThrow(expect.objectContaining({ code: "coding" }));
  });

  it("is refused where it can't be, and nothing but DecodeError escapes", () => {
    const refused = (parts: Partial<ExactAnswer>): void =>
      expect(() => encodeExactAnswer({ ...base, ...parts })).toThrow(RangeError);
    refused({ session: -1 });
    refused({ grid: 65_536 });
    refused({ rows: [], gone: [] });
    refused({ rows: [base.rows[1] as RowPlace, base.rows[0] as RowPlace] });
    refused({ gone: Array.from({ length: 1100 }, (_, row) => ({ sequence: 0, row })) });
    const codeOf = (hex: string): unknown => {
      try {
        answerReadings(decodeExactAnswer(bytesOf(hex)), 1);
        return "answer";
      } catch (error) {
        return error instanceof DecodeError ? error.code : error;
      }
    };
    expect(codeOf("890f0700000782030081000044cdcc8c3f")).toBe("length"); // one number where two tell a row
    expect(codeOf("890f070000078203008001444cdcc8c3")).toBe("answer");
    expect(codeOf("890f0700000782030080014700000000000000")).toBe("length");
    expect(codeOf("890f07000007840300030080014800000000")).toBe("form"); // the same row twice
    expect(codeOf("890f070000078080004")).toBe("range"); // of nothing
    expect(codeOf("890f07000007820300800344cdcc8c3f")).toBe("coding");
    expect(codeOf("890f0700000782030080014400007fc1ff")).toBe("trailing");
    expect(codeOf("890f07000007820300800144 0000807f".replace(" ", ""))).toBe("range"); // infinity
    const bytes = encodeExactAnswer(base);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, byte, end) => {
        const spoilt = Uint8Array.from(bytes.subarray(0, Math.max(end, 2)));
        if (at < spoilt.length) spoilt[at] = byte;
        expect(["answer", "string"]).toContain(typeof codeOf(hexOf(spoilt)));
      }),
      { numRuns: 800, seed: 9 },
    );
    expect(() => decodeExactAnswer(bytes, 10)).toThrow(expect.objectContaining({ code: "size" }));
  });
});
