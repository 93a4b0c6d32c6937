import { describe, expect, it } from "vitest";
import { GridError, ReadingError } from "../src/errors.ts";
import { type Channel, defineSchema, maxChannels, orderRow } from "../src/schema.ts";

const channel = (name: string, more: Partial<Channel> = {}): Channel => ({
  name,
  unit: "°C",
  range: [0, 1],
  role: "feature",
  ...more,
});

describe("defineSchema", () => {
  it("copies and freezes", () => {
    const given = [channel("a"), channel("b", { role: "target" })];
    const schema = defineSchema(given);
    given.pop();
    expect(schema.channels.map(({ name, role }) => [name, role])).toEqual([
      ["a", "feature"],
      ["b", "target"],
    ]);
    expect(Object.isFrozen(schema.channels[0]?.range)).toBe(true);
  });

  it.each([
    ["no channel", [], undefined],
    ["too many", Array.from({ length: maxChannels + 1 }, (_, c) => channel(`c${c}`)), undefined],
    ["an empty name", [channel("")], ""],
    ["a long name", [channel("x".repeat(65))], "x".repeat(65)],
    ["a long unit", [channel("a", { unit: "x".repeat(33) })], "a"],
    ["a name twice", [channel("a"), channel("b"), channel("a")], "a"],
    ["a range upside down", [channel("a", { range: [1, 0] })], "a"],
    ["a range that is not finite", [channel("a", { range: [0, Number.POSITIVE_INFINITY] })], "a"],
    ["NaN in a range", [channel("a", { range: [Number.NaN, 1] })], "a"],
  ] as const)("refuses %s", (_, channels, at) => {
    expect(() => defineSchema(channels)).toThrow(GridError);
    expect(() => defineSchema(channels)).toThrow(expect.objectContaining({ code: "schema", channel: at }));
  });

  it("takes the largest schema and an empty range", () => {
    expect(defineSchema(Array.from({ length: maxChannels }, (_, c) => channel(`c${c}`))).channels).toHaveLength(1024);
    expect(defineSchema([channel("a", { range: [3, 3] })]).channels[0]?.range).toEqual([3, 3]);
  });
});

describe("orderRow", () => {
  const schema = defineSchema([channel("a"), channel("__proto__"), channel("toString")]);

  it("orders by the schema and ignores other names", () => {
    const row = JSON.parse('{"toString": 3, "more": 9, "__proto__": 2, "a": 1}') as Record<string, number>;
    expect([...orderRow(schema, row)]).toEqual([1, 2, 3]);
  });

  it("refuses the row whole and names the channel", () => {
    const refused = (row: Record<string, number>) => {
      try {
        orderRow(schema, row);
      } catch (error) {
        return error instanceof ReadingError ? [error.code, error.channel] : error;
      }
      return undefined;
    };
    expect(refused({ a: 1 })).toEqual(["missing", "__proto__"]);
    expect(refused({})).toEqual(["missing", "a"]);
    expect(refused({ a: Number.NaN })).toEqual(["non-finite", "a"]);
    expect(refused({ a: Number.POSITIVE_INFINITY })).toEqual(["non-finite", "a"]);
  });
});
