import { createQuantizer, type DitherPlace, defineSchema, ditherPlace, uniformGrid } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSampleStore, type SampleStore, type StoredFrame } from "../src/sample-store.ts";

const schema = defineSchema([
  { name: "x", unit: "", range: [0, 1], role: "feature" },
  { name: "y", unit: "", range: [0, 1], role: "target" },
]);
const quantizers = [4, 6].map((bits) => createQuantizer(uniformGrid(schema, { bits, targetBits: 16 })));

interface Plan {
  readonly device: string;
  readonly session: number;
  readonly time: number;
  readonly rows: number;
  readonly grid: number;
}

/** Frames whose rows carry a number of their own in the second column. */
function framesOf(plans: readonly Plan[]): StoredFrame[] {
  let serial = 0;
  return plans.map(({ device, session, time, rows, grid }, sequence) => ({
    device,
    session,
    sequence,
    time,
    rows,
    quantizer: quantizers[grid] ?? createQuantizer(uniformGrid(schema)),
    codes: Uint16Array.from({ length: rows * 2 }, (_, i) => (i % 2 === 0 ? 0 : ++serial)),
  }));
}

const serials = ({ codes }: { readonly codes: Uint16Array }) => [...codes].filter((_, i) => i % 2 === 1);

async function blocksOf(store: SampleStore) {
  const blocks: { readonly grid: number; readonly rows: number[] }[] = [];
  for await (const block of store.source(2).blocks())
    if (block.kind === "codes") blocks.push({ grid: block.quantizer.channels[0]?.bits ?? 0, rows: serials(block) });
  return blocks;
}

/** All rows, sorted by their frame's time and place, cut to the newest. */
function sortAndCut(frames: readonly StoredFrame[], window: number): number[] {
  const text = (a: string, b: string) => Number(a > b) - Number(a < b);
  const sorted = [...frames].sort(
    (a, b) => a.time - b.time || text(a.device, b.device) || a.session - b.session || a.sequence - b.sequence,
  );
  return sorted.flatMap(serials).slice(-window);
}

const plan = fc.record({
  device: fc.constantFrom("a", "b", "B"),
  session: fc.nat(2),
  time: fc.nat(20),
  rows: fc.integer({ min: 1, max: 9 }),
  grid: fc.nat(1),
});
const shuffledPlans = fc
  .array(plan, { minLength: 1, maxLength: 25 })
  .chain((plans) =>
    fc.tuple(fc.constant(framesOf(plans)), fc.shuffledSubarray([...plans.keys()], { minLength: plans.length })),
  );

describe("sample store", () => {
  it("holds the newest rows, and hands them out the same, whatever the order of arrival", async () => {
    await fc.assert(
      fc.asyncProperty(shuffledPlans, fc.integer({ min: 1, max: 60 }), async ([frames, order], window) => {
        const inOrder = createSampleStore(window);
        for (const frame of frames) inOrder.add(frame);
        const other = createSampleStore(window);
        for (const i of order) other.add(frames[i] as StoredFrame);
        const expected = sortAndCut(frames, window);
        const blocks = await blocksOf(inOrder);
        expect(blocks.flatMap(({ rows }) => rows).sort((a, b) => a - b)).toEqual([...expected].sort((a, b) => a - b));
        expect(await blocksOf(other)).toEqual(blocks);
        expect(inOrder.rows).toBe(expected.length);
        expect(inOrder.source(2).rows).toBe(expected.length);
        expect(inOrder.stored).toBe(frames.reduce((sum, { rows }) => sum + rows, 0));
      }),
      { seed: 3 },
    );
  });

  it("orders rows by place and not by time", async () => {
    await fc.assert(
      fc.asyncProperty(shuffledPlans, async ([frames, order]) => {
        const store = createSampleStore(1000);
        for (const frame of frames) store.add(frame);
        const retimed = createSampleStore(1000);
        for (const [i, frame] of frames.entries()) retimed.add({ ...frame, time: order[i] ?? 0 });
        expect(await blocksOf(retimed)).toEqual(await blocksOf(store));
      }),
      { seed: 5 },
    );
  });

  it("decodes dithered rows by device, session, sequence and row, those of a frame cut by the window too", async () => {
    const quantizer = createQuantizer(uniformGrid(schema, { scheme: "dither", seed: "s", bits: 3, targetBits: 16 }));
    const frames: StoredFrame[] = ["a", "b"].flatMap((device, session) =>
      [0, 1, 2].map((sequence) => {
        const place = ditherPlace(quantizer.grid, { device, session, sequence }) as DitherPlace;
        const values = Array.from({ length: 20 }, (_, i) =>
          i % 2 === 0 ? 0.4 : (60 * session + 20 * sequence + i) / 130,
        );
        const { codes } = quantizer.encode(values, place);
        return { device, session, sequence, time: 10 * sequence + session, rows: 10, quantizer, codes };
      }),
    );
    for (const order of [frames, [...frames].reverse()]) {
      const store = createSampleStore(33);
      for (const frame of order) store.add(frame);
      const rows: (readonly number[])[] = [];
      for await (const block of store.source(2).blocks()) {
        expect(block.kind).toBe("decoded");
        if (block.kind === "decoded")
          for (let r = 0; r < block.rows; r++) rows.push([...block.means.slice(2 * r, 2 * r + 2)]);
      }
      expect(rows).toHaveLength(33);
      // The target, at 16 bits, says which row it is: each reading is decoded with its own dither or is far off.
      for (const [first = 0, serial = 0] of rows) {
        expect(Math.abs(first - 0.4)).toBeLessThanOrEqual(1 / 14 + 1e-9);
        expect(Math.abs(130 * serial - Math.round(130 * serial))).toBeLessThan(0.01);
      }
      expect(new Set(rows.map(([, serial = 0]) => Math.round(130 * serial))).size).toBe(33);
    }
  });

  it("keeps each grid's rows in blocks of their own and does not change what it has handed out", async () => {
    const frames = framesOf(
      Array.from({ length: 40 }, (_, i) => ({ device: "a", session: 1, time: i, rows: 250, grid: i % 2 })),
    );
    const store = createSampleStore(1_000_000);
    for (const frame of frames.slice(0, 38)) store.add(frame);
    const source = store.source(2);
    for (const frame of frames.slice(38)) store.add(frame);
    expect(source.rows).toBe(9500);
    const rounds: string[] = [];
    for (let round = 0; round < 2; round++) {
      const sizes: number[] = [];
      for await (const block of source.blocks()) {
        sizes.push(block.rows);
        if (block.kind === "codes" && round === 0)
          for (const serial of serials(block))
            expect(Math.floor((serial - 1) / 250) % 2).toBe(quantizers.indexOf(block.quantizer));
      }
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(9500);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(4096);
      rounds.push(sizes.join());
    }
    expect(rounds[0]).toBe(rounds[1]);
    expect(store.rows).toBe(10_000);
  });
});
