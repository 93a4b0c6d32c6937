import { createQuantizer, defineSchema, uniformGrid } from "@zipml/codec";
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
