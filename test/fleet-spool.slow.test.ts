import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createQuantizer, createStream, decodeFrame, defineSchema, uniformGrid, unpackCodes } from "@zipml/codec";
import { openSpool } from "@zipml/device/spool";
import { createGateway } from "@zipml/gateway";
import { decodeMessage } from "@zipml/protocol";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { mqtt } from "@zipml/protocol/mqtt";
import { describe, expect, it } from "vitest";
import {
  climate,
  climateRow,
  group,
  pushRows,
  quickGateway,
  startDevice,
  storedFrames,
  topics,
  watchEvents,
  watchGateway,
} from "./fleet.ts";
import { numbered } from "./fleet-spool-numbers.ts";
import { root } from "./run.ts";

const program = join(root, "test/fleet-spool-program.ts");
const kills = 20;
const rowsPerRun = 1500;
/** Rows that the program pushes at once. */
const together = 30;

interface Run {
  readonly child: ChildProcess;
  /** Lets it begin. */
  go(line: string): void;
  readonly lines: string[];
  readonly errors: string[];
  /** Resolves when so many lines were printed, or when there come no more. */
  until(count: number): Promise<void>;
  readonly exited: Promise<number | null>;
}

function startRun(args: readonly string[]): Run {
  const child = spawn(process.execPath, ["--conditions=zipml-source", "--import", "tsx", program, ...args], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      reader.on("line", () => {
        if (lines.length >= count) resolve();
      });
      reader.once("close", () => resolve());
    });
  const exited = Promise.all([once(child, "exit"), once(reader, "close")]).then(([[code]]) => code as number | null);
  const go = (line: string): void => void child.stdin.write(`${line}\n`);
  return { child, go, lines, errors, until, exited };
}

/** Frames as the broker forwarded them, by session and sequence; one that came again with other bytes is noted. */
async function recordFrames(url: string) {
  const transport = mqtt({ url, protocol: "3.1.1" })({ clientId: "recorder" });
  const frames = new Map<string, Uint8Array>();
  const changed: string[] = [];
  const events = watchEvents(
    (async function* () {
      for await (const event of transport.events()) {
        if (event.type === "message") {
          const { session, sequence } = decodeFrame(event.payload);
          const key = `killed/${session}/${sequence}`;
          const before = frames.get(key);
          if (before !== undefined && Buffer.compare(before, event.payload) !== 0) changed.push(key);
          frames.set(key, event.payload);
        }
        yield event;
      }
    })(),
  );
  await events.next("online");
  await transport.subscribe(topics.gatewayFilters({ group, kinds: ["data"] }));
  return { transport, frames, changed };
}

const quantizer = createQuantizer(numbered.grid);

/** The numbers of the rows in a frame. */
function numbersIn(bytes: Uint8Array): number[] {
  const { rows, body } = decodeFrame(bytes);
  const means = new Float64Array(rows * 2);
  quantizer.meansInto(unpackCodes(body, rows, quantizer), means);
  for (let r = 0; r < rows; r++) expect(means[2 * r + 1]).toBe(means[2 * r]);
  return Array.from({ length: rows }, (_, r) => means[2 * r] ?? -1);
}

