import { createQuantizer, DeadBandError, decodeBody, decodeFrame, defineGrid, defineSchema } from "@zipml/codec";
import { createMemoryBroker, createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createDevice } from "../src/device.ts";
import { createGridBook } from "../src/grid-book.ts";
import { createIntake } from "../src/intake.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import type { DeviceOptions } from "../src/options.ts";
import type { SealedFrame } from "../src/outbox.ts";
import { resolved } from "./support.ts";

const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 10], role: "feature" },
  { name: "y", unit: "W", range: [0, 10], role: "target" },
]);
const rows = [
  { x: 1, y: 1 },
  { x: 1.4, y: 1.1 },
  { x: 1.6, y: 1.2 },
  { x: 1.2, y: 1.3 },
  { x: 1.05, y: 1.4 },
];
const told = [1, 1, 1.6, 1.6, 1.05];

function setUp(given: Partial<DeviceOptions> = {}) {
  const options = resolved({ schema, batch: { rows: 4096 }, grid: { coding: "exact" }, ...given });
  const frames: SealedFrame[] = [];
  const noticed: (readonly [told: number[], read: number[]])[] = [];
  const book = createGridBook(schema, options.grid);
  const intake = createIntake(options, book, options.clock.now(), {
    sealed: (frame) => frames.push(frame),
    stored: () => {},
    accepted: (sent, read) => noticed.push([[...sent], [...read]]),
    kept: () => undefined,
    mayReplace: () => false,
    failed: (error) => expect(error).toBeUndefined(),
  });
  const readings = (): number[] =>
    frames.flatMap(({ bytes }) => {
      const decoded = decodeBody(decodeFrame(bytes), createQuantizer(options.grid));
      return decoded.kind === "values" ? [...decoded.values] : [Number.NaN];
    });
  return { intake, readings, noticed };
}

describe("a device with a dead band", () => {
  it("sends what is told, and counts and keeps both", async () => {
    const { intake, readings, noticed } = setUp({ deadBand: { x: 0.5 } });
    for (const [i, row] of rows.entries()) await intake.push(row, i);
    await intake.seal();
    expect(readings()).toEqual(rows.flatMap(({ y }, i) => [told[i], y]));
    expect(intake.counts().held).toEqual({ x: 2, y: 0 });
    expect(noticed[1]).toEqual([
      [1, 1.1],
      [1.4, 1.1],
    ]);
  });

  it("counts channels of any name", async () => {
    const device = createDevice({
      id: "d",
      group: "g",
      schema: ["constructor", "y"].map((name) => ({ name, unit: "", range: [0, 9], role: "feature" }) as const),
      transport: createMemoryBroker({ clock: createVirtualClock(0) }).connector(),
      deadBand: { constructor: 1 },
    });
    for (const value of [1, 1.5, 1.9]) await device.push({ constructor: value, y: 1 });
    expect(device.status().held).toEqual({ constructor: 2, y: 0 });
    await device.close({ timeout: 0 });
  });

  it("goes by the order in which rows were pushed, also where nobody waits", async () => {
    const { intake, readings } = setUp({ deadBand: { x: { threshold: 0.5, resolution: 0.1 } } });
    await Promise.all(rows.map((row, i) => intake.push(row, i)));
    await intake.seal();
    expect(readings().filter((_, i) => i % 2 === 0)).toEqual([1, 1, 1.6, 1.6, 1.1]);
  });

  it("does not count a row that is refused, and still tells within the threshold after it", async () => {
    const { intake, noticed } = setUp({ deadBand: { x: 0.5 }, outbox: createMemoryOutbox({ capacity: 1000 }) });
    let refused = 0;
    for (let i = 0; i < 40; i++) await intake.push({ x: (i * 0.37) % 7, y: 0 }, i).catch(() => (refused += 1));
    await expect(intake.push({ x: Number.NaN, y: 0 }, 99)).rejects.toMatchObject({ code: "non-finite" });
    expect(refused).toBeGreaterThan(0);
    expect(intake.counts().held["x"]).toBe(noticed.filter(([[sent], [read]]) => sent !== read).length);
    for (const [[sent = 0], [read = 9]] of noticed) expect(Math.abs(sent - read)).toBeLessThanOrEqual(0.5);
  });

  it("changes nothing without one, or with a threshold of 0", async () => {
    for (const deadBand of [undefined, {}, { x: 0 }]) {
      const { intake, readings } = setUp(deadBand === undefined ? {} : { deadBand });
      for (const [i, row] of rows.entries()) await intake.push(row, i);
      await intake.seal();
      expect(readings()).toEqual(rows.flatMap(({ x, y }) => [x, y]));
      expect(intake.counts().held).toEqual({ x: 0, y: 0 });
    }
  });

  it("refuses before it connects what the codec refuses", () => {
    const broker = createMemoryBroker({ clock: createVirtualClock(0) });
    const base = { id: "d", group: "g", schema, transport: broker.connector() };
    expect(() => createDevice({ ...base, deadBand: { z: 1 } })).toThrow(DeadBandError);
    expect(() => createDevice({ ...base, deadBand: { x: -1 } })).toThrow(
      expect.objectContaining({ code: "threshold" }),
    );
    const grid = defineGrid(schema, {
      epoch: 0,
      scheme: "count",
      coding: "exact",
      channels: schema.channels.map(() => ({ bits: 4, samples: 1, levels: { kind: "uniform", low: 0, high: 10 } })),
    });
    const deadBand = { x: { threshold: 1, resolution: 3 } };
    expect(() => createDevice({ ...base, grid, deadBand })).toThrow(expect.objectContaining({ code: "resolution" }));
    expect(broker.clients()).toEqual([]);
  });
});
