import type { Platform } from "./platform.ts";

/** How values were put into codes: see {@link AcceleratorConfig.faithful}. */
export type HardwareRange = "unit" | "signed";

/** A layout with its widths. Values in lanes are v = code · 2^−bits unless the comment says otherwise. */
export type LayoutSpec =
  /** Q = 1, 2, 4 or 8: indices j of two draws, 0 … 2^Q − 1. */
  | { readonly kind: "pairs"; readonly bits: 1 | 2 | 4 | 8 }
  /**
   * b = 2 … 8: codes 2·j + u of two draws, of which the datapath uses mean and correction. With `draws` 1, b = 1 … 8: indices
   * of one draw without correction, the naive control that is biased.
   */
  | { readonly kind: "code"; readonly bits: number; readonly draws: 1 | 2 }
  /** v as float32. */
  | { readonly kind: "float32" }
  /** One draw in Q = 1, 2, 4, 8 bits, or float32 with 32; the label a float32 in a beat of its own. */
  | { readonly kind: "beats"; readonly bits: 1 | 2 | 4 | 8 | 32 }
  /** The first p = 1 … 31 bit planes of v in [0, 1), truncated. */
  | { readonly kind: "weave"; readonly bits: number };

/**
 * What turns v in [0, 1) into a centred column, in the corrected design: applied to sums once a mini-batch, so that lanes
 * stay as narrow as the codes. Training is then on v + centre with a step of its own for every column.
 */
export interface ColumnConstants {
  /** c in units of 2⁻¹⁵, −65,535 … 65,535: minus the column's mean of v. Length n. */
  readonly centre?: Int32Array | undefined;
  /** Added to the right shift of the gradient, −31 … 31: the column's step is 2^−(stepShift + shift). Length n. */
  readonly shift?: Int8Array | undefined;
}

/** What an accelerator is made for. Everything but the step and the model stays as it is over epochs. */
export interface AcceleratorConfig {
  readonly platform: Platform;
  readonly layout: LayoutSpec;
  /** Rows of one copy, 1 … 2³¹ − 1; of `weave`, whose lines hold eight rows, the last eight are filled up with zeros. */
  readonly rows: number;
  /** n, up to what the platform keeps on chip. A constant column for an intercept is one of them. */
  readonly features: number;
  /** Rows of a mini-batch, 1 … 65,536: a power of two unless faithful; of `weave` at least 8. */
  readonly batch: number;
  /** The step is 2^−stepShift, 0 … 31: by it the residual is shifted right before it is multiplied. */
  readonly stepShift: number;
  /** Independent copies of the data set one behind the other; an epoch e reads copy e mod copies. Default 1. */
  readonly copies?: number | undefined;
  /**
   * The original's behaviour: gradients summed and not averaged over a mini-batch (but `weave`, which folds log₂ B into the shift), the
   * model read by dot products refreshed where (row and (B − 1)) = B − 1 and at the last row, no interlock (stale and torn
   * reads), wraps counted and not refused, and the hardware's own codes as `range` says. Not for `code`. Default false.
   */
  readonly faithful?: boolean | undefined;
  /**
   * Faithful `pairs` and `beats` only. `unit` (default): v = code/2^(Q−1) for codes 0 … 2^(Q−1), that is 2^(Q−1) + 1 levels on
   * [0, 1]. `signed`: two's complement, v = code/2^(Q−2) on [−1, 1]; not at Q = 1.
   */
  readonly range?: HardwareRange | undefined;
  /** Adders stop at the ends of 32 bits in place of wrapping; such sums are counted and no error. Default false. */
  readonly saturating?: boolean | undefined;
  /** Corrected design only. */
  readonly columns?: ColumnConstants | undefined;
}

/** How lines hold the rows of a configuration. */
export interface Shape {
  /** Features that a full line carries, E. */
  readonly featuresPerLine: number;
  /** Lines of one row; of `weave`, of eight rows. */
  readonly linesPerRow: number;
  /** Lines of one copy: what an epoch reads. */
  readonly lines: number;
  /** 32-bit words of one copy. */
  readonly words: number;
  /** Bytes of a line: 64, or 8 for beats. */
  readonly lineBytes: number;
  /** Lanes at work, and cycles for which a line occupies them. */
  readonly lanes: number;
  readonly cyclesPerLine: number;
  /** Levels of the adder tree, log₂ of the lanes rounded up. */
  readonly treeLevels: number;
  /** Rows that one group of lines holds: 8 for `weave`, 1 for others. */
  readonly rowsPerGroup: number;
}

/** Cycles in which no line entered the lanes, by cause. With the lines they sum to the epoch's cycles. */
export interface Stalls {
  /** No line was there: bandwidth or latency of memory. */
  readonly memory: number;
  /** The model was being updated: the corrected design waits for it, the original does not. */
  readonly hazard: number;
  /** A line of more features than lanes was still being taken. */
  readonly rate: number;
  /** The FIFO of lines that wait for their residual was full. */
  readonly fifo: number;
  /** The last rows were still on their way through the pipeline. */
  readonly drain: number;
  /** The model was being written back to memory. */
  readonly writeBack: number;
}