describe("fleet: a device on a spool", () => {
  it(`loses no accepted row and stores none twice over ${kills} times kill -9`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "zipml-spool-"));
    const hub = watchGateway(await createGateway({ ...quickGateway, broker: { port: 0 } }));
    const { gateway } = hub;
    await gateway.ready();
    const url = gateway.broker?.url ?? "";
    const recorder = await recordFrames(url);
    const { uniform } = createStream("fleet-spool");
    const accepted = new Set<number>();
    let runs = 0;
    let standby = startRun([url, folder]); // it loads its code while the one before it runs
    const run = (more: string): Run => {
      const next = standby;
      next.go(`${runs * rowsPerRun} ${more}`);
      runs += 1;
      standby = startRun([url, folder]);
      return next;
    };
    try {
      for (let kill = 0; kill < kills; kill++) {
        const { child, lines, until, exited } = run(String(rowsPerRun));
        // Some die while they start and recover, most after a number of rows and then some milliseconds: however fast
        // the disk is, they have come somewhere.
        if (kill % 5 === 4) await sleep(uniform() * 300);
        else await until(1 + Math.floor(uniform() * 240));
        await sleep(uniform() * 40);
        child.kill("SIGKILL");
        await exited;
        for (const line of lines.slice(1)) accepted.add(Number(line));
      }
      const last = run("30 finish");
      expect(await last.exited, last.errors.join("")).toBe(0);
      expect(last.lines.at(-1)).toBe("done");
      for (const line of last.lines.slice(1, -1)) accepted.add(Number(line));

      const keys = storedFrames(hub);
      expect(new Set(keys).size).toBe(keys.length);
      const stored = keys.flatMap((key) => numbersIn(recorder.frames.get(key) ?? new Uint8Array()));
      const unique = new Set(stored);
      expect(recorder.changed).toEqual([]);
      expect(unique.size).toBe(stored.length);
      expect([...accepted].filter((number) => !unique.has(number))).toEqual([]);
      expect(accepted.size).toBeGreaterThan(500);
      // a row whose push had not resolved yet may be there or not
      expect(stored.length - accepted.size).toBeLessThanOrEqual(kills * together);
      expect(gateway.status()).toMatchObject({ missing: 0, rows: { stored: stored.length } });
    } finally {
      standby.child.kill("SIGKILL");
      await standby.exited;
      await recorder.transport.close();
      await gateway.close();
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);

  it("sends what earlier sessions left as it was sealed, seals what they did not, and names both in birth", async () => {
    const folder = await mkdtemp(join(tmpdir(), "zipml-spool-"));
    const broker = createMemoryBroker();
    const batch = { rows: 8, milliseconds: 60_000 };
    try {
      broker.stop(); // nothing gets out of the first two sessions
      const first = startDevice("a", broker.connector(), {
        outbox: await openSpool({ directory: folder }),
        batch,
        grid: { bits: 3 },
      });
      await pushRows(first.device, 0, 20);
      expect(await first.device.close({ timeout: 10 })).toEqual({ rows: 0, frames: 3 });
      const second = await openSpool({ directory: folder });
      const session = second.nextSession;
      expect(session).toBe(first.device.session + 1);
      const other = climate.channels.map((channel) => ({ ...channel, range: [-20, 120] as const }));
      const grid = uniformGrid(defineSchema(other), { epoch: 7, bits: 6 });
      await second.note({ session, startedAt: 1_650_000_000_000, schema: defineSchema(other), grids: [grid] });
      for (let i = 0; i < 13; i++) {
        const { t, h } = climateRow(i);
        await second.append({ session, time: i * 1000, values: Float64Array.of(t, h) }); // and then it died
      }
      await second.close();

      broker.start();
      const transport = broker.connector()({ clientId: "watcher" });
      const seen = watchEvents(transport.events());
      await seen.next("online");
      await transport.subscribe(topics.gatewayFilters({ group }));
      const hub = watchGateway(await createGateway({ ...quickGateway, transport: broker.connector() }));
      await hub.gateway.ready();
      const third = startDevice("a", broker.connector(), {
        outbox: await openSpool({ directory: folder }),
        batch,
        grid: { bits: 8 },
      });
      expect(third.device.session).toBe(session + 1);
      await pushRows(third.device, 0, 8);
      await third.device.flush();
      expect(hub.gateway.status()).toMatchObject({ rows: { stored: 41 }, missing: 0, ingest: { duplicates: 0 } });
      const on = (kind: "birth" | "data") =>
        seen.seen.flatMap((event) =>
          event.type === "message" && topics.parse(event.topic)?.kind === kind ? [event.payload] : [],
        );
      const frames = on("data").map((payload) => decodeFrame(payload));
      const told = frames.map(({ session: id, sequence, grid: epoch, rows }) => [id, sequence, epoch, rows]);
      const [one] = told.at(0) ?? [];
      expect(told).toEqual([
        [one, 0, 0, 8],
        [one, 1, 0, 8],
        [one, 2, 0, 4],
        [session, 0, 7, 8],
        [session, 1, 7, 5],
        [session + 1, 0, 0, 8],
      ]);
      const birth = decodeMessage("birth", on("birth").at(0) ?? new Uint8Array());
      expect(birth.earlier).toMatchObject([
        { session: one, startedAt: first.device.startedAt, grids: [{ epoch: 0, channels: [{ bits: 3 }, {}] }] },
        { session, startedAt: 1_650_000_000_000, schema: { channels: other }, grids: [grid] },
      ]);
      expect(birth.earlier?.[0]).not.toHaveProperty("schema");
      const { device } = third;
      expect(await device.close()).toEqual({ rows: 0, frames: 0 });
      const empty = await openSpool({ directory: folder });
      expect(empty.usage()).toMatchObject({ rows: 0, frames: 0 });
      expect(empty.nextSession).toBe(session + 2);
      await empty.close();
      await transport.close();
      await hub.gateway.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
