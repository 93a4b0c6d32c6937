import { type ChannelRole, defineSchema, type Grid, GridError, type Schema, uniformGrid } from "@zipml/codec";
import { encodeMessage, type MessageOf } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { birthMessages } from "../src/birth.ts";
import { checkBirthSize } from "../src/birth-size.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import { resolved, schema, sealed } from "./support.ts";

const grid = uniformGrid(schema, { epoch: 3 });
const most = 262_144;

/** As many channels as a device may have, with ranges that take nine bytes a number. */
const wideSchema = (name: (i: number) => string, channels = 1024): Schema =>
  defineSchema(
    Array.from({ length: channels }, (_, i) => ({
      name: name(i),
      unit: "V",
      range: [-1.1, 1.3 + i] as const,
      role: (i === 0 ? "target" : "feature") satisfies ChannelRole,
    })),
  );
const wide = wideSchema((i) => `channel-${i}`);
const gridsOf = (of: Schema, count: number): Grid[] =>
  Array.from({ length: count }, (_, epoch) => uniformGrid(of, { epoch }));

async function keeping(sessions: number, grids: readonly Grid[] = [grid], of = schema) {
  const outbox = createMemoryOutbox();
  for (let session = 100; session < 100 + sessions; session++) {
    await outbox.note({ session, startedAt: session, schema: of, grids });
    await outbox.seal(sealed(session, 0));
  }
  return { ...resolved({ outbox }), schema: of };
}

/** Every (session, epoch) that births tell of, sorted. */
function told(births: readonly MessageOf<"birth">[]): string[] {
  const pairs = births.flatMap((birth) =>
    [birth, ...(birth.earlier ?? [])].flatMap(({ session, grids }) => grids.map(({ epoch }) => `${session}/${epoch}`)),
  );
  return [...new Set(pairs)].sort();
}

describe("birth", () => {
  it("names no earlier session where none is kept, and not its own", async () => {
    const options = await keeping(0);
    await options.outbox.note({ session: 9, startedAt: 1, schema, grids: [grid] });
    const births = birthMessages(options, 1, [grid], undefined);
    expect(births).toHaveLength(1);
    expect(Object.keys(births[0])).toEqual(["session", "startedAt", "schema", "software", "grids"]);
  });

  it("names the oldest where there are more than a gateway keeps, without a schema that is the same", async () => {
    const [{ earlier, desired }, ...more] = birthMessages(await keeping(80), 1, [grid], 4);
    expect(more).toEqual([]);
    expect(desired).toBe(4);
    expect(earlier?.map(({ session }) => session)).toEqual(Array.from({ length: 63 }, (_, i) => 100 + i));
    expect(earlier?.[0]).toEqual({ session: 100, startedAt: 100, grids: [grid] });
  });

  it("goes out in several messages where it is too large for one, and tells of every grid all the same", async () => {
    const grids = gridsOf(schema, 64);
    const options = await keeping(63, grids);
    const births = birthMessages(options, 1, [grid], 7);
    expect(births.length).toBeGreaterThan(1);
    for (const birth of births) expect(encodeMessage("birth", birth).length).toBeLessThanOrEqual(most);
    const kept = Array.from({ length: 63 }, (_, i) => grids.map(({ epoch }) => `${100 + i}/${epoch}`)).flat();
    expect(told(births)).toEqual([...kept, `${options.session}/3`].sort());
    // What comes first, and what a broker keeps, says what is in force.
    expect(births[0]).toEqual(births.at(-1));
    expect(births.at(-1)).toMatchObject({ session: options.session, grids: [grid], desired: 7 });
  });

  it("of 1,024 channels holds any number of grids", async () => {
    const options = { ...(await keeping(0)), schema: wide };
    const births = birthMessages(options, 1, gridsOf(wide, 5), undefined);
    for (const birth of births) expect(encodeMessage("birth", birth).length).toBeLessThanOrEqual(most);
    expect(told(births)).toHaveLength(5);
    expect(births.at(-1)?.grids.map(({ epoch }) => epoch)).toEqual([3, 4]);
  });

  it("of another schema than the kept frames' fits too, where both are large", async () => {
    const before = wideSchema((i) => `${"n".repeat(50)}-${i}`);
    const kept = await keeping(1, gridsOf(before, 1), before);
    const births = birthMessages({ ...kept, schema: wide }, 1, gridsOf(wide, 1), undefined);
    for (const birth of births) expect(encodeMessage("birth", birth).length).toBeLessThanOrEqual(most);
    expect(births.map(({ session }) => session)).toEqual([kept.session, 100, kept.session]);
    expect(births[1]?.schema).toEqual(before);
  });

  it("is refused with the grid, before anything is accepted, where even one does not fit", () => {
    const huge = wideSchema((i) => `${"€".repeat(59)}-${i}`);
    expect(() => checkBirthSize(wide, uniformGrid(wide))).not.toThrow();
    const refused = expect.objectContaining({ code: "grid", message: expect.stringContaining("1024 channels") });
    expect(() => checkBirthSize(huge, uniformGrid(huge))).toThrow(refused);
    expect(() => checkBirthSize(huge, uniformGrid(huge))).toThrow(GridError);
    expect(() => resolved({ schema: huge })).toThrow(refused);
  });
});
