import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@zipml/protocol";
import { diskError, SpoolError, systemCode } from "./errors.ts";
import { fileMode, readWhole, type SpoolFiles, writeAll } from "./files.ts";

/** A process, told apart from others that had or will have its number. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in whatever form the system says so; empty where it doesn't. */
  readonly started: string;
}

/** What the lock asks the system about processes. */
export interface Processes {
  self(): Promise<ProcessId>;
  isRunning(process: ProcessId): Promise<boolean>;
}

/** State and start of a process in a system's /proc, or undefined where there is none. */
async function processFacts(pid: number): Promise<{ readonly state: string; readonly started: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim();
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before it may hold anything
    return { state: fields[0] ?? "", started: `${boot}/${fields[19] ?? ""}` };
  } catch {
    return undefined; // no such system, or no such process
  }
}

function hasNumber(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH"; // EPERM: it runs under another user
  }
}

/** The processes of this machine. */
export function systemProcesses(): Processes {
  return {
    self: async () => ({ pid: process.pid, started: (await processFacts(process.pid))?.started ?? "" }),
    isRunning: async ({ pid, started }) => {
      if (!hasNumber(pid)) return false;
      const facts = await processFacts(pid);
      if (facts === undefined || started === "") return true;
      return facts.started === started && facts.state !== "Z" && facts.state !== "X";
    },
  };
}

/** A spool's lock, held. */
export interface Lock {
  /** Gives it back; idempotent. */
  release(): Promise<void>;
}

const name = "lock";
const claimPrefix = "lock.claim.";
/** How long a lock without content may be in the making. */
const patience = 200;

/** The owner that a lock names, or undefined where it names none: in the making, or torn by power loss. */
async function ownerOf(files: SpoolFiles, path: string): Promise<ProcessId | undefined | "absent"> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(await readWhole(files, path)));
    if (typeof parsed !== "object" || parsed === null || !("pid" in parsed) || !("started" in parsed)) return undefined;
    const { pid, started } = parsed;
    return Number.isInteger(pid) && typeof pid === "number" && typeof started === "string"
      ? { pid, started }
      : undefined;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "absent";
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function create(files: SpoolFiles, path: string, owner: ProcessId): Promise<boolean> {
  try {
    const file = await files.open(path, "wx", fileMode);
    try {
      await writeAll(file, new TextEncoder().encode(JSON.stringify(owner)), 0);
    } catch (error) {
      await remove(files, path); // nobody's name is in it
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function remove(files: SpoolFiles, path: string): Promise<void> {
  await files.unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
  });
}

/**
 * Locks a folder for this process by a file that is created exclusively and names its owner. A lock whose owner has
 * gone is taken over: whoever would do so first puts down a claim, and goes on only if nobody else's is there, so that
 * of two that saw the same stale lock none deletes the fresh one of the other.
 *
 * It holds among the processes of one machine that see each other's numbers.
 *
 * @throws {@link SpoolError} with code `locked` or `disk`.
 */
export async function lockFolder(files: SpoolFiles, folder: string, processes: Processes, clock: Clock): Promise<Lock> {
  const path = join(folder, name);
  const self = await processes.self();
  /** Whether a lock or claim has no owner that runs. One without a name may be in the making, but not for long. */
  const isStale = async (file: string): Promise<boolean> => {
    let owner = await ownerOf(files, file);
    if (owner === undefined) {
      await clock.sleep(patience);
      owner = await ownerOf(files, file);
    }
    return owner === "absent" || owner === undefined || !(await processes.isRunning(owner));
  };
  const takeOver = async (): Promise<boolean> => {
    const claim = `${claimPrefix}${self.pid}.${process.hrtime.bigint()}`;
    if (!(await create(files, join(folder, claim), self))) return false;
    try {
      for (const other of (await files.readdir(folder)).filter(
        (file) => file.startsWith(claimPrefix) && file !== claim,
      )) {
        if (!(await isStale(join(folder, other)))) return false;
        await remove(files, join(folder, other));
      }
      if (!(await isStale(path))) return false;
      await remove(files, path);
      return await create(files, path, self);
    } finally {
      await remove(files, join(folder, claim));
    }
  };
  try {
    const isOurs = (await create(files, path, self)) || ((await isStale(path)) && (await takeOver()));
    if (!isOurs) throw new SpoolError("locked", `${folder} is open in another process: see ${path}`, { file: folder });
  } catch (error) {
    throw diskError("locking", folder, error);
  }
  let release: Promise<void> | undefined;
  return {
    release: () => {
      release ??= remove(files, path).catch((error: unknown) => {
        throw diskError("unlocking", folder, error);
      });
      return release;
    },
  };
}
