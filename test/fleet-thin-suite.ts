import { createQuantizer, decodeFrame, type Frame, uniformGrid, unpackCodes } from "@zipml/codec";
import { type Device, DeviceError, type Outbox } from "@zipml/device";
import { decodeMessage } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { climate, group, topics } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

const reading = { t: 13.7, h: 41.3 }; // on no level of either grid
const main = uniformGrid(climate, { bits: 6, targetBits: 6 });
const widths = { bits: 2, targetBits: 2 };
const thin = uniformGrid(climate, { ...widths, epoch: 65_535 });
const [mainCoder, thinCoder] = [main, thin].map((grid) => createQuantizer(grid));

/** Rows pushed without waiting for each other, so that they share what a disk costs. */
const wave = 60;

/** Pushes until a row is refused; resolves with how many were taken. */
async function fill(device: Device, from = 0, most = Number.POSITIVE_INFINITY): Promise<number> {
  let taken = 0;
  for (let time = from; taken < most; time += wave) {
    const rows = Array.from({ length: wave }, (_, i) => device.push(reading, { elapsed: time + i }));
    const outcomes = await Promise.allSettled(rows);
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    taken += wave - refused.length;
    for (const error of refused) if (!(error instanceof DeviceError && error.code === "outbox-full")) throw error;
    if (refused.length > 0) return taken;
  }
  return taken;
}

/** Lets time pass, for files too, until something holds. */
async function settle(clock: { advance(ms: number): Promise<void> }, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; !holds() && performance.now() < end; ) {
    await clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(holds()).toBe(true);
}

/** Closes while time passes. */
async function end(clock: { advance(ms: number): Promise<void> }, device: Device): Promise<void> {
  let closed = false;
  const closing = device.close({ timeout: 1000 }).finally(() => {
    closed = true;
  });
  await settle(clock, () => closed);
  await closing;
}

const kept = async (outbox: Outbox): Promise<Frame[]> =>
  (await outbox.frames(undefined, Number.POSITIVE_INFINITY)).map(({ bytes }) => decodeFrame(bytes));
const rowsOf = (frames: readonly Frame[]): number => frames.reduce((sum, { rows }) => sum + rows, 0);

/** How many standard errors the means of decoded readings lie from the readings: the largest of the channels. */
function farthest(frames: readonly Frame[], codesOf: (frame: Frame) => Uint16Array): number {
  const values: [number[], number[]] = [[], []];
  for (const frame of frames) {
    const means = new Float64Array(frame.rows * 2);
    thinCoder?.meansInto(codesOf(frame), means);
    for (const [i, mean] of means.entries()) values[i % 2 === 0 ? 0 : 1].push(mean);
  }
  const [t = 0, h = 0] = values.map((list, c) => {
    const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
    const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (list.length - 1);
    return Math.abs(mean - (c === 0 ? reading.t : reading.h)) / Math.sqrt(variance / list.length);
  });
  return Math.max(t, h);
}

const thinCodes = ({ body, rows }: Frame): Uint16Array =>
  thinCoder === undefined ? new Uint16Array() : unpackCodes(body, rows, thinCoder);
const mainCodes = ({ body, rows }: Frame): Uint16Array =>
  mainCoder === undefined ? new Uint16Array() : unpackCodes(body, rows, mainCoder);

/** A device that was told of the thin grid and then lost its broker. */
async function cutOff(outbox: Outbox, batch: number, options: { readonly keepExact?: number } = {}) {
  const works = createClockwork();
  const { clock, broker } = works;
  const hub = await works.startGateway({ grid: { thin: widths } });
  const [, { seen }] = await works.peer(
    (["reported"] as const).map((kind) => topics.build({ kind, group, device: "a" })),
  );
  const { device } = works.device("a", { outbox, grid: main, batch: { rows: batch }, ...options });
  await settle(clock, () => device.status().thin !== undefined);
  await clock.advance(1000);
  broker.stop();
  await clock.settle();
  const reported = seen.flatMap((event) =>
    event.type === "message" ? [decodeMessage("reported", event.payload)] : [],
  );
  const { session } = device;
  expect(reported).toMatchObject([{ session, status: "applied", grid: 0, thin: 65_535, from: 0 }]);
  return { ...works, hub, device };
}

/**
 * What the policy `thin` promises, of an outbox.
 *
 * @param open Makes one of this policy; with the same name, again the one that was closed before.
 * @param batch Rows of a frame.
 * @param isKept Whether it outlives the process.
 */
