import { createQuantizer, type DitherPlace, defineSchema, ditherPlace, uniformGrid } from "@zipml/codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSampleStore, type StoredFrame } from "../src/sample-store.ts";
import { layOutLags, type SampleBlock } from "../src/train/index.ts";

const schema = defineSchema([
  { name: "x", unit: "", range: [0, 1], role: "feature" },
  { name: "y", unit: "", range: [0, 1], role: "target" },
]);
const quantizers = [15, 16].map((bits) => createQuantizer(uniformGrid(schema, { bits, targetBits: 16 })));
const layout = layOutLags(
  {
    features: [
      { name: "x", unit: "", column: 0 },
      { name: "y", unit: "", column: 1 },
    ],
    target: { name: "y", unit: "", column: 1 },
  },
  2,
); // x, x@-1, x@-2, y@-1, y@-2, y

/** A row of its own number: both columns hold it. */
interface Row {
  readonly frame: StoredFrame;
  readonly at: number;
  readonly serial: number;
}

/** Frames of which some lie in other sessions, under other grids, or never came. */
const plan = fc.record({
  device: fc.constantFrom("a", "b"),
  session: fc.integer({ min: 1, max: 2 }),
  sequence: fc.nat(6),
  rows: fc.integer({ min: 1, max: 5 }),
  grid: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
});
const plans = fc
  .uniqueArray(plan, {
    minLength: 1,
    maxLength: 24,
    selector: ({ device, session, sequence }) => `${device}/${session}/${sequence}`,
  })
  .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })));

function framesOf(list: readonly { device: string; session: number; sequence: number; rows: number; grid: number }[]) {
  let serial = 0;
  return list.map(({ grid, ...place }): StoredFrame => {
    const codes = Uint16Array.from({ length: 2 * place.rows }, (_, i) => serial + Math.floor(i / 2));
    serial += place.rows;
    const quantizer = quantizers[grid] ?? createQuantizer(uniformGrid(schema));
    return { ...place, time: 100 * place.session + place.sequence, quantizer, codes };
  });
}

/** The windows of the rows that the store holds, by the definition: look for each row's neighbours one by one. */
function windows(frames: readonly StoredFrame[], window: number): number[][] {
  const order = (a: StoredFrame, b: StoredFrame) =>
    a.time - b.time || Number(a.device > b.device) - Number(a.device < b.device);
  const rows: Row[] = [...frames]
    .sort(order)
    .flatMap((frame) =>
      Array.from({ length: frame.rows }, (_, at) => ({ frame, at, serial: frame.codes[2 * at] ?? 0 })),
    );
  const held = rows.slice(-window);
  const before = ({ frame, at }: Row): Row | undefined =>
    held.find((other) => {
      const { device, session, quantizer } = other.frame;
      if (other.frame === frame) return other.at === at - 1;
      const isNext = device === frame.device && session === frame.session && quantizer === frame.quantizer;
      return at === 0 && isNext && other.frame.sequence === frame.sequence - 1 && other.at === other.frame.rows - 1;
    });
  return held.flatMap((row) => {
    const first = before(row);
    const second = first && before(first);
    return first && second ? [[row.serial, first.serial, second.serial]] : [];
  });
}

async function read(blocks: AsyncIterable<SampleBlock>): Promise<number[][]> {
  const found: number[][] = [];
  for await (const block of blocks) {
    if (block.kind !== "codes") throw new Error(block.kind);
    for (let r = 0; r < block.rows; r++) {
      const [x, x1, x2, y1, y2, y, ...rest] = block.codes.subarray(6 * r, 6 * r + 6);
      expect([y, y1, y2, rest]).toEqual([x, x1, x2, []]);
      found.push([x ?? 0, x1 ?? 0, x2 ?? 0]);
    }
  }
  return found;
}

const bySerial = (rows: readonly number[][]) => [...rows].sort(([a = 0], [b = 0]) => a - b);

