import type { LinePlace } from "../accelerator.ts";
import { type Datapath, residualsInto } from "../exact-rows.ts";
import type { Latencies } from "../timing.ts";

/** A part of a line on its way through multipliers and adder tree. */
interface Entry {
  readonly group: number;
  readonly line: number;
  readonly endsRow: boolean;
  /** Products, then the sums of the level it has reached; for each bank 2^treeLevels words of which the first count. */
  readonly words: Int32Array;
}

/** A row's residuals, and the cycles until they are in the register. */
interface Waiting {
  readonly group: number;
  readonly residuals: Float64Array;
  left: number;
}

/** From the lanes to the residual: multipliers, adder tree, accumulator, subtraction and shift, a register each. */
export class DotPipeline {
  readonly #path: Datapath;
  readonly #latencies: Latencies;
  readonly #stages: (Entry | undefined)[];
  readonly #waiting: Waiting[] = [];
  /** The model's words for the features in the lanes. */
  #held = new Int32Array(0);
  /** Sums of the lines so far. */
  readonly totals: Float64Array;
  /** Residuals of the row that was last to have some. */
  residuals: Float64Array;
  /** The row whose sums were last added to. */
  group = 0;

  constructor(path: Datapath, latencies: Latencies) {
    this.#path = path;
    this.#latencies = latencies;
    const { multiply, tree, accumulate } = latencies;
    this.#stages = new Array<Entry | undefined>(multiply + tree + accumulate + 1).fill(undefined);
    this.totals = new Float64Array(path.lanes.banks);
    this.residuals = new Float64Array(path.lanes.banks);
  }

  /** What one part of a line brings in: the model's words are read in this cycle. */
  enter(group: number, line: number, part: number): Entry {
    const { shape, adders, lanes, memory, firstLine } = this.#path;
    const words = new Int32Array(lanes.banks * 2 ** shape.treeLevels);
    if (part === 0 && memory.isFirstPlane(line)) this.#held = memory.held(memory.groupOf(line)).slice();
    lanes.products(adders, firstLine + group * shape.linesPerRow + line, line, this.#held, part, words);
    const endsRow = line === shape.linesPerRow - 1 && part === shape.cyclesPerLine - 1;
    return { group, line, endsRow, words };
  }

  /**
   * One cycle: everything moves on by a register.
   *
   * @param entry What entered in this cycle.
   * @returns The row whose residuals have come into their register, with a copy of them.
   */
  step(entry: Entry | undefined): { group: number; residuals: Float64Array } | undefined {
    const { multiply, tree, accumulate } = this.#latencies;
    this.#stages.pop();
    this.#stages.unshift(entry);
    for (let level = 1; level < tree; level++) this.#sumLevel(this.#stages[multiply + 1 + level], level);
    const ready = this.#stepResiduals();
    const last = this.#stages[multiply + tree + accumulate];
    if (last !== undefined) this.#accumulate(last);
    return ready;
  }

  #sumLevel(entry: Entry | undefined, level: number): void {
    if (entry === undefined) return;
    const { shape, adders, lanes } = this.#path;
    const size = 2 ** shape.treeLevels;
    for (let bank = 0; bank < lanes.banks; bank++)
      adders.level(entry.words.subarray(bank * size, (bank + 1) * size), size >> (level - 1));
  }

  #accumulate({ group, line, endsRow, words }: Entry): void {
    const { shape, adders, lanes } = this.#path;
    const size = 2 ** shape.treeLevels;
    this.group = group;
    for (let bank = 0; bank < lanes.banks; bank++)
      this.totals[bank] = lanes.accumulate(adders, this.totals[bank] as number, words[bank * size] as number, line);
    if (!endsRow) return;
    const dots = this.totals.map((total) => lanes.dotOf(adders, total));
    const residuals = new Float64Array(lanes.banks);
    residualsInto(this.#path, group, dots, residuals);
    this.#waiting.push({ group, residuals, left: this.#latencies.residual });
    this.totals.fill(0);
  }

  #stepResiduals(): { group: number; residuals: Float64Array } | undefined {
    for (const row of this.#waiting) row.left -= 1;
    const first = this.#waiting[0];
    if (first === undefined || first.left > 0) return undefined;
    this.#waiting.shift();
    this.residuals = first.residuals;
    return first;
  }

  /** Which line each stage holds, the lanes first. */
  places(): (LinePlace | undefined)[] {
    return this.#stages.map((entry) => entry && { group: entry.group, line: entry.line });
  }

  /** The words in the tree's levels, products first: copies. */
  tree(): Int32Array[] {
    const { shape, lanes } = this.#path;
    const size = 2 ** shape.treeLevels;
    return Array.from({ length: shape.treeLevels + 1 }, (_, level) => {
      const entry = this.#stages[this.#latencies.multiply + 1 + level];
      if (entry === undefined) return new Int32Array(0);
      const count = size >> level;
      const out = new Int32Array(lanes.banks * count);
      for (let bank = 0; bank < lanes.banks; bank++)
        out.set(entry.words.subarray(bank * size, bank * size + count), bank * count);
      return out;
    });
  }
}
