import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { scanSegment, segmentNumber } from "../../src/log/segment.ts";
import { createLogWriter, type LogOptions, type Place } from "../../src/log/writer.ts";
import { faultyDisk, memoryFiles } from "./support.ts";

function setUp(options: Partial<LogOptions> = {}) {
  const memory = memoryFiles();
  const disk = faultyDisk(memory);
  const clock = createVirtualClock();
  const told: (string | undefined)[] = [];
  const sealed: number[] = [];
  const writer = createLogWriter(
    {
      files: disk.files,
      clock,
      random: () => 5,
      folder: "log",
      next: 1,
      sealed: (number) => sealed.push(number),
      failing: (reason) => told.push(reason),
    },
    { segmentBytes: 1 << 20, pendingBytes: 1 << 20, ...options },
  );
  const settled: (number | undefined)[] = [];
  const append = (value: number, length = 4) =>
    writer.append(new Uint8Array(length).fill(value), (place: Place | undefined) =>
      settled.push(place === undefined ? undefined : value),
    );
  const onDisk = () =>
    [...memory.contents].flatMap(([path, bytes]) =>
      scanSegment(bytes, segmentNumber(path.slice(4)) ?? 0).records.map(({ payload }) => payload[0]),
    );
  return { memory, disk, clock, writer, settled, append, onDisk, told, sealed };
}

describe("log writer", () => {
  it("puts what waits into one write and one fsync, and settles in order after it", async () => {
    const { writer, disk, append, settled, onDisk } = setUp();
    for (let i = 1; i <= 100; i++) expect(append(i)).toBe(true);
    expect(settled).toEqual([]);
    expect(writer.status().pending).toEqual({ records: 100, bytes: 400 });
    await writer.idle();
    expect(disk.calls).toEqual(["write", "write", "sync"]); // head, records
    expect(settled).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(onDisk()).toEqual(settled);
    expect(writer.status()).toEqual({ pending: { records: 0, bytes: 0 }, syncs: 1, failures: 0, failing: undefined });
  });

  it("begins a new segment when one is full", async () => {
    const { writer, append, memory, sealed, onDisk } = setUp({ segmentBytes: 100 });
    for (let i = 1; i <= 12; i++) {
      append(i, 20);
      await writer.idle();
    }
    expect([...memory.contents.keys()]).toHaveLength(6);
    expect(sealed).toEqual([1, 2, 3, 4, 5]);
    expect(onDisk()).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    await writer.close();
    expect(append(1)).toBe(false);
  });

  it("gives up all that waits when the disk is full, and takes more when there is room", async () => {
    const { writer, disk, append, settled, clock, told, onDisk } = setUp();
    append(1);
    await writer.idle();
    disk.room = 6;
    append(2);
    append(3);
    await writer.idle();
    expect(settled).toEqual([1, undefined, undefined]);
    expect(told).toEqual([expect.stringContaining("ENOSPC")]);
    expect(writer.status()).toMatchObject({ failures: 1, failing: expect.stringContaining("ENOSPC") });
    expect(append(4)).toBe(false); // not so soon again
    await clock.advance(1000);
    append(5); // no room for the head of a segment either
    await writer.idle();
    expect(told).toHaveLength(1);
    disk.room = 1000;
    await clock.advance(1000);
    append(6);
    await writer.idle();
    expect(told).toEqual([expect.any(String), undefined]);
    expect(settled).toEqual([1, undefined, undefined, undefined, 6]);
    expect(onDisk()).toEqual([1, 6]);
  });

  it("never trusts a file again whose fsync has failed", async () => {
    const { writer, disk, append, settled, clock, memory } = setUp();
    append(1);
    await writer.idle();
    disk.syncFails = true;
    append(2);
    await writer.idle();
    disk.syncFails = false;
    await clock.advance(1000);
    append(3);
    await writer.idle();
    expect(settled).toEqual([1, undefined, 3]);
    expect(memory.contents.size).toBe(2);
  });

  it("takes no more than may wait", async () => {
    const { writer, append, settled } = setUp({ pendingBytes: 10 });
    expect([append(1), append(2), append(3), append(4)]).toEqual([true, true, true, false]);
    await writer.idle();
    expect(settled).toEqual([1, 2, 3]);
    expect(append(4)).toBe(true);
    await writer.close();
    expect(settled).toEqual([1, 2, 3, 4]);
  });
});
