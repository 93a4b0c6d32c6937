import type { Command } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import type { RowPlace } from "../../src/refetch/exact-store.ts";
import { createRefetch } from "../../src/refetch/refetch.ts";

const options = { seconds: 30, againSeconds: 5, bytes: 1_000_000 };
/** Rows 0 … 999 of device a, the others of b. */
const placeOf = (row: number): RowPlace => ({
  device: row < 1000 ? "a" : "b",
  session: 1,
  sequence: Math.floor(row / 10),
  row: row % 10,
});
const valuesOf = (row: number): Float64Array => Float64Array.of(row, 2 * row);

function setUp() {
  const clock = createVirtualClock();
  const commands: { device: string; rows: readonly (readonly [number, number])[] }[] = [];
  const refetch = createRefetch(
    {
      clock,
      command: (device: string, command: Command) => {
        if (command.name === "refetch") commands.push({ device, rows: command.rows });
      },
    },
    options,
  );
  const answer = (rows: readonly number[], gone: readonly number[] = []): void => {
    const answered = rows.map((row) => ({ place: placeOf(row), values: valuesOf(row) }));
    const device = placeOf(rows[0] ?? gone[0] ?? 0).device;
    refetch.take({ device, rows: answered, gone: gone.map(placeOf), bytes: 100 });
  };
  return { clock, commands, refetch, answer };
}

describe("asking for exact rows", () => {
  it("asks each device once for what is not held, and gives what came in the order wanted", async () => {
    const { clock, commands, refetch, answer } = setUp();
    const exact = refetch.rowsOf(placeOf);
    const fetching = exact.fetch([3, 1001, 12, 7], undefined);
    await clock.settle();
    expect(commands).toEqual([
      {
        device: "a",
        rows: [
          [0, 3],
          [1, 2],
          [0, 7],
        ],
      },
      { device: "b", rows: [[100, 1]] },
    ]);
    answer([12, 3]);
    answer([1001]);
    answer([], [7]);
    expect(await fetching).toEqual([valuesOf(3), valuesOf(1001), valuesOf(12), undefined]);
    expect(await exact.fetch([12, 7], undefined)).toEqual([valuesOf(12), undefined]);
    expect(commands).toHaveLength(2);
    expect(refetch.status()).toMatchObject({ asked: 4, again: 0, answered: 3, gone: 1, late: 0, unasked: 0, held: 3 });
    expect(refetch.status()).toMatchObject({ bytesReceived: 300 });
    expect(refetch.status().bytesSent).toBeGreaterThan(40);
    expect(clock.sleepers()).toBe(0);
  });

  it("asks again after a while, and takes each row once however often it is answered", async () => {
    const { clock, commands, refetch, answer } = setUp();
    const fetching = refetch.rowsOf(placeOf).fetch([1, 2], undefined);
    await clock.advance(5001);
    answer([1]);
    answer([1]);
    await clock.advance(5001);
    expect(commands.map(({ rows }) => rows.length)).toEqual([2, 2, 1]);
    answer([1, 2]);
    expect(await fetching).toEqual([valuesOf(1), valuesOf(2)]);
    expect(refetch.status()).toMatchObject({ asked: 2, again: 3, answered: 2 });
  });

  it("gives up a device that does not answer in time, until it does", async () => {
    const { clock, commands, refetch, answer } = setUp();
    const exact = refetch.rowsOf(placeOf);
    const fetching = exact.fetch([1, 1001], undefined);
    await clock.advance(1000);
    answer([1001]);
    await clock.advance(30_000);
    expect(await fetching).toEqual([undefined, valuesOf(1001)]);
    const asked = commands.length;
    expect(await exact.fetch([2], undefined)).toEqual([undefined]); // at once
    expect([commands.length, refetch.status().late]).toEqual([asked, 2]);
    answer([1]); // late, and kept
    const more = exact.fetch([1, 2], undefined);
    await clock.settle();
    answer([2]);
    expect(await more).toEqual([valuesOf(1), valuesOf(2)]);
    const next = refetch.rowsOf(placeOf);
    const again = next.fetch([3], undefined);
    await clock.settle();
    answer([3]);
    expect(await again).toEqual([valuesOf(3)]);
  });

  it("keeps what an earlier run has stored or asked for, and lets it push out nothing", async () => {
    const { refetch, answer } = setUp();
    answer([5, 6], [7]);
    expect(refetch.status()).toMatchObject({ unasked: 3, held: 2, answered: 0 });
    refetch.restore({ device: "a", rows: [{ place: placeOf(8), values: valuesOf(8) }], gone: [placeOf(9)], bytes: 9 });
    const exact = refetch.rowsOf(placeOf);
    expect(await exact.fetch([5, 7, 8, 9], undefined)).toEqual([valuesOf(5), undefined, valuesOf(8), undefined]);
    expect(refetch.status()).toMatchObject({ asked: 0, bytesReceived: 100 });
    answer(Array.from({ length: 9000 }, (_, row) => 1000 + row));
    const { held, heldBytes } = refetch.status();
    expect(heldBytes).toBeLessThanOrEqual(options.bytes);
    expect(held).toBeLessThan(5000);
    expect(await exact.fetch([5], undefined)).toEqual([valuesOf(5)]);
  });

  it("names at most 256 rows in a command, and ends with the signal", async () => {
    const { clock, commands, refetch } = setUp();
    const ending = new AbortController();
    const rows = Array.from({ length: 600 }, (_, row) => row);
    const fetching = refetch.rowsOf(placeOf).fetch(rows, ending.signal);
    await clock.settle();
    expect(commands.map((command) => command.rows.length)).toEqual([256, 256, 88]);
    ending.abort();
    await expect(fetching).rejects.toThrow();
    expect(clock.sleepers()).toBe(0);
  });
});
