import { createQuantizer, createStream, defineSchema, type Stream, uniformGrid } from "@zipml/codec";
import { type BenchRow, benchRow, type RunBench, thisMachine, timeAlternating, timesFaster } from "./bench-result.ts";
import { throughputRows } from "./wire/throughput.ts";

/** A stream that does not tell its words' place: with it encoding runs in plain TypeScript, as without WebAssembly. */
function untold(stream: Stream): Stream {
  return { word: () => stream.word(), uniform: () => stream.uniform() };
}

/** What a frame's codes cost with the kernel and without, by size: a small one must not pay for large ones. */
async function sizeRows(quick: boolean): Promise<BenchRow[]> {
  const result: BenchRow[] = [];
  for (const [rows, channels] of [
    [1, 3],
    [8, 3],
    [32, 8],
    [256, 8],
  ] as const) {
    const schema = defineSchema(
      Array.from({ length: channels }, (_, c) => ({
        name: `c${c}`,
        unit: "",
        range: [0, 1],
        role: "feature" as const,
      })),
    );
    const quantizer = createQuantizer(uniformGrid(schema));
    const values = Float64Array.from({ length: rows * channels }, (_, i) => (i * 0.618) % 1);
    const codes = new Uint16Array(values.length);
    const encode = (stream: Stream) => () => {
      for (let i = 0; i < 100; i++) quantizer.encodeInto(values, codes, stream);
    };
    const { kernel, plain } = await timeAlternating(
      { kernel: encode(createStream("bench/codec")), plain: encode(untold(createStream("bench/codec"))) },
      quick ? { rounds: 1, seconds: 0.01 } : { rounds: 9, warmup: 3 },
    );
    const each = (seconds: number): number => (seconds / 100 / values.length) * 1e9;
    const id = `encode ${rows} × ${channels}/plain TypeScript`;
    const times = { value: each(kernel.min), baseline: each(plain.min), ratio: timesFaster(kernel, plain) };
    result.push(benchRow({ id, unit: "ns/reading", better: "lower", ...times }));
  }
  return result;
}

const notes = [
  'Encoding is from readings to a frame, draws included, decoding from a frame to readings, means of their codes; cbor-x does the same with an array of numbers. Ours keeps one array for codes and one for means from frame to frame; "new array" makes one for the means of each.',
];

/** How fast the codec is: frames of 256 rows of 8 channels beside cbor-x, and encoding by size of a frame. */
export const run: RunBench = async ({ quick, progress }) => {
  progress("frames");
  const frames = await throughputRows(quick);
  progress("sizes");
  const rows = [...frames, ...(await sizeRows(quick))];
  return { name: "codec", machine: thisMachine(), rows, notes };
};
