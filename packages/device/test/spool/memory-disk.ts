import { basename } from "node:path";
import type { SpoolFile, SpoolFiles } from "../../src/spool/files.ts";

/** One step that changes a disk, in the order it was asked for. */
export type Step =
  | { readonly op: "create"; readonly inode: number; readonly name: string }
  | { readonly op: "write"; readonly inode: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly op: "truncate"; readonly inode: number; readonly length: number }
  | { readonly op: "sync"; readonly inode: number }
  | { readonly op: "rename"; readonly from: string; readonly to: string }
  | { readonly op: "unlink"; readonly name: string }
  | { readonly op: "sync-folder" }
  | { readonly op: "mark"; readonly label: string };

export type Image = ReadonlyMap<string, Uint8Array>;

/** Which operation fails, and how: thrown where it returns an error code. */
export type Fault = (operation: string, name: string) => string | undefined;

/** A folder in memory that writes a journal of all that changes it. */
export interface MemoryDisk {
  readonly files: SpoolFiles;
  readonly journal: Step[];
  /** What every later step is asked about first. */
  fault: Fault;
  /** Bytes that may still be written before the disk is full. */
  room: number;
  /** What all open programs see. */
  image(): Image;
}

const failure = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code });

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(0, length));
  return copy;
}

function written(bytes: Uint8Array, position: number, added: Uint8Array): Uint8Array {
  const copy = resized(bytes, Math.max(bytes.length, position + added.length));
  copy.set(added, position);
  return copy;
}

/**
 * @param from Files that it begins with, all of them durable; or the journal of a disk whose process was killed, which
 * shows all that was written and may still lose what was not synced.
 */
export function createMemoryDisk(from: Image | readonly Step[] = new Map()): MemoryDisk {
  const names = new Map<string, number>();
  const inodes: Uint8Array[] = [];
  const journal: Step[] = [];
  if (from instanceof Map) {
    for (const [name, bytes] of from) {
      const inode = inodes.push(bytes.slice()) - 1;
      names.set(name, inode);
      journal.push({ op: "create", inode, name }, { op: "write", inode, position: 0, bytes: bytes.slice() });
      journal.push({ op: "sync", inode });
    }
    journal.push({ op: "sync-folder" });
  } else {
    journal.push(...(from as readonly Step[]));
    const shown = replay(journal);
    for (const [name, inode] of shown.names) names.set(name, inode);
    for (const [inode, bytes] of shown.content) inodes[inode] = bytes.slice();
    for (let inode = 0; inode < inodes.length; inode++) inodes[inode] ??= new Uint8Array();
    for (const step of journal) if (step.op === "create") inodes[step.inode] ??= new Uint8Array();
  }
  const disk: MemoryDisk = {
    journal,
    fault: () => undefined,
    room: Number.POSITIVE_INFINITY,
    image: () => new Map([...names].map(([name, inode]) => [name, (inodes[inode] ?? new Uint8Array()).slice()])),
    files: {
      mkdir: async () => undefined,
      readdir: async () => [...names.keys()],
      open: async (path, flags) => open(basename(path), flags),
      rename: async (a, b) => {
        check("rename", basename(a));
        const inode = names.get(basename(a));
        if (inode === undefined) throw failure("ENOENT");
        names.delete(basename(a));
        names.set(basename(b), inode);
        journal.push({ op: "rename", from: basename(a), to: basename(b) });
      },
      unlink: async (path) => {
        check("unlink", basename(path));
        if (!names.delete(basename(path))) throw failure("ENOENT");
        journal.push({ op: "unlink", name: basename(path) });
      },
    },
  };
  const check = (operation: string, name: string): void => {
    const code = disk.fault(operation, name);
    if (code !== undefined) throw failure(code);
  };
  const open = (name: string, flags: string): SpoolFile => {
    if (name === "spool") return folder;
    check(flags === "r" ? "open" : "create", name);
    let inode = names.get(name);
    if (inode === undefined && flags.startsWith("r")) throw failure("ENOENT");
    if (inode !== undefined && flags === "wx") throw failure("EEXIST");
    if (inode === undefined) {
      inode = inodes.push(new Uint8Array()) - 1;
      names.set(name, inode);
      journal.push({ op: "create", inode, name });
    } else if (flags === "w") {
      inodes[inode] = new Uint8Array();
      journal.push({ op: "truncate", inode, length: 0 });
    }
    return fileOf(inode, name);
  };
  const folder: SpoolFile = {
    read: async () => ({ bytesRead: 0 }),
    write: async () => ({ bytesWritten: 0 }),
    stat: async () => ({ size: 0 }),
    truncate: async () => undefined,
    close: async () => undefined,
    sync: async () => {
      check("sync-folder", "");
      journal.push({ op: "sync-folder" });
    },
  };
  const fileOf = (inode: number, name: string): SpoolFile => {
    const bytes = () => inodes[inode] ?? new Uint8Array();
    return {
      read: async (buffer, offset, length, position) => {
        check("read", name);
        const part = bytes().subarray(position, position + length);
        buffer.set(part, offset);
        return { bytesRead: part.length };
      },
      write: async (buffer, offset, length, position) => {
        check("write", name);
        if (disk.room <= 0) throw failure("ENOSPC");
        const taken = buffer.slice(offset, offset + Math.min(length, disk.room)); // a full disk takes what fits
        disk.room -= taken.length;
        inodes[inode] = written(bytes(), position, taken);
        journal.push({ op: "write", inode, position, bytes: taken });
        return { bytesWritten: taken.length };
      },
      stat: async () => ({ size: bytes().length }),
      sync: async () => {
        check("sync", name);
        await Promise.resolve(); // others run meanwhile
        journal.push({ op: "sync", inode });
      },
      truncate: async (length) => {
        check("truncate", name);
        inodes[inode] = resized(bytes(), length);
        journal.push({ op: "truncate", inode, length });
      },
      close: async () => undefined,
    };
  };
  return disk;
}

