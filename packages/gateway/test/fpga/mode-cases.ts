import { createStream } from "@zipml/codec";
import type { AcceleratorConfig, LayoutSpec } from "@zipml/gateway/fpga";
import fc from "fast-check";
import { expect } from "vitest";
import { loaded, sameNumbers, tinyPlatform } from "./support.ts";

const layouts: readonly LayoutSpec[] = [
  { kind: "pairs", bits: 1 },
  { kind: "pairs", bits: 2 },
  { kind: "pairs", bits: 4 },
  { kind: "pairs", bits: 8 },
  { kind: "code", bits: 2, draws: 2 },
  { kind: "code", bits: 3, draws: 2 },
  { kind: "code", bits: 4, draws: 2 },
  { kind: "code", bits: 5, draws: 2 },
  { kind: "code", bits: 7, draws: 2 },
  { kind: "code", bits: 8, draws: 2 },
  { kind: "code", bits: 4, draws: 1 },
  { kind: "float32" },
  { kind: "beats", bits: 1 },
  { kind: "beats", bits: 4 },
  { kind: "beats", bits: 8 },
  { kind: "beats", bits: 32 },
  { kind: "weave", bits: 1 },
  { kind: "weave", bits: 3 },
  { kind: "weave", bits: 9 },
];

const platform = fc.record({
  bandwidth: fc.constantFrom(0.9e9, 6.5e9, 13e9, 90e9),
  latency: fc.integer({ min: 0, max: 40 }),
  burst: fc.constantFrom(1, 3, 8),
  reorderDepth: fc.constantFrom(8, 11, 256),
  rowFifo: fc.constantFrom(80, 96, 512),
  lanes: fc.constantFrom(16, 64, 128, 256),
});

const arbitrary = fc.record({
  platform,
  layout: fc.constantFrom(...layouts),
  features: fc.integer({ min: 1, max: 150 }),
  batch: fc.constantFrom(1, 2, 3, 4, 8, 16, 64),
  stepShift: fc.integer({ min: 0, max: 9 }),
  faithful: fc.boolean(),
  signed: fc.boolean(),
  saturating: fc.boolean(),
  centred: fc.boolean(),
  scale: fc.constantFrom(0.5, 1, 100),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

type Case = typeof arbitrary extends fc.Arbitrary<infer T> ? T : never;

function configOf(c: Case): AcceleratorConfig {
  const { layout } = c;
  const faithful = c.faithful && layout.kind !== "code";
  const power = faithful && layout.kind !== "weave" ? c.batch : 2 ** Math.round(Math.log2(c.batch));
  const stream = createStream(`columns/${c.seed}`);
  const columns = {
    centre: Int32Array.from({ length: c.features }, () => Math.round(-65_535 * stream.uniform())),
    shift: Int8Array.from({ length: c.features }, () => Math.floor(stream.uniform() * 7) - 3),
  };
  const ranged =
    faithful && c.signed && "bits" in layout && layout.bits > 1 && layout.bits < 32 && layout.kind !== "weave";
  return {
    platform: tinyPlatform({ ...c.platform, rowFifo: Math.max(c.platform.rowFifo, 40) }),
    layout,
    rows: 1,
    features: c.features,
    batch: layout.kind === "weave" ? Math.max(8, power) : power,
    stepShift: c.stepShift,
    copies: 2,
    faithful,
    // Wraps would end the corrected design: the next test has them.
    saturating: c.saturating || !faithful,
    ...(ranged ? { range: "signed" as const } : {}),
    ...(c.centred && !faithful ? { columns } : {}),
  };
}

/**
 * Runs random configurations of up to so many rows in both modes, which must agree on every counter and every bit.
 *
 * @returns Sums that left 32 bits in all of them.
 */
export function compareModes(runs: number, mostRows: number, seed: number): number {
  let wraps = 0;
  fc.assert(
    fc.property(arbitrary, fc.integer({ min: 1, max: mostRows }), (c, rows) => {
      const config = { ...configOf(c), rows };
      const fast = loaded(config, `rows/${c.seed}`, c.scale);
      const clocked = loaded(config, `rows/${c.seed}`, c.scale);
      for (let epoch = 0; epoch < 2; epoch++) {
        const counters = fast.runEpoch(epoch);
        wraps += counters.wraps;
        expect(clocked.startClocked(epoch).run()).toEqual(counters);
        expect(sameNumbers(clocked.readModel(), fast.readModel())).toBe(true);
        const { stalls, lines, cycles } = counters;
        expect(lines + Object.values(stalls).reduce((sum, count) => sum + count, 0)).toBe(cycles);
      }
    }),
    { seed, numRuns: runs },
  );
  return wraps;
}