describe("sample store with lags", () => {
  it("reaches back over frames of one session and grid that follow each other, and over nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 3, max: 70 }), async ([list, order], window) => {
        const frames = framesOf(list);
        const inOrder = createSampleStore(window);
        for (const frame of frames) inOrder.add(frame);
        const other = createSampleStore(window);
        for (const i of order) other.add(frames[i] as StoredFrame);
        const source = inOrder.source(2, layout);
        const found = await read(source.blocks());
        expect(bySerial(found)).toEqual(bySerial(windows(frames, window)));
        expect(await read(other.source(2, layout).blocks())).toEqual(found);
        expect(await read(source.blocks())).toEqual(found);
        expect([source.rows, source.short, source.columns]).toEqual([found.length, inOrder.rows - found.length, 6]);
      }),
      { seed: 11 },
    );
  });

  it("spreads them in blocks of 4,096 at most, and does not change what it has handed out", async () => {
    const frames = framesOf(
      Array.from({ length: 50 }, (_, sequence) => ({ device: "a", session: 1, sequence, rows: 100, grid: 0 })),
    );
    const store = createSampleStore(1_000_000);
    for (const frame of frames) store.add(frame);
    const source = store.source(2, layout);
    store.add({ ...(frames[0] as StoredFrame), sequence: 50 });
    const sizes: number[] = [];
    for await (const block of source.blocks()) sizes.push(block.rows);
    expect([sizes, source.rows, source.short]).toEqual([[4096, 902], 4998, 2]);
    const found = await read(source.blocks());
    expect(new Set(found.map(([serial]) => serial)).size).toBe(4998);
    expect(Math.abs((found[0]?.[0] ?? 0) - (found[1]?.[0] ?? 0))).toBeGreaterThan(1000);
  });

  it("decodes each dithered reading with its own dither, in every row that it stands in", async () => {
    const quantizer = createQuantizer(uniformGrid(schema, { scheme: "dither", seed: "s", bits: 16, targetBits: 16 }));
    const store = createSampleStore(23); // cuts the first frame
    for (const sequence of [0, 1, 2]) {
      const place = ditherPlace(quantizer.grid, { device: "a", session: 1, sequence }) as DitherPlace;
      const values = Array.from({ length: 20 }, (_, i) => (10 * sequence + Math.floor(i / 2)) / 32);
      const { codes } = quantizer.encode(values, place);
      store.add({ device: "a", session: 1, sequence, time: sequence, rows: 10, quantizer, codes });
    }
    const source = store.source(2, layout);
    const rows: number[] = [];
    for await (const block of source.blocks()) {
      if (block.kind !== "decoded") throw new Error(block.kind);
      for (let r = 0; r < block.rows; r++) {
        const row = Array.from(block.means.subarray(6 * r, 6 * r + 6), (mean) => Math.round(32 * mean * 100) / 100);
        const now = row[0] ?? 0;
        expect(row).toEqual([now, now - 1, now - 2, now - 1, now - 2, now]);
        rows.push(now);
      }
    }
    expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => 9 + i));
    expect(source.short).toBe(2);
  });

  it("has no block where no row has its history", async () => {
    const store = createSampleStore(10);
    for (const frame of framesOf([{ device: "a", session: 1, sequence: 0, rows: 2, grid: 0 }])) store.add(frame);
    const source = store.source(2, layout);
    expect([source.rows, source.short, await read(source.blocks())]).toEqual([0, 2, []]);
  });

  it("reads the rows of some frames alone, with their history from the others; without lags too", async () => {
    const list = [0, 1, 3, 4].map((sequence) => ({ device: "a", session: 1, sequence, rows: 4, grid: 0 }));
    const store = createSampleStore(100);
    for (const frame of framesOf(list)) store.add(frame);
    const isRead = ({ sequence }: { readonly sequence: number }) => sequence === 1 || sequence === 3;
    const lagged = store.source(2, layout, isRead);
    const found = bySerial(await read(lagged.blocks()));
    expect(found.map(([serial]) => serial)).toEqual([4, 5, 6, 7, 10, 11]); // of the frame after the gap two are short
    expect(found[0]).toEqual([4, 3, 2]);
    expect([lagged.rows, lagged.short, lagged.frames.length]).toEqual([6, 2, 4]);
    const plain = store.source(2, undefined, isRead);
    const serials: number[] = [];
    for await (const block of plain.blocks())
      if (block.kind === "codes") for (let r = 0; r < block.rows; r++) serials.push(block.codes[2 * r] ?? -1);
    expect(serials.sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    expect([plain.rows, plain.frames.length, plain.kept]).toEqual([8, 4, undefined]);
    expect(store.source(2).kept).toBeDefined();
  });
});
