import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSpool, type Spool } from "../../src/spool/spool.ts";
import { frameOf, rowOf, rowsIn, seeded } from "./support.ts";

const writer = join(import.meta.dirname, "writer.ts");

interface Writer {
  readonly child: ChildProcess;
  readonly lines: AsyncIterator<string>;
}

function start(folder: string, first: number): Writer {
  const child = spawn(
    process.execPath,
    ["--conditions=zipml-source", "--import", "tsx", writer, folder, String(first)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  if (child.stdout === null) throw new Error("no output to read");
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

const next = async ({ lines }: Writer): Promise<string | undefined> => {
  const { value, done } = await lines.next();
  return done === true ? undefined : value;
};

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "spool-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** What was answered, and what may have gone. */
interface Answers {
  readonly rows: Set<number>;
  readonly frames: Map<string, readonly number[]>;
  readonly released: Map<number, number>;
}

function take(line: string, { rows, frames, released }: Answers): void {
  const [what = "", id = "", ids = ""] = line.split(" ");
  if (what === "row") rows.add(Number(id));
  if (what === "frame") frames.set(id, ids.split(",").map(Number));
  if (what === "release") {
    const [session = 0, sequence = 0] = id.split("/").map(Number);
    released.set(session, Math.max(sequence, released.get(session) ?? -1));
  }
}

async function verify(spool: Spool, answers: Answers): Promise<number> {
  const waiting = (await spool.unsealed(99_999)).map(({ time }) => time);
  const frames = await spool.frames(undefined, 99_999);
  const all = [...frames.flatMap(rowsIn), ...waiting];
  expect(all).toEqual([...new Set(all)].sort((a, b) => a - b));
  const kept = new Set(all);
  const byId = new Map(frames.map((frame) => [`${frame.session}/${frame.sequence}`, rowsIn(frame)]));
  const away = new Set<number>();
  for (const [id, ids] of answers.frames) {
    const [session = 0, sequence = 0] = id.split("/").map(Number);
    if (sequence <= (answers.released.get(session) ?? -1)) for (const row of ids) away.add(row);
    else expect(byId.get(id)).toEqual(ids);
  }
  for (const id of answers.rows) if (!kept.has(id)) expect(away.has(id)).toBe(true);
  expect(spool.damage().filter(({ reason }) => reason !== "torn")).toEqual([]);
  expect(spool.lost()).toEqual({ rows: 0, frames: 0 });
  return Math.max(-1, ...all);
}

describe("spool of a real process", () => {
  it("holds every row that was accepted, through 20 × kill -9", async () => {
    const random = seeded(20);
    const answers: Answers = { rows: new Set(), frames: new Map(), released: new Map() };
    let highest = -1;
    for (let kill = 0; kill < 20; kill++) {
      const device = start(folder, Math.max(highest, ...answers.rows) + 1);
      expect(await next(device)).toBe(`open ${kill}`);
      const ended = once(device.child, "exit");
      setTimeout(() => device.child.kill("SIGKILL"), 5 + random() * 150);
      for (let line = await next(device); line !== undefined; line = await next(device)) take(line, answers);
      await ended;
      const spool = await openSpool({ directory: folder });
      highest = Math.max(highest, await verify(spool, answers));
      expect(spool.nextSession).toBe(kill + 1);
      await spool.close();
    }
    console.log(
      `kill -9 × 20: ${answers.rows.size} rows and ${answers.frames.size} frames answered, none lost, none twice`,
    );
    expect(answers.rows.size).toBeGreaterThan(200);
  }, 120_000);

  it("is open in one process at a time, and free again when that one is killed", async () => {
    const first = start(folder, 0);
    expect(await next(first)).toBe("open 0");
    const read = (async () => {
      while ((await next(first)) !== undefined);
    })();
    await expect(openSpool({ directory: folder })).rejects.toMatchObject({ code: "locked" });
    const second = start(folder, 0);
    expect(await next(second)).toBe("error locked");
    const ended = once(first.child, "exit");
    first.child.kill("SIGKILL");
    await Promise.all([ended, read]);
    const spool = await openSpool({ directory: folder });
    await expect(openSpool({ directory: folder })).rejects.toMatchObject({ code: "locked" });
    await spool.close();
    await (await openSpool({ directory: folder })).close();
  }, 60_000);
});

/** A small file system of its own, where this machine lets one be mounted. */
function mountSmall(at: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", at], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("spool on a real disk that is full", () => {
  it("refuses rows, keeps those it has, and goes on when there is room", async ({ skip }) => {
    if (!mountSmall(folder)) skip("nothing can be mounted here");
    try {
      let spool = await openSpool({ directory: folder, segmentBytes: 16_384 });
      let taken = 0;
      const fill = async () => {
        for (;;) {
          await spool.append(rowOf(taken));
          taken += 1;
        }
      };
      await expect(fill()).rejects.toMatchObject({ code: "disk" });
      expect(taken).toBeGreaterThan(500);
      await spool.close();
      execFileSync("mount", ["-o", "remount,size=1m", folder]);
      spool = await openSpool({ directory: folder, segmentBytes: 16_384 });
      expect((await spool.unsealed(9999)).map(({ time }) => time)).toEqual(Array.from({ length: taken }, (_, i) => i));
      await spool.seal(frameOf(0, []));
      await spool.append(rowOf(taken));
      await spool.close();
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  it("measures rows a second", async () => {
    const spool = await openSpool({ directory: folder });
    const rows = 20_000;
    const started = performance.now();
    for (let id = 0; id < rows; id += 200)
      await Promise.all(Array.from({ length: 200 }, (_, i) => spool.append(rowOf(id + i))));
    const grouped = (rows / (performance.now() - started)) * 1000;
    const single = performance.now();
    for (let id = 0; id < 100; id++) await spool.append(rowOf(rows + id));
    const alone = (100 / (performance.now() - single)) * 1000;
    console.log(`spool: ${grouped.toFixed(0)} rows/s by groups of 200, ${alone.toFixed(0)} rows/s one by one`);
    await spool.close();
  });
});
