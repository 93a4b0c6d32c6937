import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStream } from "@zipml/codec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  encodeRows,
  lagEncoded,
  laggedRows,
  lagValues,
  type Rows,
  rawRows,
  readTable,
  rowsReached,
  seriesOf,
} from "../../src/data/index.ts";
import { layOutLags, type SampleBlock, type SampleSource } from "../../src/train/index.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zipml-lagged-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function tableOf(text: string, group?: string) {
  const file = join(folder, "data.csv");
  await writeFile(file, text);
  return readTable(file, { columns: ["x", "y"], ...(group === undefined ? {} : { group }) });
}

const column = (name: string, at: number) => ({ name, unit: "", column: at });
const task = { features: [column("x", 0), column("y", 1)], target: column("y", 1) };

describe("series of a file", () => {
  it("are its groups, unbroken where no row of the group was passed over", async () => {
    const lines = ["p,1,1", "q,10,1", "p,2,1", "q,11,1", "p,,1", "p,3,1", "q,12,1", "p,4,1", "p,5", "q,13,1", "p,6,1"];
    const series = seriesOf(await tableOf(`g,x,y\n${lines.join("\n")}\n`, "g"), ["x"]);
    expect([...series.values]).toEqual([1, 2, 3, 4, 6, 10, 11, 12, 13]);
    // "p,,1" is p's alone; "p,5" has no cell for each column, so nobody knows whose it was
    expect(series.runs).toEqual([2, 2, 1, 3, 1]);
    const rows = laggedRows(series, 1);
    expect([...rows].map((row) => series.values[row])).toEqual([2, 11, 12, 4]); // in the file's order
  });

  it("is one without groups", async () => {
    const series = seriesOf(await tableOf("x,y\n1,1\n2,1\nno,1\n3,1\n4,1\n5,1\n"), ["y", "x"]);
    expect([series.runs, [...series.values.subarray(0, 4)]]).toEqual([
      [2, 3],
      [1, 1, 1, 2],
    ]);
    expect([...laggedRows(series, 2)]).toEqual([4]);
  });
});

/** Rows of two columns with numbers of their own. */
function rowsOf(count: number): Rows {
  const stream = createStream("test/lagged");
  return { names: ["x", "y"], values: Float64Array.from({ length: 2 * count }, () => stream.uniform()) };
}

async function blocksOf(source: SampleSource): Promise<SampleBlock[]> {
  const blocks: SampleBlock[] = [];
  for await (const block of source.blocks()) blocks.push(block);
  return blocks;
}

describe("lagged rows of a file", () => {
  const layout = layOutLags(task, 2);
  const rows = rowsOf(9000);
  const wanted = Uint32Array.from({ length: 8000 }, (_, i) => 2 + ((i * 4999) % 8990));

  it("are named, and hold what stood before", () => {
    const lagged = lagValues(
      { names: ["x", "y"], values: Float64Array.from({ length: 10 }, (_, i) => i) },
      layout,
      Uint32Array.of(4, 2),
    );
    expect(lagged.names).toEqual(["x", "x@-1", "x@-2", "y@-1", "y@-2", "y"]);
    expect([...lagged.values]).toEqual([8, 6, 4, 7, 5, 9, 4, 2, 0, 3, 1, 5]);
  });

  it("reach over the rows that they need and no others", () => {
    const reached = rowsReached(rows, 2, Uint32Array.of(8, 3, 4));
    expect([...reached.wanted]).toEqual([6, 2, 3]);
    expect([...reached.rows.values]).toEqual(
      [1, 2, 3, 4, 6, 7, 8].flatMap((row) => [...rows.values.subarray(2 * row, 2 * row + 2)]),
    );
  });

  it.each([
    ["count", { bits: 6, samples: 2, scheme: "count" as const }, 1 / 31],
    ["dither", { bits: 6, samples: 1, scheme: "dither" as const }, 0.51 / 63],
  ])("keep each reading's one code, over the blocks it was encoded in: %s", async (_, how, error) => {
    const options = { ...how, targetBits: 8, seed: 1, ownLags: true };
    const encoded = encodeRows(rows, options);
    const lagged = await lagEncoded(encoded, layout, wanted);
    expect([lagged.source.rows, lagged.source.columns, lagged.bytes]).toEqual([8000, 6, encoded.bytes]);
    expect(lagged.bytes).toBe((9000 * 12) / 8);
    const exact = lagValues(rows, layout, wanted).values;
    const seen = new Map<number, number>();
    let at = 0;
    for (const block of await blocksOf(lagged.source)) {
      if (block.kind === "values") throw new Error("raw");
      expect(block.quantizer.channels.map(({ bits, samples }) => [bits, samples])).toEqual(
        Array.from({ length: 6 }, () => [how.bits, how.samples]),
      );
      for (let i = 0; i < 6 * block.rows; i++, at++) {
        const value = exact[at] ?? 0;
        const mean =
          block.kind === "decoded"
            ? (block.means[i] ?? 0)
            : (block.quantizer.channels[i % 6]?.mean(block.codes[i] ?? 0) ?? 0);
        if (Math.abs(mean - value) > error) expect(mean).toBeCloseTo(value, 5);
        const before = seen.get(value) ?? mean; // a reading is one number, wherever it stands
        if (before !== mean) expect(mean).toBe(before);
        seen.set(value, mean);
      }
    }
    expect(at).toBe(48_000);
  });

  it("keep raw targets, and raw rows", async () => {
    const plain = layOutLags({ features: [column("x", 0)], target: column("y", 1) }, 1);
    const order = Uint32Array.of(5000, 1, 8999);
    const options = { bits: 4, samples: 2, targetBits: 0, seed: 1 };
    const { source } = await lagEncoded(encodeRows(rows, options), plain, order);
    const [block] = await blocksOf(source);
    const targets = Float64Array.from(order, (row) => Math.fround(rows.values[2 * row + 1] ?? 0));
    expect([source.columns, block?.kind]).toEqual([2, "codes"]);
    expect(block).toMatchObject({ rows: 3, targets });
    const raw = await lagEncoded(rawRows(rows), plain, order);
    const [values] = await blocksOf(raw.source);
    expect([raw.source.columns, raw.bytes]).toEqual([3, 72_000]);
    expect(values).toEqual({ kind: "values", rows: 3, values: lagValues(rows, plain, order).values.map(Math.fround) });
  });

  it("refuse rows of two grids", async () => {
    const [one, two] = await Promise.all(
      [1, 2].map((seed) => blocksOf(encodeRows(rowsOf(9), { bits: 4, samples: 2, targetBits: 8, seed }).source)),
    );
    const blocks = [...(one ?? []), ...(two ?? [])];
    const source = {
      rows: 18,
      columns: 2,
      blocks: async function* () {
        yield* blocks;
      },
    };
    await expect(lagEncoded({ source, bytes: 0, clipped: 0 }, layout, Uint32Array.of(2))).rejects.toThrow(
      expect.objectContaining({ code: "rows" }),
    );
  });
});
