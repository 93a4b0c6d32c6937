import { readdirSync, readFileSync } from "node:fs";
import { decode as decodeCbor } from "cbor-x";
import { describe, expect, it } from "vitest";
import {
  createQuantizer,
  DecodeError,
  decodeBody,
  decodeFrame,
  defineGrid,
  defineSchema,
  encodeFrame,
  unpackCodes,
} from "../src/index.ts";
import { bytesOf, frameOf, hexOf } from "./support/frames.ts";
import { errorCases, errorChannels } from "./vectors/cases.ts";
import { vectorFiles, vectorFolder } from "./vectors/make-vectors.ts";

const files = vectorFiles();
const page = readFileSync(new URL("../wire-format.md", vectorFolder), "utf8");

const quantizer = createQuantizer(
  defineGrid(defineSchema(errorChannels.map((_, c) => ({ name: `c${c}`, unit: "", range: [0, 1], role: "feature" }))), {
    epoch: 1,
    scheme: "count",
    coding: "packed",
    channels: errorChannels,
  }),
);

describe("the golden vectors", () => {
  it("are what the generator gives, file by file", () => {
    const committed = readdirSync(vectorFolder).sort();
    expect(committed).toEqual([...files.keys()].sort());
    for (const name of committed)
      expect(JSON.parse(readFileSync(new URL(name, vectorFolder), "utf8")), name).toEqual(files.get(name));
  });

  it("stand in the wire format's page with the same digits", () => {
    const digits = page.replaceAll(/\s/g, "");
    for (const [name, vector] of files)
      if ("hex" in vector) {
        expect(page, name).toContain(name);
        expect(digits, name).toContain(vector.hex);
      }
    for (const { hex, code } of errorCases)
      expect(page, hex).toMatch(new RegExp(`\`${hex}\` \\| ${code === "" ? "\\(none\\)" : `\`${code}\``}`));
  });

  it.each(errorCases)("negative: $name", ({ hex, code, limits }) => {
    const read = () => {
      try {
        const frame = decodeFrame(bytesOf(hex), limits);
        decodeBody(frame, quantizer);
      } catch (error) {
        return error instanceof DecodeError ? error.code : error;
      }
      return "";
    };
    expect(read()).toBe(code);
  });

  it("have a negative one for every code", () => {
    const codes = [
      "size",
      "truncated",
      "trailing",
      "type",
      "form",
      "version",
      "coding",
      "range",
      "length",
      "padding",
      "code",
    ];
    expect([...new Set(errorCases.map(({ code }) => code))].sort()).toEqual(["", ...codes].sort());
  });
});

describe("the page of the wire format", () => {
  it("works its examples out as the codec does", () => {
    const frame = frameOf({
      session: 7,
      sequence: 3,
      grid: 1,
      start: 70_000,
      interval: 5000,
      body: bytesOf("4df9e20e"),
    });
    expect(hexOf(encodeFrame(frame))).toBe(errorCases[0]?.hex);
    expect([...unpackCodes(frame.body, 4, quantizer)]).toEqual([5, 9, 2, 14, 3, 1, 7, 14]);
    for (const [start, interval, hex] of [
      [55_250, 5000, "19d7d2191388"],
      [0, 3_600_000, "0022"],
      [0, 900_000, "00382b"],
      [0, 40, "001828"],
    ] as const) {
      expect(hexOf(encodeFrame({ ...frame, start, interval }))).toBe(`8808070301${hex}03444df9e20e`);
      expect(page).toContain(`\`${hex.slice(start === 0 ? 2 : -6).replace(/(?<=^..)(?=.)/, " ")}\``);
    }
  });

  it("shows a receipt that any CBOR decoder reads", () => {
    const hex = /a367736573[0-9a-f]+/.exec(page)?.[0] ?? "";
    expect(decodeCbor(bytesOf(hex))).toEqual({ session: 7, floor: 12, ranges: [[14, 15]] });
  });
});
