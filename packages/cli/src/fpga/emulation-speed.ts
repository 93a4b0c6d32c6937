import { createStream } from "@zipml/codec";
import { type Accelerator, createAccelerator, encodeCodeLines, platformNamed, toFixed } from "@zipml/gateway/fpga";

/** How fast the emulation itself runs on this machine, on one thread. */
export interface EmulationSpeed {
  readonly mode: "fast" | "clocked";
  readonly valuesPerSecond: number;
  /** Cycles of the card that are emulated in a second. */
  readonly cyclesPerSecond: number;
}

const features = 1000;

/** The card harp-v1 with 4-bit codes of a thousand features; every other platform is emulated by the same code. */
function loadedAccelerator(rows: number): Accelerator {
  const stream = createStream("fpga-report/emulation");
  const codes = Uint8Array.from({ length: rows * features }, () => Math.floor(15 * stream.uniform()));
  const labels = Int32Array.from({ length: rows }, () => toFixed(stream.uniform() - 0.5));
  const layout = { kind: "code", bits: 4, draws: 2 } as const;
  const platform = platformNamed("harp-v1");
  const accelerator = createAccelerator({ platform, layout, rows, features, batch: 64, stepShift: 12 });
  accelerator.load(encodeCodeLines(layout, { features, codes, labels }));
  return accelerator;
}

function speedOf(mode: EmulationSpeed["mode"], rows: number, least: number): EmulationSpeed {
  const accelerator = loadedAccelerator(rows);
  const run = () => (mode === "fast" ? accelerator.runEpoch(0) : accelerator.startClocked(0).run());
  const { cycles } = run(); // compilers improve on code that has run
  let shortest = Number.POSITIVE_INFINITY; // what else the machine does can only add to it
  for (let spent = 0; spent < least; ) {
    const start = performance.now();
    run();
    const seconds = (performance.now() - start) / 1000;
    shortest = Math.min(shortest, seconds);
    spent += seconds;
  }
  return { mode, valuesPerSecond: (rows * features) / shortest, cyclesPerSecond: cycles / shortest };
}

/** Measures both modes. @param least Seconds that each runs at least. */
export function emulationSpeeds(least: number): readonly EmulationSpeed[] {
  return [speedOf("fast", 2000, least), speedOf("clocked", 64, least)];
}
