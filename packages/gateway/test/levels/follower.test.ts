import { defineSchema, type Grid, uniformGrid } from "@zipml/codec";
import { encodeCounts } from "@zipml/codec/levels";
import type { Birth, Desired, Health } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createGroupTask } from "../../src/ingest/group-task.ts";
import { createRegistry } from "../../src/ingest/registry.ts";
import { createLevelFollower } from "../../src/levels/follower.ts";
import type { NewLevels } from "../../src/levels/options.ts";
import { limitsOf } from "../ingest/limits.ts";
import { healthOf } from "../log/plant.ts";

const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 255], role: "feature" },
  { name: "z", unit: "V", range: [0, 255], role: "feature" },
  { name: "y", unit: "W", range: [0, 10], role: "target" },
]);
const alien = defineSchema([...schema.channels, { name: "w", unit: "V", range: [0, 1], role: "feature" }]);
const birth = (session: number, grids: readonly Grid[] = [uniformGrid(schema)], of = schema): Birth => ({
  session,
  startedAt: session,
  schema: of,
  grids,
  software: { name: "a", version: "1" },
});

/** Counts of 2,000 readings around a bin. */
const around = (bin: number): number[] =>
  Array.from({ length: 256 }, (_, i) => Math.round(200 * Math.exp(-(((i - bin) / 4) ** 2) / 2)));

/** Health of a session with a window in it. */
const health = (session: number, window: number, counts: readonly number[], channel = "x"): Health => ({
  ...healthOf(session, []),
  histogram: { channel, window, bins: counts.length, below: 0, above: 0, counts: encodeCounts(counts) },
});

function setUp(task: { readonly features?: readonly string[]; readonly target?: string } = {}) {
  const clock = createVirtualClock(1_700_000_000_000);
  const registry = createRegistry(limitsOf({ devices: 200, grids: 100, deviceBytes: 1e7, gridBytes: 1e8 }));
  const groupTask = createGroupTask(task, () => undefined);
  const kept = new Map<string, Desired>();
  const published: { readonly epoch: number; readonly channels: readonly NewLevels[] }[] = [];
  const sent: { readonly device: string | undefined; readonly grid: Grid }[] = [];
  const refused: string[] = [];
  const failures: unknown[] = [];
  const broker = { acknowledges: true };
  let version = 0;
  const ports = {
    clock,
    registry,
    task: () => groupTask.task,
    published: (epoch: number, channels: readonly NewLevels[]) => published.push({ epoch, channels }),
    refused: (device: string) => refused.push(device),
    failed: (error: unknown) => failures.push(error),
    configurator: {
      kept: (device = "") => kept.get(device),
      regrid: async (device: string | undefined, grid: Grid) => {
        if (!broker.acknowledges) return undefined;
        version = Math.max(version + 1, Math.floor(clock.now() / 1000));
        kept.set(device ?? "", { version, grid });
        sent.push({ device, grid });
        return version;
      },
    },
  };
  const options = { follow: true, share: 0.1, minimum: 1000, everySeconds: 60, bytes: 1e6 };
  const follower = createLevelFollower(ports, options);
  const born = (id: string, message: Birth): void => {
    const device = registry.open(id);
    if (device === undefined) return;
    const session = registry.openSession(device, message.session, message.startedAt);
    for (const grid of message.grids) {
      const decoder = groupTask.decoder(message.schema, grid);
      if (!("reason" in decoder)) registry.learn(device, session, decoder);
    }
    follower.born(id, message);
  };
  const answer = (id: string, status: "applied" | "refused"): void => {
    const grid = sent.at(-1)?.grid.epoch ?? 0;
    const said = status === "applied" ? { status, from: 0, grid } : { status, reason: "no" };
    follower.reported(id, { session: 1, version, ...said } as never);
  };
  return { clock, registry, kept, published, sent, refused, failures, broker, follower, born, answer };
}

