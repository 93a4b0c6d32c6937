import { createTopics } from "@zipml/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Identity, identityName, parseIdentity } from "../../src/broker/identity.ts";
import { createPermissions } from "../../src/broker/permissions.ts";

const topics = createTopics();
const { mayPublish, maySubscribe, mayRead } = createPermissions(topics);
const device: Identity = { kind: "device", group: "field", id: "a" };
const gateway: Identity = { kind: "gateway", group: "field", id: "north" };
const operator: Identity = { kind: "operator", id: "anna" };
const writes = (identity: Identity, topic: string, retain = false) => mayPublish(identity, `zipml/1/${topic}`, retain);
const joins = (identity: Identity, filter: string) => maySubscribe(identity, `zipml/1/${filter}`);

describe("identities", () => {
  it("have names that lead back to them, and no two the same", () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
    const any = fc.oneof(
      fc.record({ kind: fc.constantFrom("device" as const, "gateway" as const), group: id, id }),
      fc.record({ kind: fc.constant("operator" as const), id }),
    );
    fc.assert(
      fc.property(any, (identity) => {
        expect(parseIdentity(identityName(identity))).toEqual(identity);
      }),
      { seed: 3 },
    );
  });

  it.each([
    "",
    "field",
    "field.",
    ".a",
    "field.a.b",
    "_field.a",
    "_gateway.field",
    "_operator",
    "a/b.c",
    "+.a",
    "localhost.",
    "field.a/#",
  ])("are none of %j", (name) => expect(parseIdentity(name)).toBeUndefined());
});

describe("permissions of a device", () => {
  it("write its own topics up, and nothing else", () => {
    for (const kind of ["birth", "death", "health", "reported"])
      expect(writes(device, `field/a/${kind}`, true)).toBe(true);
    expect(writes(device, "field/a/data")).toBe(true);
    for (const topic of [
      "field/b/data",
      "other/a/data",
      "field/a/desired",
      "field/a/model",
      "field/a/receipt",
      "field/a/command/birth",
      "field/_all/desired",
      "field/_all/model",
      "_gateway/north/state",
      "field/a/data/more",
      "field/a",
      "field//data",
      "field/a/unknown",
    ])
      expect(writes(device, topic), topic).toBe(false);
    expect(mayPublish(device, "elsewhere", false)).toBe(false);
    expect(mayPublish(device, "$SYS/x", false)).toBe(false);
  });

  it("keep no message that is not kept: a retained frame would come again and again", () => {
    expect(writes(device, "field/a/data", true)).toBe(false);
  });

  it("read its own and its group's topics down, and the gateways' states", () => {
    for (const filter of topics.deviceFilters("field", "a")) expect(maySubscribe(device, filter)).toBe(true);
    expect(maySubscribe(device, topics.stateFilter())).toBe(true);
    expect(joins(device, "_gateway/north/state")).toBe(true);
    expect(joins(device, "field/a/command/birth")).toBe(true);
    for (const filter of [
      "#",
      "field/#",
      "field/a/#",
      "field/+/desired",
      "+/a/desired",
      "field/b/desired",
      "field/a/+",
      "other/_all/model",
      "field/a/data",
      "field/b/command/+",
    ])
      expect(joins(device, filter), filter).toBe(false);
    for (const filter of [
      "#",
      "+/+/#",
      "$SYS/#",
      "zipml/1",
      "zipml/+/field/a/desired",
      "$share/g/zipml/1/field/a/desired",
    ])
      expect(maySubscribe(device, filter), filter).toBe(false);
    expect(mayRead(device, "zipml/1/field/b/data")).toBe(false);
    expect(mayRead(device, "zipml/1/field/_all/model")).toBe(true);
  });

  it("never reach beyond its own topics, whatever the topic", () => {
    const level = fc.constantFrom(
      "field",
      "other",
      "a",
      "b",
      "_all",
      "_gateway",
      "+",
      "#",
      "data",
      "desired",
      "command",
      "birth",
      "state",
      "",
    );
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), fc.boolean(), (levels, retain) => {
        const topic = `zipml/1/${levels.join("/")}`;
        if (mayPublish(device, topic, retain)) expect(topic.startsWith("zipml/1/field/a/")).toBe(true);
        if (maySubscribe(device, topic))
          expect(
            [...topics.deviceFilters("field", "a"), topics.stateFilter()].some((filter) => matches(filter, topic)),
          ).toBe(true);
      }),
      { seed: 5, numRuns: 5000 },
    );
  });
});

/** Whether everything that a filter asks for is within another; written for this test alone. */
function matches(outer: string, inner: string): boolean {
  const [a, b] = [outer.split("/"), inner.split("/")];
  return a.length === b.length && a.every((level, i) => (level === "+" ? b[i] !== "#" : level === b[i]));
}

describe("permissions of a gateway and of an operator", () => {
  it("let a gateway do everything in its group, and write its own state", () => {
    for (const topic of ["field/a/desired", "field/_all/model", "field/a/birth"])
      expect(writes(gateway, topic, true), topic).toBe(true);
    expect(writes(gateway, "field/a/command/resend")).toBe(true);
    expect(writes(gateway, "_gateway/north/state", true)).toBe(true);
    for (const topic of ["_gateway/south/state", "other/a/desired", "fieldx/a/desired"])
      expect(writes(gateway, topic, true), topic).toBe(false);
    for (const filter of topics.gatewayFilters({ group: "field" })) expect(maySubscribe(gateway, filter)).toBe(true);
    for (const filter of ["field/#", "field/_all/model", "_gateway/+/state"]) expect(joins(gateway, filter)).toBe(true);
    for (const filter of ["#", "+/+/data", "other/#", "fieldx/#"]) expect(joins(gateway, filter)).toBe(false);
    expect(mayRead(gateway, "zipml/1/other/a/data")).toBe(false);
  });

  it("let an operator read everything under the prefix and write nothing", () => {
    for (const filter of ["#", "+/+/data", "field/a/data"]) expect(joins(operator, filter)).toBe(true);
    for (const filter of ["#", "+/#", "$SYS/#"]) expect(maySubscribe(operator, filter)).toBe(false);
    for (const topic of ["field/a/data", "_gateway/anna/state", "field/_all/desired"])
      expect(writes(operator, topic)).toBe(false);
    expect(mayRead(operator, "elsewhere/1")).toBe(false);
  });
});
