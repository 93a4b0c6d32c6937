import { createStream, type Stream } from "@zipml/codec";
import {
  type Accelerator,
  createAccelerator,
  encodeCodeLines,
  encodeFloatLines,
  encodeWoven,
  type LayoutSpec,
  platformNamed,
} from "@zipml/gateway/fpga";
import { type BenchRow, benchRow, type RunBench, type Timing, thisMachine, timeAlternating } from "./bench-result.ts";

interface Contestant {
  readonly name: string;
  readonly layout: LayoutSpec;
  readonly faithful?: boolean;
}

const contestants: readonly Contestant[] = [
  { name: "pairs8", layout: { kind: "pairs", bits: 8 } },
  { name: "pairs4", layout: { kind: "pairs", bits: 4 } },
  { name: "pairs2", layout: { kind: "pairs", bits: 2 } },
  { name: "pairs1", layout: { kind: "pairs", bits: 1 } },
  { name: "code8", layout: { kind: "code", bits: 8, draws: 2 } },
  { name: "code4", layout: { kind: "code", bits: 4, draws: 2 } },
  { name: "code3", layout: { kind: "code", bits: 3, draws: 2 } },
  { name: "float32", layout: { kind: "float32" } },
  { name: "weave1", layout: { kind: "weave", bits: 1 } },
  { name: "weave4", layout: { kind: "weave", bits: 4 } },
  { name: "weave8", layout: { kind: "weave", bits: 8 } },
  { name: "pairs4 faithful", layout: { kind: "pairs", bits: 4 }, faithful: true },
];

/** Random rows; the step is small enough that nothing diverges. */
function loaded({ layout, faithful = false }: Contestant, rows: number, features: number): Accelerator {
  const platform = platformNamed("harp-v1");
  const stepShift = faithful ? 14 : 8;
  const accelerator = createAccelerator({ platform, layout, rows, features, batch: 64, stepShift, faithful });
  const stream = createStream("bench/fpga");
  const labels = Int32Array.from({ length: rows }, () => Math.round((stream.uniform() - 0.5) * 2 ** 23));
  if (layout.kind === "weave") {
    const fractions = Uint32Array.from({ length: rows * features }, () => stream.word());
    accelerator.load(encodeWoven(fractions, features), labels);
  } else if (layout.kind === "float32") {
    const values = Float32Array.from({ length: rows * features }, () => 2 * stream.uniform() - 1);
    accelerator.load(encodeFloatLines({ features, values, labels: Float32Array.from(labels, (l) => l / 2 ** 23) }));
  } else if (layout.kind !== "beats") {
    const top = faithful ? 2 ** (layout.bits - 1) : 2 ** layout.bits - 1;
    const codes = randomCodes(stream, rows * features, top);
    const seconds = randomCodes(stream, rows * features, top);
    accelerator.load(encodeCodeLines(layout, { features, codes, seconds, labels }));
  }
  return accelerator;
}

function randomCodes(stream: Stream, count: number, top: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => stream.word() % (top + 1));
}

function rateRow(id: string, values: number, timing: Timing): BenchRow {
  return benchRow({ id, value: values / timing.min / 1e6, unit: "million values/s", better: "higher" });
}

/** Values a second of one thread of the emulated accelerator: fast mode by layout, and the clocked mode. */
export const run: RunBench = async ({ quick, progress, only }) => {
  const rows: BenchRow[] = [];
  for (const features of [1001, 91, 13]) {
    // Epochs of some milliseconds, so that the least disturbed one is hardly disturbed.
    const count = Math.max(64, Math.round((quick ? 1e5 : 6e5) / features));
    for (const contestant of contestants) {
      const id = `${contestant.name}, n = ${features}`;
      if (only !== undefined && !only.includes(contestant.name)) continue;
      progress(id);
      const accelerator = loaded(contestant, count, features);
      let epoch = 0;
      const fast = (): void => void accelerator.runEpoch(epoch++);
      const timings = await timeAlternating({ fast }, quick ? { rounds: 1, seconds: 0 } : { rounds: 80, seconds: 0 });
      rows.push(rateRow(id, count * features, timings.fast));
    }
  }
  progress("clocked");
  const [clockedRows, features] = [quick ? 16 : 2000, 91];
  const accelerator = loaded({ name: "pairs4", layout: { kind: "pairs", bits: 4 } }, clockedRows, features);
  let cycles = 0;
  const clocked = (): void => {
    cycles = accelerator.startClocked(0).run().cycles;
  };
  const timings = await timeAlternating({ clocked }, quick ? { rounds: 1, seconds: 0 } : { rounds: 3, seconds: 0 });
  rows.push(rateRow(`clocked, pairs4, n = ${features}`, clockedRows * features, timings.clocked));
  const cycleRate = { value: cycles / timings.clocked.min / 1e6, unit: "million cycles/s" };
  rows.push(benchRow({ id: "clocked cycles", ...cycleRate, better: "higher" }));
  const notes = ["Emulation speed on this machine; what a card would take is modelled, and in docs/fpga.md."];
  return { name: "fpga", machine: thisMachine(), rows, notes };
};