describe("a level follower", () => {
  it("publishes levels for what came from all devices together, of the channels that gain", async () => {
    const { clock, published, sent, follower, born, failures } = setUp();
    born("a", birth(1));
    born("b", birth(2));
    follower.health("a", health(1, 1, around(40)));
    follower.health("b", health(2, 1, around(200)));
    follower.health("b", health(2, 2, new Array(256).fill(8), "z")); // evenly spread: nothing to gain
    await clock.advance(999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toMatchObject([
      { device: undefined, grid: { epoch: 1, channels: [{ levels: { kind: "points" } }, {}, {}] } },
    ]);
    const channels = sent[0]?.grid.channels ?? [];
    expect(channels.slice(1)).toEqual(uniformGrid(schema).channels.slice(1));
    const points = channels[0]?.levels.kind === "points" ? channels[0].levels.points : [];
    expect(points).toHaveLength(8);
    expect([points[0], points.at(-1)]).toEqual([0, 255]);
    expect(points.filter((at) => Math.abs(at - 40) < 20).length).toBeGreaterThanOrEqual(2);
    expect(points.filter((at) => Math.abs(at - 200) < 20).length).toBeGreaterThanOrEqual(2);
    expect(published).toMatchObject([{ epoch: 1, channels: [{ channel: "x", clipped: 0 }] }]);
    const [x] = published[0]?.channels ?? [];
    expect(x?.readings).toBe(2 * around(40).reduce((sum, count) => sum + count, 0));
    expect(x?.newVariance).toBeLessThan((x?.presentVariance ?? 0) / 2);
    await clock.advance(600_000);
    expect(sent).toHaveLength(1);
    expect([failures, clock.sleepers()]).toEqual([[], 0]);
  });

  it("counts each window once, whatever a broker repeats, and nothing of another session", async () => {
    const { clock, sent, follower, born } = setUp();
    born("a", birth(1));
    const few = around(40).map((count) => Math.floor(count / 3)); // fewer than decide
    for (let i = 0; i < 5; i++) follower.health("a", health(1, 1, few));
    follower.health("a", health(9, 1, around(40)));
    follower.health("stranger", health(1, 1, around(40)));
    follower.health("a", health(1, 2, around(40), "y")); // a target
    follower.health("a", health(1, 2, around(40), "unknown"));
    await clock.advance(10_000);
    expect(sent).toEqual([]);
    expect(follower.status()).toMatchObject({ windows: 1, epoch: undefined });
  });

  it("misses nothing of the group where a device makes up channels without end", async () => {
    const { clock, sent, follower, born, failures } = setUp();
    born("a", birth(1));
    for (let session = 1; session <= 3; session++) {
      const made = Array.from({ length: 400 }, (_, i) => `${session}-${i}`);
      const extra = made.map((name) => ({ name, unit: "", range: [0, 1], role: "feature" }) as const);
      const own = defineSchema([...schema.channels, ...extra]);
      born("b", birth(session, [uniformGrid(own)], own));
      for (const name of made) follower.health("b", health(session, session, [1, 1], name));
    }
    expect(follower.status().windows).toBeGreaterThan(100);
    follower.health("a", health(1, 1, around(40)));
    await clock.advance(1000);
    expect(sent.map(({ device, grid }) => [device, grid.channels[0]?.levels.kind])).toEqual([["a", "points"]]);
    expect([failures, clock.sleepers()]).toEqual([[], 0]);
  });

  it("keeps the time between two grids, and judges by what it asked for", async () => {
    const { clock, sent, follower, born } = setUp();
    born("a", birth(1));
    follower.health("a", health(1, 1, around(40)));
    await clock.advance(1000);
    follower.health("a", health(1, 2, around(40))); // the same again: the device need not have the grid yet
    await clock.advance(100_000);
    expect(sent).toHaveLength(1);
    follower.health("a", health(1, 3, around(100)));
    await clock.advance(1000);
    expect(sent.map(({ grid }) => grid.epoch)).toEqual([1, 2]);
    follower.health("a", health(1, 4, around(220)));
    await clock.advance(59_000);
    expect(sent).toHaveLength(2);
    await clock.advance(1000);
    expect(sent.map(({ grid }) => grid.epoch)).toEqual([1, 2, 3]);
  });

  it("tells devices one by one where others are in the group, or where one has a grid of its own", async () => {
    const mixed = setUp();
    mixed.born("a", birth(1));
    mixed.born("b", birth(2));
    mixed.born("c", birth(3, [uniformGrid(alien)], alien));
    mixed.follower.health("a", health(1, 1, around(40)));
    mixed.follower.health("c", health(3, 1, around(200)));
    await mixed.clock.advance(1000);
    expect(mixed.sent.map(({ device }) => device)).toEqual(["a", "b"]);
    expect(mixed.published[0]?.channels[0]?.readings).toBeLessThan(2100); // what c counted is not in it

    const own = setUp();
    own.born("a", birth(1));
    own.born("b", birth(2, [uniformGrid(schema, { epoch: 3 })]));
    own.kept.set("b", { version: 5, grid: uniformGrid(schema, { epoch: 3 }) });
    own.follower.health("a", health(1, 1, around(40)));
    await own.clock.advance(1000);
    expect(own.sent.map(({ device, grid }) => [device, grid.epoch])).toEqual([
      [undefined, 4],
      ["b", 4],
    ]);
  });

  it("asks once more, under another epoch, where a device had used it, and no third time", async () => {
    const { clock, sent, follower, born, answer } = setUp();
    born("a", birth(1));
    follower.health("a", health(1, 1, around(40)));
    await clock.advance(1000);
    for (let i = 0; i < 3; i++) {
      born("a", birth(1, [uniformGrid(schema, { epoch: sent.length, bits: 7 }), uniformGrid(schema)]));
      answer("a", "refused");
      await clock.advance(1_000_000);
    }
    expect(sent.map(({ grid }) => grid.epoch)).toEqual([1, 2]);
    expect(sent[1]?.grid.channels).toEqual(sent[0]?.grid.channels);
    expect(follower.status()).toMatchObject({ epoch: 2, applied: 0, refused: 1 });
  });

  it("does not ask again for what is refused, and waits longer for other levels", async () => {
    const { clock, sent, follower, born, answer } = setUp();
    born("a", birth(1));
    follower.health("a", health(1, 1, around(40)));
    await clock.advance(1000);
    answer("a", "refused");
    for (let window = 2; window < 10; window++) {
      follower.health("a", health(1, window, around(40)));
      await clock.advance(60_000);
    }
    expect(sent).toHaveLength(1);
    follower.health("a", health(1, 10, around(100)));
    await clock.advance(1000);
    answer("a", "refused");
    follower.health("a", health(1, 11, around(200)));
    await clock.advance(200_000);
    expect(sent).toHaveLength(2);
    await clock.advance(60_000); // four times the usual
    expect(sent).toHaveLength(3);
  });

  it("keeps the pace over a restart, and goes on with the epochs that a broker kept", async () => {
    const { clock, kept, sent, follower, born } = setUp();
    const version = 1_700_000_000 - 30;
    kept.set("", { version, grid: uniformGrid(schema, { epoch: 17 }) });
    born("a", birth(1));
    follower.health("a", health(1, 1, around(40)));
    await clock.advance(29_000);
    expect(sent).toEqual([]);
    await clock.advance(1000);
    expect(sent.map(({ grid }) => grid.epoch)).toEqual([18]);
  });

  it("keeps the pace over a restart where devices were told one by one, whatever their number", async () => {
    const { clock, kept, sent, follower, born, failures } = setUp();
    const version = 1_700_000_000 - 30;
    // As many as have versions that run ahead of the clock.
    const devices = Array.from({ length: 150 }, (_, i) => `d${i}`);
    for (const [i, device] of devices.entries()) {
      kept.set(device, { version: version + i, grid: uniformGrid(schema, { epoch: 17 }) });
      born(device, birth(1, [uniformGrid(schema, { epoch: 17 })]));
    }
    born("other", birth(3, [uniformGrid(alien)], alien));
    follower.health("d0", health(1, 1, around(40)));
    await clock.advance(29_000);
    expect(sent).toEqual([]);
    await clock.advance(1000);
    expect(failures).toEqual([]);
    expect(sent.map(({ device, grid }) => [device, grid.epoch])).toEqual(devices.map((device) => [device, 18]));
  });

  it("takes it up with the next counts where the broker did not acknowledge", async () => {
    const { clock, sent, broker, follower, born, published } = setUp();
    broker.acknowledges = false;
    born("a", birth(1));
    follower.health("a", health(1, 1, around(40)));
    await clock.advance(10_000);
    expect([published, clock.sleepers()]).toEqual([[], 0]);
    broker.acknowledges = true;
    follower.health("a", health(1, 2, around(40)));
    await clock.advance(1000);
    expect(sent.map(({ grid }) => grid.epoch)).toEqual([2]); // the first may have arrived all the same
  });

  it("leaves the levels of what is trained for, and of a grid with a dither", async () => {
    const target = setUp({ features: ["z"], target: "x" });
    target.born("a", birth(1));
    target.follower.health("a", health(1, 1, around(40)));
    const dither = setUp();
    dither.born("a", birth(1, [uniformGrid(schema, { scheme: "dither" })]));
    dither.follower.health("a", health(1, 1, around(40)));
    for (const { clock, sent, failures } of [target, dither]) {
      await clock.advance(10_000);
      expect([sent, failures]).toEqual([[], []]);
    }
  });

  it("tells of counts that are none, and says nothing after its end", async () => {
    const { clock, sent, refused, follower, born } = setUp();
    born("a", birth(1));
    const bad = health(1, 1, around(40));
    follower.health("a", { ...bad, histogram: { ...bad.histogram, counts: Uint8Array.of(1) } } as Health);
    expect(refused).toEqual(["a"]);
    follower.health("a", health(1, 1, around(40)));
    follower.stop();
    await clock.advance(10_000);
    expect([sent, clock.sleepers()]).toEqual([[], 0]);
    follower.health("a", health(1, 2, around(40)));
    expect(clock.sleepers()).toBe(0);
  });
});
