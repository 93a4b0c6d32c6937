import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Address,
  checkId,
  createTopics,
  delivery,
  downKinds,
  isId,
  isTopicFilter,
  isTopicName,
  upKinds,
} from "../src/topics.ts";

const letters = "abcXYZ019_-";
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const address: fc.Arbitrary<Address> = fc.oneof(
  fc.record({ kind: fc.constantFrom(...upKinds, "receipt" as const), group: id, device: id }),
  fc.record({ kind: fc.constant("command" as const), group: id, device: id, name: id }),
  fc.record({
    kind: fc.constantFrom("desired" as const, "model" as const),
    audience: fc.constant("device" as const),
    group: id,
    device: id,
  }),
  fc.record({
    kind: fc.constantFrom("desired" as const, "model" as const),
    audience: fc.constant("all" as const),
    group: id,
  }),
  fc.record({ kind: fc.constant("state" as const), gateway: id }),
);

describe("topics", () => {
  it("are those of the design", () => {
    const topics = createTopics();
    const at = { group: "g", device: "d" } as const;
    expect(topics.build({ kind: "data", ...at })).toBe("zipml/1/g/d/data");
    expect(topics.build({ kind: "command", ...at, name: "birth" })).toBe("zipml/1/g/d/command/birth");
    expect(topics.build({ kind: "model", audience: "all", group: "g" })).toBe("zipml/1/g/_all/model");
    expect(topics.build({ kind: "desired", audience: "device", ...at })).toBe("zipml/1/g/d/desired");
    expect(topics.build({ kind: "state", gateway: "x" })).toBe("zipml/1/_gateway/x/state");
    expect(topics.gatewayFilters({ kinds: ["birth"] })).toEqual(["zipml/1/+/+/birth"]);
    expect(topics.gatewayFilters({ group: "g" })).toEqual(upKinds.map((kind) => `zipml/1/g/+/${kind}`));
    expect(topics.deviceFilters("g", "d")).toEqual([
      "zipml/1/g/d/desired",
      "zipml/1/g/d/command/+",
      "zipml/1/g/d/receipt",
      "zipml/1/g/d/model",
      "zipml/1/g/_all/desired",
      "zipml/1/g/_all/model",
    ]);
    expect(topics.stateFilter()).toBe("zipml/1/_gateway/+/state");
    expect(topics.everythingFilter()).toBe("zipml/1/#");
  });

  it("parse to the address they were built from, under any prefix", () => {
    fc.assert(
      fc.property(address, fc.constantFrom("zipml/1", "a", "site-3/zipml/1", "ü"), (value, prefix) => {
        const topics = createTopics({ prefix });
        const topic = topics.build(value);
        expect(topics.parse(topic)).toEqual(value);
        expect(isTopicName(topic)).toBe(true);
        expect(createTopics({ prefix: "other" }).parse(topic)).toBeUndefined();
        expect(topics.parse(`${topic}/more`)).toBeUndefined();
      }),
    );
  });

  it("parse anything else to undefined, or to what builds the same topic", () => {
    const topics = createTopics({ prefix: "p" });
    const level = fc.oneof(
      id,
      fc.constantFrom("_all", "_gateway", "", "+", "#", "state", "_x", ...upKinds, ...downKinds),
    );
    fc.assert(
      fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
        const topic = ["p", ...levels].join("/");
        const parsed = topics.parse(topic);
        if (parsed !== undefined) expect(topics.build(parsed)).toBe(topic);
      }),
    );
    for (const foreign of ["", "p", "p/", "q/g/d/data", "p/g/d/date", "p/_gateway/x/data", "p/g/_all/data"]) {
      expect(topics.parse(foreign)).toBeUndefined();
    }
  });

  it("refuse ids outside the rule and say which", () => {
    const topics = createTopics();
    const bad = ["", "_all", "_gateway", "-a", "a/b", "a+", "#", "a b", "ä", "a".repeat(65), "a\0", "$SYS"];
    for (const device of bad) {
      expect(isId(device)).toBe(false);
      const build = () => topics.build({ kind: "data", group: "g", device });
      expect(build).toThrow(expect.objectContaining({ code: "id", message: expect.stringContaining("device") }));
      expect(() => topics.deviceFilters(device, "d")).toThrow(expect.objectContaining({ code: "id" }));
      expect(() => topics.gatewayFilters({ group: device })).toThrow(expect.objectContaining({ code: "id" }));
    }
    expect(checkId("group", `a${letters}`)).toBe(`a${letters}`);
    expect(isId("a".repeat(64))).toBe(true);
  });

  it("refuse a prefix that MQTT or a wildcard would take apart", () => {
    for (const prefix of ["", "/a", "a/", "a//b", "a/+", "#", "$share/a", "a\0b", "a\nb", "a".repeat(129)]) {
      expect(() => createTopics({ prefix })).toThrow(expect.objectContaining({ code: "prefix" }));
    }
  });

  it("know what is retained", () => {
    const retained = [...upKinds, ...downKinds, "state" as const].filter((kind) => delivery(kind).retain);
    expect(retained.sort()).toEqual(["birth", "death", "desired", "health", "model", "reported", "state"]);
    expect([...upKinds, ...downKinds].every((kind) => delivery(kind).qos === 1)).toBe(true);
  });

  it("know names from filters", () => {
    for (const filter of ["#", "+", "a/+/b", "a/#", "/", "+/+/#"]) expect(isTopicFilter(filter)).toBe(true);
    for (const filter of ["", "a#", "#/a", "a+/b", "\0", "\ud800"]) expect(isTopicFilter(filter)).toBe(false);
    expect(isTopicName("ü".repeat(32_767))).toBe(true);
    expect(isTopicName("ü".repeat(32_768))).toBe(false);
  });
});