/** What one epoch cost. Cycles and bytes depend on the configuration alone, never on the data. */
export interface EpochCounters {
  readonly cycles: number;
  /** cycles / clock. Modelled: no measurement of a card. */
  readonly modelledSeconds: number;
  readonly rows: number;
  readonly lines: number;
  /** Bytes of the lines read; exact. */
  readonly bytesRead: number;
  /** Bytes of labels that lie apart from the lines (`weave`), not on the modelled channel. */
  readonly labelBytes: number;
  readonly bytesWritten: number;
  readonly stalls: Stalls;
  /** Sums that left 32 bits, wrapped or saturated. Always 0 in the corrected design, unless saturating. */
  readonly wraps: number;
}

/** An epoch in fast mode: it advances by rows, with the same cycles and the same model to the bit as the clocked mode. */
export interface FastEpoch {
  /** Rows that are through. */
  readonly rows: number;
  readonly done: boolean;
  /**
   * Takes that many rows more, rounded up to whole groups; the last call also brings the model up to date.
   *
   * @returns True when the epoch is over.
   * @throws `AcceleratorError` `wrap`: the epoch is then over and the model is not to be used.
   */
  advance(rows: number): boolean;
  /** @throws `AcceleratorError` `state` while the epoch runs. */
  counters(): EpochCounters;
}

/** Where a line is: row group (a row; eight rows of `weave`) and line within it, from 0. */
export interface LinePlace {
  readonly group: number;
  readonly line: number;
}

/** The datapath at the end of a cycle. All arrays are copies. Numbers are 32-bit words with 23 fraction bits. */
export interface PipelineState {
  /** Cycles done. */
  readonly cycle: number;
  /** Lines asked for, delivered and taken by the lanes, since the epoch's start. */
  readonly requested: number;
  readonly delivered: number;
  readonly issued: number;
  /** Why no line entered in this cycle; undefined where one did. */
  readonly stall: keyof Stalls | undefined;
  /** Stages from the lanes to the dot product's accumulator, the youngest first: what is in each. */
  readonly dotStages: readonly (LinePlace | undefined)[];
  /** Words in the adder tree's levels, products first: those of the line that is in the level; empty where none is. */
  readonly tree: readonly Int32Array[];
  /** Sum of the lines so far of the row that is being accumulated; one number, eight of `weave`. */
  readonly accumulator: Float64Array;
  /** Shifted residual of the last row that has one; as many numbers. */
  readonly residual: Int32Array;
  /** Lines in the FIFO that wait for their residual or their turn. */
  readonly rowFifo: number;
  /** Stages from the FIFO to the model or the gradient's sum. */
  readonly gradientStages: readonly (LinePlace | undefined)[];
  /** Model as the dot products read it. */
  readonly model: Int32Array;
  /** Faithful: the model that every row updates. Corrected: the gradient's sum over the mini-batch. */
  readonly staged: Int32Array;
  /** Corrected: features that the update of this mini-batch has reached; undefined where none is running. */
  readonly updating: number | undefined;
}

/** An epoch in clocked mode. */
export interface ClockedEpoch {
  readonly done: boolean;
  /**
   * One cycle.
   *
   * @returns True when the epoch is over.
   * @throws `AcceleratorError` `wrap`.
   */
  step(): boolean;
  /** All cycles that are left. */
  run(): EpochCounters;
  state(): PipelineState;
  /** @throws `AcceleratorError` `state` while the epoch runs. */
  counters(): EpochCounters;
}

/**
 * The datapath with its on-chip memory, without a driver: lines are handed in, the model is read out. One epoch runs at a
 * time. Made by `createAccelerator`.
 */
export interface Accelerator {
  readonly config: AcceleratorConfig;
  readonly shape: Shape;
  /**
   * Hands in the memory that epochs read: `copies` times `shape.words` words, made by the layout's encoder. Kept, not copied:
   * a word that changes afterwards is read changed.
   *
   * @param labels Of `weave` only: a word for each row.
   * @throws `AcceleratorError` `shape`, or `state` while an epoch runs.
   */
  load(lines: Uint32Array, labels?: Int32Array): void;
  /** Sets the model, n words; zeros after making. Copied. @throws `AcceleratorError` `shape` or `state`. */
  writeModel(model: Int32Array): void;
  /** The model, n words: a copy. @throws `AcceleratorError` `state` while an epoch runs. */
  readModel(): Int32Array;
  /** The step 2^−shift of the epochs from now on. @throws `AcceleratorError` `options` or `state`. */
  setStepShift(shift: number): void;
  /** Starts epoch e, from 0, on copy e mod copies. @throws `AcceleratorError` `state` or `options`. */
  startFast(epoch: number): FastEpoch;
  /** As {@link Accelerator.startFast}, cycle by cycle. */
  startClocked(epoch: number): ClockedEpoch;
  /** A whole epoch in fast mode. */
  runEpoch(epoch: number): EpochCounters;
}
