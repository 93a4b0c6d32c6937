import { defineSchema, type Grid, uniformGrid } from "@zipml/codec";
import { type Address, type Birth, createTopics, type Desired } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createConfigurator, type ThinOptions } from "../src/configurator.ts";

const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [0, 10], role: "target" },
]);
const thin = (epoch = 65_535): Grid => uniformGrid(schema, { epoch, bits: 2, targetBits: 3 });
const own = (device: string) => ({ kind: "desired", audience: "device", group: "g", device }) as const;
const ofGroup = { kind: "desired", audience: "all", group: "g" } as const;
const birth = (session: number, ...grids: readonly Grid[]): Birth => ({
  session,
  startedAt: 1,
  schema,
  grids: grids.length > 0 ? grids : [uniformGrid(schema)],
  software: { name: "a", version: "1" },
});

function setUp(widths?: ThinOptions, known: (device: string) => boolean = (device) => device !== "stranger") {
  const clock = createVirtualClock(1_700_000_000_000);
  const sent: [Address, Desired][] = [];
  const broker = { acknowledges: true };
  const failures: unknown[] = [];
  const configurator = createConfigurator(
    {
      clock,
      topics: createTopics(),
      group: "g",
      link: {
        publish: async (address, _, message) => {
          sent.push([address, (typeof message === "function" ? message() : message) as Desired]);
          return broker.acknowledges;
        },
      },
      isKnown: (device) => known(device),
      mostUnknown: 2,
      failed: (error) => failures.push(error),
    },
    widths,
  );
  return { clock, sent, broker, failures, configurator };
}

describe("configurator", () => {
  it("tells a device of its thin grid a second after its birth, once", async () => {
    const { clock, sent, configurator } = setUp({ bits: 2, targetBits: 3 });
    configurator.born("a", birth(1));
    configurator.born("a", birth(1));
    configurator.born("stranger", birth(1));
    await clock.advance(999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([[own("a"), { version: 1_700_000_001, thin: thin() }]]);
    configurator.born("a", birth(1, thin(), uniformGrid(schema))); // it says so
    configurator.born("b", birth(1));
    await clock.advance(1000);
    configurator.born("b", birth(2)); // the broker tells it what it kept
    await clock.advance(1000);
    expect(sent.map(([address]) => address)).toEqual([own("a"), own("b")]);
    expect(clock.sleepers()).toBe(0);
  });

  it("takes an epoch that the session has not used, and leaves what else the device was told as it was", async () => {
    const { clock, sent, configurator } = setUp({ bits: 2, targetBits: 3 });
    configurator.follow(own("a"), { version: 1_900_000_000, batch: { rows: 9 } });
    configurator.born("a", birth(1, uniformGrid(schema, { epoch: 65_535, bits: 7 })));
    await clock.advance(1000);
    expect(sent).toEqual([[own("a"), { version: 1_900_000_001, batch: { rows: 9 }, thin: thin(65_534) }]]);
    const version = await configurator.configure({ device: "a", batch: { rows: 5 } });
    expect(sent.at(-1)).toEqual([own("a"), { version, batch: { rows: 5 }, thin: thin(65_534) }]);
    await configurator.configure({ batch: { rows: 4 } });
    expect(sent.at(-1)).toEqual([ofGroup, { version: version + 1, batch: { rows: 4 } }]);
  });

  it("knows what a broker tells before the birth: the grid and batch that it kept for the device stay", async () => {
    const born = new Set<string>();
    const { clock, sent, configurator } = setUp({ bits: 2, targetBits: 3 }, (device) => born.has(device));
    const grid = uniformGrid(schema, { epoch: 3, bits: 6 });
    configurator.follow(own("a"), { version: 1_900_000_000, grid, batch: { rows: 9 } });
    born.add("a");
    configurator.born("a", birth(1));
    await clock.advance(1000);
    expect(sent).toEqual([[own("a"), { version: 1_900_000_001, grid, batch: { rows: 9 }, thin: thin() }]]);
    for (const device of ["b", "c", "d"]) configurator.follow(own(device), { version: 1, batch: { rows: 2 } });
    expect(["b", "c", "d"].map((device) => configurator.kept(device) !== undefined)).toEqual([true, false, false]);
    born.add("d");
    configurator.follow(own("d"), { version: 1, batch: { rows: 2 } });
    expect(configurator.kept("d")).toEqual({ version: 1, batch: { rows: 2 } });
  });

  it("keeps every bound of frames that was said, as the broker keeps the last message alone", async () => {
    const { sent, configurator } = setUp();
    await configurator.configure({ device: "a", batch: { rows: 9, bytes: 100 } });
    await configurator.configure({ device: "a", grid: uniformGrid(schema, { epoch: 3 }) });
    await configurator.configure({ device: "a", batch: { rows: 5 } });
    expect(sent.map(([, { batch }]) => batch)).toEqual([
      { rows: 9, bytes: 100 },
      { rows: 9, bytes: 100 },
      { rows: 5, bytes: 100 },
    ]);
    expect(sent.at(-1)).toMatchObject([own("a"), { grid: { epoch: 3 } }]);
  });

  it("answers the next birth where the broker did not acknowledge", async () => {
    const { clock, sent, broker, configurator } = setUp({ bits: 2, targetBits: 3 });
    broker.acknowledges = false;
    for (let i = 0; i < 2; i++) {
      configurator.born("a", birth(1));
      await clock.advance(1000);
    }
    expect(sent).toHaveLength(2);
    await expect(configurator.configure({ batch: { rows: 4 } })).rejects.toMatchObject({ code: "offline" });
  });

  it("says nothing by itself where no thin grid is asked for, and nothing after its end", async () => {
    const silent = setUp();
    silent.configurator.born("a", birth(1));
    const stopped = setUp({ bits: 2, targetBits: 3 });
    stopped.configurator.born("a", birth(1));
    stopped.configurator.stop();
    for (const { clock, sent, failures } of [silent, stopped]) {
      await clock.advance(2000);
      expect([sent, failures, clock.sleepers()]).toEqual([[], [], 0]);
    }
  });

  it("names a grid for a full outbox where the caller gives one", async () => {
    const { sent, configurator } = setUp();
    await configurator.configure({ thin: thin(7) });
    expect(sent).toMatchObject([[ofGroup, { thin: { epoch: 7 } }]]);
    await expect(configurator.configure({ thin: { ...thin(7), epoch: -1 } })).rejects.toMatchObject({ code: "shape" });
    await expect(configurator.configure({ device: "a/b" })).rejects.toMatchObject({ code: "id" });
  });
});
