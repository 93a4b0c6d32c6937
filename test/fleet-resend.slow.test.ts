import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Transport } from "@zipml/protocol";
import { describe, expect, it } from "vitest";
import { group, receiptsFor, storedFrames, topics } from "./fleet.ts";
import { createClockwork } from "./fleet-clockwork.ts";
import { rawBirth, rawFrame } from "./fleet-suite.ts";

const frames = 10_000;
const rows = 2;
const up = { qos: 1, retain: false } as const;
const kept = { qos: 1, retain: true } as const;
const at = (kind: "birth" | "data" | "receipt") => topics.build({ kind, group, device: "raw" });

/** The sequences in another order: each once, as 7,919 and their number have no divisor in common. */
const reordered = (sequences: readonly number[]): number[] =>
  sequences.map((_, i) => sequences[(i * 7919) % sequences.length] ?? 0);

describe("fleet: a storm of duplicates (F12)", () => {
  it("stores none of 10,000 frames twice that come again after minutes, and after a restart, and receipts them", async () => {
    const directory = await mkdtemp(join(tmpdir(), "zipml-resend-"));
    const { clock, broker, startGateway, peer } = createClockwork();
    const training = { minimum: 2, everyRows: 0, window: 1_000_000, solver: "closed-form" } as const;
    const sequences = Array.from({ length: frames }, (_, i) => i);
    const payloads = sequences.map((sequence) => rawFrame(7, sequence, rows));
    const [transport, watched] = await peer([at("receipt")]);
    await transport.publish(at("birth"), rawBirth(7), kept);
    const send = async (to: Transport, order: readonly number[]): Promise<void> => {
      for (let i = 0; i < order.length; i += 500) {
        const some = order.slice(i, i + 500);
        await Promise.all(some.map((each) => to.publish(at("data"), payloads[each] ?? new Uint8Array(), up)));
        await clock.settle(); // events are bounded: who reads them gets a turn
      }
    };
    try {
      const first = await startGateway({ directory, training });
      for (let i = 0; i < frames; i += 500) {
        await send(transport, sequences.slice(i, i + 500));
        await first.events.until("stored", () => first.gateway.status().ingest.stored >= i + 500);
      }
      expect(first.gateway.status().ingest).toMatchObject({ stored: frames, duplicates: 0 });
      await clock.advance(1000);
      expect(receiptsFor("raw", watched.seen).at(-1)).toEqual({ session: 7, floor: frames, ranges: [] });
      const { hash } = await first.gateway.train();

      for (const [round, order] of [sequences, reordered(sequences)].entries()) {
        await clock.advance(121_000 * (round + 1));
        const told = receiptsFor("raw", watched.seen).length;
        await send(transport, order);
        await clock.advance(1000);
        expect(first.gateway.status().ingest).toMatchObject({ stored: frames, duplicates: frames * (round + 1) });
        expect(receiptsFor("raw", watched.seen).length).toBeGreaterThan(told);
        expect(receiptsFor("raw", watched.seen).at(-1)).toEqual({ session: 7, floor: frames, ranges: [] });
      }
      expect(new Set(storedFrames(first)).size).toBe(frames);
      expect(storedFrames(first)).toHaveLength(frames);
      expect(first.gateway.status()).toMatchObject({
        rows: { held: frames * rows, stored: frames * rows },
        ingest: { bad: 0, deferred: 0, unusable: 0 },
        missing: 0,
      });
      expect((await first.gateway.train()).hash).toBe(hash);
      await first.gateway.close();

      const second = await startGateway({ directory, training });
      await clock.advance(121_000);
      const told = receiptsFor("raw", watched.seen).length;
      await send(transport, reordered(sequences));
      await clock.advance(1000);
      expect(second.gateway.status()).toMatchObject({
        rows: { held: frames * rows, stored: frames * rows },
        ingest: { stored: 0, duplicates: frames },
      });
      expect(receiptsFor("raw", watched.seen).length).toBeGreaterThan(told);
      expect((await second.gateway.train()).hash).toBe(hash);

      // What is new is not taken for a duplicate: the next sequence, and the same one of another session.
      await transport.publish(at("birth"), rawBirth(8, 2000), kept);
      await transport.publish(at("data"), rawFrame(7, frames, rows), up);
      await transport.publish(at("data"), rawFrame(8, 0, rows), up);
      await second.events.until("two more", () => second.gateway.status().ingest.stored === 2);
      expect(second.gateway.status().rows.stored).toBe((frames + 2) * rows);
      expect((await second.gateway.train()).hash).not.toBe(hash);
      await second.gateway.close();
      await transport.close();
      expect(broker.clients()).toEqual([]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);
});
