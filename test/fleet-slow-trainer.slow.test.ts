import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryOutbox, type Device } from "@zipml/device";
import { openSpool } from "@zipml/device/spool";
import { type Engine, referenceEngine } from "@zipml/gateway/train";
import { describe, expect, it } from "vitest";
import { climateRow, storedFrames } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";

/** The reference engine, held before every epoch until it is let go. */
function pausedEngine(): { readonly engine: Engine; readonly held: () => number; readonly release: () => void } {
  const inner = referenceEngine();
  let held = 0;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const engine: Engine = {
    name: inner.name,
    supports: (estimator) => inner.supports(estimator),
    epoch: async (context) => {
      held += 1;
      await gate;
      await inner.epoch(context);
    },
  };
  return { engine, held: () => held, release };
}

/** Lets time pass, with turns for the disk, until something holds. */
async function pass(clock: { advance(milliseconds: number): Promise<void> }, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 3000 && !holds(); turn++) {
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(holds()).toBe(true);
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "zipml-slow-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const total = 1600;
const training = { minimum: 20, everyRows: 200, epochs: 2, step: 0.05 } as const;

/** Closes a device while time passes. */
async function closed(clock: { advance(milliseconds: number): Promise<void> }, device: Device): Promise<unknown> {
  let left: unknown;
  const closing = device.close().then((result) => {
    left = result;
  });
  await pass(clock, () => left !== undefined);
  await closing;
  return left;
}

describe("fleet: a trainer that stands still while readings flow (F20)", () => {
  it.each([
    { window: 100_000, trained: total },
    { window: 400, trained: 400 },
  ])(
    "keeps spool, store and log within their limits and trains on all of a window of $window afterwards",
    ({ window, trained }) =>
      withFolder(async (folder) => {
        const { clock, startGateway, device } = createClockwork();
        const paused = pausedEngine();
        const directory = join(folder, "gateway");
        const log = { segmentBytes: 2048 };
        const hub = await startGateway({ directory, log, training: { ...training, window, engine: paused.engine } });
        const capacity = 65_536;
        const outbox = await openSpool({ directory: join(folder, "spool"), capacity });
        const { device: agent } = device("a", { outbox });
        let mostQueued = 0;
        let mostHeld = 0;
        let mostLog = 0;
        for (let i = 0; i < total; i += 80) {
          const rows = Array.from({ length: 80 }, (_, r) => i + r);
          await Promise.all(rows.map((r) => agent.push(climateRow(r), { elapsed: r * 1000 })));
          mostQueued = Math.max(mostQueued, agent.status().queued.bytes);
          await pass(clock, () => hub.gateway.status().rows.stored >= i + 80);
          mostHeld = Math.max(mostHeld, hub.gateway.status().rows.held);
          mostLog = Math.max(mostLog, hub.gateway.status().log?.bytes ?? Number.POSITIVE_INFINITY);
        }
        // Training has begun and has not gone on; the stream has.
        expect([paused.held(), hub.gateway.model()]).toEqual([1, undefined]);
        expect(hub.gateway.status()).toMatchObject({
          rows: { held: trained, stored: total },
          ingest: { deferred: 0 },
          missing: 0,
        });
        expect(mostQueued).toBeLessThanOrEqual(capacity);
        expect(mostHeld).toBeLessThanOrEqual(window);
        // Segments that the window has left behind go although nobody trains.
        if (window < total) expect(mostLog).toBeLessThan(16 * log.segmentBytes);
        await pass(clock, () => agent.status().queued.frames === 0);
        expect(agent.status()).toMatchObject({ accepted: total, refused: {}, dropped: { rows: 0, frames: 0 } });
        paused.release();
        await hub.events.next("trained", ({ model }) => model.model.rows === trained);
        const { hash } = hub.gateway.model() ?? {};
        expect(await closed(clock, agent)).toEqual({ rows: 0, frames: 0 });
        await hub.gateway.close();
        // Not a row less or twice: a gateway whose trainer never stood still makes the same of what is on the disk.
        const again = await startGateway({ directory, training: { ...training, window, engine: referenceEngine() } });
        expect((await again.gateway.train()).hash).toBe(hash);
        expect(again.gateway.status()).toMatchObject({ rows: { held: trained, stored: total }, missing: 0 });
        await again.gateway.close();
      }),
  );

  it("does not receipt what the log has no room for; the full outbox refuses, and nothing accepted is lost", () =>
    withFolder(async (folder) => {
      const { clock, startGateway, device } = createClockwork();
      const paused = pausedEngine();
      const options = { directory: join(folder, "gateway"), log: { pendingBytes: 1 } }; // one record at a time
      const hub = await startGateway({ ...options, training: { ...training, engine: paused.engine } });
      const capacity = 3000;
      const { device: agent } = device("a", { outbox: createMemoryOutbox({ capacity }) });
      let refused = 0;
      for (let i = 0; i < total; ) {
        try {
          await agent.push(climateRow(i), { elapsed: i * 1000 });
          i += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: "outbox-full" });
          refused += 1;
          const { stored } = hub.gateway.status().ingest;
          await pass(clock, () => hub.gateway.status().ingest.stored > stored);
        }
        const { queued, receipted } = agent.status();
        expect(queued.bytes).toBeLessThanOrEqual(capacity);
        expect(receipted).toBeLessThanOrEqual(hub.gateway.status().ingest.stored);
      }
      expect(refused).toBeGreaterThan(5);
      expect(agent.status()).toMatchObject({ accepted: total, refused: { "outbox-full": refused } });
      await pass(clock, () => hub.gateway.status().rows.stored === total && agent.status().queued.frames === 0);
      expect(hub.gateway.status().ingest.deferred).toBeGreaterThan(0);
      expect(new Set(storedFrames(hub)).size).toBe(storedFrames(hub).length);
      expect([paused.held(), hub.gateway.model()]).toEqual([1, undefined]);
      paused.release();
      await hub.events.next("trained", ({ model }) => model.model.rows === total);
      expect(await closed(clock, agent)).toEqual({ rows: 0, frames: 0 });
      await hub.gateway.close();
    }));
});