function applyName(names: Map<string, number>, step: Step): void {
  if (step.op === "create") names.set(step.name, step.inode);
  else if (step.op === "unlink") names.delete(step.name);
  else if (step.op === "rename") {
    names.set(step.to, names.get(step.from) ?? -1);
    names.delete(step.from);
  }
}

function applyContent(content: Map<number, Uint8Array>, step: Step, share: number): void {
  if (step.op !== "truncate" && step.op !== "write") return;
  const before = content.get(step.inode) ?? new Uint8Array();
  if (step.op === "write" && share > 0)
    content.set(
      step.inode,
      written(before, step.position, step.bytes.subarray(0, Math.round(step.bytes.length * share))),
    );
  if (step.op === "truncate" && share >= 0.5) content.set(step.inode, resized(before, step.length));
}

/** Names and content as programs see them after these steps. */
function replay(journal: readonly Step[]) {
  const names = new Map<string, number>();
  const content = new Map<number, Uint8Array>();
  for (const step of journal) {
    applyName(names, step);
    applyContent(content, step, 1);
  }
  return { names, content };
}

/**
 * What a crash leaves.
 *
 * @param journal The steps up to the crash; the last one may be cut short.
 * @param keep For power loss: asked, for each step that was not synced, which share of it reached the disk, 0 to 1.
 * Undefined when only the process died, and the system still writes all of it.
 */
export function crash(journal: readonly Step[], keep?: () => number): Image {
  const shown = replay(journal);
  if (keep === undefined)
    return new Map([...shown.names].map(([name, inode]) => [name, shown.content.get(inode) ?? new Uint8Array()]));
  const now = new Map<number, Uint8Array>();
  const durable = new Map<number, Uint8Array>();
  const pending = new Map<number, Step[]>();
  const names = new Map<string, number>();
  let unsyncedNames: Step[] = [];
  for (const step of journal) {
    if (step.op === "create" || step.op === "unlink" || step.op === "rename") unsyncedNames.push(step);
    else if (step.op === "sync-folder") {
      for (const one of unsyncedNames) applyName(names, one);
      unsyncedNames = [];
    } else if (step.op === "sync") {
      durable.set(step.inode, (now.get(step.inode) ?? new Uint8Array()).slice());
      pending.delete(step.inode);
    } else if (step.op !== "mark") {
      applyContent(now, step, 1);
      pending.set(step.inode, [...(pending.get(step.inode) ?? []), step]);
    }
  }
  for (const steps of pending.values()) for (const step of steps) applyContent(durable, step, keep());
  const reached = Math.round(unsyncedNames.length * keep()); // names are journaled in order
  for (const step of unsyncedNames.slice(0, reached)) applyName(names, step);
  return new Map([...names].map(([name, inode]) => [name, durable.get(inode) ?? new Uint8Array()]));
}
