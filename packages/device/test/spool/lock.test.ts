import { describe, expect, it } from "vitest";
import { lockFolder, type Processes, type ProcessId, systemProcesses } from "../../src/spool/lock.ts";
import { createMemoryDisk, type MemoryDisk } from "./memory-disk.ts";

const clock = { now: () => 0, sleep: async () => undefined };

/** Processes of which those in the set run. */
const processesOf = (running: Set<string>, self: ProcessId): Processes => ({
  self: async () => self,
  isRunning: async ({ pid, started }) => running.has(`${pid}/${started}`),
});

const lockOn = (disk: MemoryDisk, running: Set<string>, pid: number, started = "a") =>
  lockFolder(disk.files, "/spool", processesOf(running, { pid, started }), clock);

const put = async (disk: MemoryDisk, name: string, text: string) => {
  const file = await disk.files.open(`/spool/${name}`, "w");
  const bytes = new TextEncoder().encode(text);
  await file.write(bytes, 0, bytes.length, 0);
};

describe("lock", () => {
  it("is held by one, given back, and taken again", async () => {
    const disk = createMemoryDisk();
    const running = new Set(["1/a", "2/a"]);
    const lock = await lockOn(disk, running, 1);
    await expect(lockOn(disk, running, 2)).rejects.toMatchObject({ code: "locked", file: "/spool" });
    await expect(lockOn(disk, running, 1)).rejects.toMatchObject({ code: "locked" });
    await lock.release();
    await lock.release();
    await (await lockOn(disk, running, 2)).release();
    expect([...disk.image().keys()]).toEqual([]);
  });

  it("is taken over from a process that has gone, also where another has its number now", async () => {
    const disk = createMemoryDisk();
    const running = new Set(["1/later", "2/a"]);
    await put(disk, "lock", '{"pid":1,"started":"earlier"}');
    await lockOn(disk, running, 1, "later");
    expect([...disk.image().keys()]).toEqual(["lock"]);
    await expect(lockOn(disk, running, 2)).rejects.toMatchObject({ code: "locked" });
  });

  it("counts for nothing where a power loss left it without a name", async () => {
    for (const text of ["", '{"pid":', "{}", "null", '{"pid":"x","started":1}']) {
      const disk = createMemoryDisk();
      await put(disk, "lock", text);
      await put(disk, "lock.claim.7.1", text);
      await lockOn(disk, new Set(["2/a"]), 2);
      expect([...disk.image().keys()]).toEqual(["lock"]);
    }
  });

  it("goes to at most one of many that find it stale at once", async () => {
    let winners = 0;
    for (let round = 0; round < 50; round++) {
      const disk = createMemoryDisk();
      const running = new Set(Array.from({ length: 5 }, (_, i) => `${10 + i}/a`));
      await put(disk, "lock", '{"pid":1,"started":"a"}');
      const delayed = async (i: number) => {
        for (let turn = 0; turn < (round * (i + 1)) % 23; turn++) await Promise.resolve();
        return lockOn(disk, running, 10 + i);
      };
      const results = await Promise.allSettled([0, 1, 2, 3, 4].map(delayed));
      const won = results.filter(({ status }) => status === "fulfilled");
      for (const result of results)
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "locked" });
      expect(won.length).toBeLessThanOrEqual(1);
      winners += won.length;
      if (won.length === 0) await lockOn(disk, running, 99); // nobody has it: the next one gets it
    }
    expect(winners).toBeGreaterThan(0);
  });

  it("knows which processes of this machine run", async () => {
    const processes = systemProcesses();
    const self = await processes.self();
    expect(self.pid).toBe(process.pid);
    expect(await processes.isRunning(self)).toBe(true);
    expect(await processes.isRunning({ pid: 2 ** 22 + 1, started: "" })).toBe(false);
    if (self.started !== "") expect(await processes.isRunning({ ...self, started: `${self.started}0` })).toBe(false);
  });
});
