import { columnRanges, encodeRows, type Rows, rawRows, taskOf } from "@zipml/gateway/data";
import { type SampleBlock, type SampleSource, train } from "@zipml/gateway/train";
import { describe, expect, it } from "vitest";

const options = { bits: 4, samples: 2, targetBits: 8, seed: 1 } as const;

/** A ramp, a constant and a target, without any random number. */
function ramp(count: number): Rows {
  const values = Float64Array.from({ length: 3 * count }, (_, i) => {
    const r = Math.floor(i / 3);
    return i % 3 === 0 ? r / count : i % 3 === 1 ? 7 : 2 - r / count;
  });
  return { names: ["x", "c", "y"], values };
}

async function blocksOf(source: SampleSource): Promise<SampleBlock[]> {
  const blocks: SampleBlock[] = [];
  for await (const block of source.blocks()) blocks.push(block);
  return blocks;
}

const codesOf = (blocks: readonly SampleBlock[]) =>
  blocks.map((block) => (block.kind === "codes" ? [...block.codes] : []));

describe("encodeRows", () => {
  it("makes blocks of up to 4,096 rows, the same at each call, over the columns' own ranges", async () => {
    const { source, bytes, clipped } = encodeRows(ramp(10_000), options);
    const blocks = await blocksOf(source);
    expect(blocks.map(({ rows }) => rows)).toEqual([4096, 4096, 1808]);
    expect(codesOf(await blocksOf(source))).toEqual(codesOf(blocks));
    expect({ rows: source.rows, columns: source.columns, bytes, clipped }).toEqual({
      rows: 10_000,
      columns: 3,
      bytes: (10_000 * (4 + 4 + 8)) / 8,
      clipped: 0,
    });
    const [first] = blocks;
    expect(
      first?.kind === "codes" && first.quantizer.channels.map(({ low, high, samples }) => [low, high, samples]),
    ).toEqual([
      [0, 0.9999, 2],
      [7, 7, 2],
      [1.0001, 2, 1],
    ]);
  });

  it("gives the same codes for the same seed, others for another seed and in each block", async () => {
    const same = codesOf(await blocksOf(encodeRows(ramp(9000), options).source));
    expect(codesOf(await blocksOf(encodeRows(ramp(9000), options).source))).toEqual(same);
    expect(codesOf(await blocksOf(encodeRows(ramp(9000), { ...options, seed: 2 }).source))).not.toEqual(same);
    const flat = { names: ["x", "y"], values: Float64Array.from({ length: 16_384 }, (_, i) => (i < 4 ? i : 1.3)) };
    const [one, two] = codesOf(await blocksOf(encodeRows(flat, options).source));
    expect(one?.slice(4)).not.toEqual(two?.slice(4));
  });

  it("is unbiased: a constant value among others decodes to itself on average", async () => {
    const count = 20_000;
    const truth = 0.37;
    const values = Float64Array.from({ length: 2 * count }, (_, i) => (i < 2 ? 0 : i < 4 ? 1 : truth));
    const blocks = await blocksOf(encodeRows({ names: ["x", "y"], values }, options).source);
    let sum = 0;
    for (const block of blocks) {
      if (block.kind !== "codes") continue;
      const means = new Float64Array(block.codes.length);
      block.quantizer.meansInto(block.codes, means);
      for (let i = 0; i < means.length; i += 2) sum += means[i] ?? 0;
    }
    const interval = 1 / 7;
    const within = (truth % interval) / interval;
    const error = Math.sqrt((interval ** 2 * within * (1 - within)) / 2 / count);
    const mean = (sum - 1) / (count - 2); // without the rows at 0 and 1, which are always exact
    expect(Math.abs(mean - truth)).toBeLessThan(5 * error);
    expect(Math.abs(mean + interval / 20 - truth)).toBeGreaterThan(5 * error); // the bound rejects a small bias
  });

  it("dithers: decoded rows half a step off at most, the same for the same seed, a raw target beside them", async () => {
    const dither = { ...options, scheme: "dither", samples: 1 } as const;
    const decodedOf = async (seed: number | string, targetBits = 8) => {
      const { source, bytes, clipped } = encodeRows(ramp(5000), { ...dither, seed, targetBits });
      const blocks = await blocksOf(source);
      return { bytes, clipped, blocks: blocks.flatMap((block) => (block.kind === "decoded" ? [block] : [])) };
    };
    const { blocks, bytes, clipped } = await decodedOf("any text, also of more than a grid's seed may be".repeat(3));
    const { values } = ramp(5000);
    expect([blocks.map(({ rows }) => rows), bytes, clipped]).toEqual([[4096, 904], (5000 * 16) / 8, 0]);
    const means = blocks.flatMap(({ means: part }) => [...part]);
    const steps = blocks[0]?.quantizer.channels.map(({ low, high, top }) => (high - low) / top) ?? [];
    for (const [i, value] of values.entries())
      expect(Math.abs((means[i] ?? 0) - value)).toBeLessThanOrEqual((steps[i % 3] ?? 0) / 2 + 1e-12);
    expect((await decodedOf(7)).blocks[0]?.means).toEqual((await decodedOf(7)).blocks[0]?.means);
    expect((await decodedOf(8)).blocks[0]?.means).not.toEqual((await decodedOf(7)).blocks[0]?.means);
    const raw = await decodedOf(7, 0);
    expect(raw.blocks[0]?.targets?.[5]).toBe(Math.fround(values[17] ?? 0));
    expect(raw.blocks[0]?.quantizer.channels).toHaveLength(2);
    expect(() => encodeRows(ramp(10), { ...dither, samples: 2 })).toThrow(expect.objectContaining({ code: "grid" }));
  });

  it("lets a timer stop a training that would take minutes", async () => {
    const { source } = encodeRows(ramp(2000), options);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 50);
    const training = train({ source, task: taskOf(["x", "c", "y"]), epochs: 1_000_000, signal: stop.signal });
    await expect(training).rejects.toMatchObject({ code: "aborted" });
    clearTimeout(timer);
  });

  it("keeps the target as a 32-bit float with target bits 0, and counts 4 bytes for it", async () => {
    const rows = ramp(10);
    const { source, bytes } = encodeRows(rows, { ...options, targetBits: 0 });
    const [block] = await blocksOf(source);
    expect(source.columns).toBe(2);
    expect(bytes).toBe(10 + 40);
    expect(block?.kind === "codes" && [...(block.targets ?? [])]).toEqual(
      Array.from({ length: 10 }, (_, r) => Math.fround(rows.values[3 * r + 2] ?? 0)),
    );
  });
});

describe("rawRows", () => {
  it("hands the rows on as 32-bit floats", async () => {
    const rows = ramp(5000);
    const { source, bytes, clipped } = rawRows(rows);
    const blocks = await blocksOf(source);
    expect(blocks.map(({ rows }) => rows)).toEqual([4096, 904]);
    expect(blocks.flatMap((block) => (block.kind === "values" ? [...block.values] : []))).toEqual(
      [...rows.values].map(Math.fround),
    );
    expect({ bytes, clipped }).toEqual({ bytes: 60_000, clipped: 0 });
  });
});

it("columnRanges and taskOf name what the columns are", () => {
  expect(columnRanges(Float64Array.from([1, 5, -2, 5, 0, 5]), 2)).toEqual([
    [-2, 1],
    [5, 5],
  ]);
  expect(taskOf(["a", "b", "y"])).toEqual({
    features: [
      { name: "a", unit: "", column: 0 },
      { name: "b", unit: "", column: 1 },
    ],
    target: { name: "y", unit: "", column: 2 },
  });
});