export function describeThinning(
  kind: string,
  open: (name: string) => Promise<Outbox>,
  batch: number,
  isKept: boolean,
): void {
  describe(`fleet: a full outbox that thins, ${kind}`, () => {
    it("takes more rows than one that refuses, loses none, and tells how many are coarser", async () => {
      const outbox = await open("plain");
      const { clock, broker, hub, device, peer } = await cutOff(outbox, batch);
      const taken = await fill(device);
      await settle(clock, () => device.status().queued.rows < batch);
      const { accepted, thinned, queued, dropped } = device.status();
      expect(accepted).toBe(taken);
      expect(thinned).toMatchObject({ again: 0, active: true });
      expect(thinned.rows).toBeGreaterThan(taken / 8);
      expect(queued.bytes).toBeLessThanOrEqual(queued.capacity);
      expect(dropped).toMatchObject({ rows: 0, frames: 0 });
      const frames = await kept(outbox);
      expect(rowsOf(frames.filter(({ grid }) => grid === thin.epoch))).toBe(thinned.rows);
      expect(frames.map(({ sequence }) => sequence)).toEqual(frames.map((_, i) => i));
      broker.start();
      const [, { seen }] = await peer([topics.build({ kind: "health", group, device: "a" })]);
      await settle(clock, () => hub.gateway.status().rows.stored === taken);
      expect(hub.gateway.status()).toMatchObject({ missing: 0, ingest: { bad: 0, unknownGrid: 0, unusable: 0 } });
      await settle(clock, () => !device.status().thinned.active); // empty: the grid in force holds again
      await clock.advance(60_000);
      const last = seen.at(-1);
      const told = device.status().thinned; // rows that waited went out thinned, too
      expect(told.rows - thinned.rows).toBeLessThan(batch);
      expect(last?.type === "message" && decodeMessage("health", last.payload).thinned).toEqual(told);
      await fill(device, 1e6, 60);
      await settle(clock, () => hub.gateway.status().rows.stored === taken + 60);
      expect(device.status().thinned).toEqual({ ...told, active: false });
      await end(clock, device);
      await hub.gateway.close();
    });

    it("sends thinned rows whose mean is the reading's, and cutting bits off codes would not", async () => {
      const outbox = await open("exact");
      const { clock, broker, hub, device } = await cutOff(outbox, batch, { keepExact: 1e9 });
      const first = await fill(device, 0, 4 * batch);
      const fine = await kept(outbox);
      expect(fine.every(({ grid }) => grid === 0)).toBe(true);
      const taken = first + (await fill(device, first));
      await settle(clock, () => device.status().queued.rows < batch);
      const { thinned } = device.status();
      expect(thinned.again).toBeGreaterThan(4);
      const frames = await kept(outbox);
      const coarse = frames.filter(({ grid }) => grid === thin.epoch);
      expect(rowsOf(coarse)).toBe(thinned.rows);
      expect(rowsOf(frames)).toBeGreaterThan(taken - batch);
      expect(farthest(coarse, thinCodes)).toBeLessThan(5);
      // The control: 4 of the 6 bits of each code cut off.
      const cut = (frame: Frame): Uint16Array => mainCodes(frame).map((code) => code >> 4);
      expect(farthest(fine, cut)).toBeGreaterThan(5);
      broker.start();
      await settle(clock, () => hub.gateway.status().rows.stored === taken);
      expect(hub.gateway.status()).toMatchObject({ missing: 0, ingest: { bad: 0, unknownGrid: 0, unusable: 0 } });
      await end(clock, device);
      await hub.gateway.close();
    });

    it.runIf(isKept)("thins after a restart without a connection, by the grid that it was told of before", async () => {
      const works = createClockwork();
      const { clock, broker } = works;
      const first = await cutOff(await open("restart"), batch);
      const before = await fill(first.device, 0, 60);
      await end(first.clock, first.device);
      await first.hub.gateway.close();
      broker.stop();
      const outbox = await open("restart");
      const { device } = works.device("a", { outbox, grid: main, batch: { rows: batch } });
      expect(device.status()).toMatchObject({ thin: 65_535, state: "offline" });
      const taken = await fill(device);
      expect(device.status().thinned.rows).toBeGreaterThan(taken / 8);
      broker.start();
      const hub = await works.startGateway({ grid: { thin: widths } });
      await settle(clock, () => hub.gateway.status().rows.stored === before + taken);
      expect(hub.gateway.status()).toMatchObject({ missing: 0, ingest: { bad: 0, unknownGrid: 0 } });
      await end(clock, device);
      await hub.gateway.close();
    });
  });
}
