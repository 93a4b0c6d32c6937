import {
  type AcceleratorConfig,
  AcceleratorError,
  countEpoch,
  type EpochCounters,
  estimateResources,
  type LayoutSpec,
  linesPerRow,
  type Platform,
} from "@zipml/gateway/fpga";
import type { DataShape } from "./report-options.ts";

/** One layout at one precision: all of it modelled, and the same on every machine. */
export interface ModelledLayout {
  /** "float32", "pairs Q4", "code 4 bits", "weave 4 planes" or "beats Q4". */
  readonly name: string;
  readonly layout: LayoutSpec;
  /** Of `weave` for eight rows. */
  readonly linesPerRow: number;
  readonly lines: number;
  readonly bytesRead: number;
  readonly cycles: number;
  readonly modelledSeconds: number;
  readonly stalls: EpochCounters["stalls"];
  /** Time of float32 lines over this one's; null where the platform does not hold them. */
  readonly speedupOverFloat32: number | null;
  /** By formulas, not by synthesis. */
  readonly resources: {
    readonly lanes: number;
    readonly multipliers: number;
    readonly blocks: number;
    readonly fits: boolean;
  };
}

/** What a platform makes of a shape. */
export interface Sweep {
  readonly layouts: readonly ModelledLayout[];
  /** What it does not hold, and why. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

/** The first of them that a platform runs is what the others are compared with. */
const layouts: readonly LayoutSpec[] = [
  { kind: "float32" },
  { kind: "beats", bits: 32 },
  ...([8, 4, 2, 1] as const).map((bits) => ({ kind: "pairs", bits }) as const),
  ...[8, 6, 4, 3, 2].map((bits) => ({ kind: "code", bits, draws: 2 }) as const),
  ...[8, 4, 2, 1].map((bits) => ({ kind: "weave", bits }) as const),
  ...([8, 4, 2, 1] as const).map((bits) => ({ kind: "beats", bits }) as const),
];

function nameOf(layout: LayoutSpec): string {
  if (layout.kind === "float32") return "float32";
  if (layout.kind === "code") return `code ${layout.bits} bits`;
  if (layout.kind === "weave") return `weave ${layout.bits} ${layout.bits === 1 ? "plane" : "planes"}`;
  return layout.bits === 32 ? "beats float32" : `${layout.kind} Q${layout.bits}`;
}

const isFloat = (layout: LayoutSpec): boolean =>
  layout.kind === "float32" || (layout.kind === "beats" && layout.bits === 32);

function configOf(platform: Platform, layout: LayoutSpec, { rows, features }: DataShape, batch: number) {
  const isCentred = !isFloat(layout);
  const columns = { centre: new Int32Array(features), shift: new Int8Array(features) };
  const config = { platform, layout, rows, features, batch, stepShift: 0 };
  return (isCentred ? { ...config, columns } : config) satisfies AcceleratorConfig;
}

function modelled(config: AcceleratorConfig): ModelledLayout {
  const { cycles, modelledSeconds, lines, bytesRead, stalls } = countEpoch(config);
  const { lanes, multipliers, totalBlocks, fits } = estimateResources(config);
  return {
    name: nameOf(config.layout),
    layout: config.layout,
    linesPerRow: linesPerRow(config.layout, config.features),
    ...{ lines, bytesRead, cycles, modelledSeconds, stalls },
    speedupOverFloat32: null,
    resources: { lanes, multipliers, blocks: totalBlocks, fits },
  };
}

/** Every layout and precision that a platform runs, on one shape. @param batch Rows of a mini-batch, a power of two from 8 on. */
export function sweep(platform: Platform, shape: DataShape, batch: number): Sweep {
  const found: ModelledLayout[] = [];
  const refused: { name: string; reason: string }[] = [];
  for (const layout of layouts) {
    if (platform.features[layout.kind] === undefined) continue;
    try {
      found.push(modelled(configOf(platform, layout, shape, batch)));
    } catch (error) {
      if (!(error instanceof AcceleratorError && error.code === "capacity")) throw error;
      refused.push({ name: nameOf(layout), reason: error.message });
    }
  }
  const base = found.find(({ layout }) => isFloat(layout));
  const over = ({ modelledSeconds }: ModelledLayout) =>
    base === undefined ? null : base.modelledSeconds / modelledSeconds;
  return { layouts: found.map((one) => ({ ...one, speedupOverFloat32: over(one) })), refused };
}
