import { TrainingError } from "./errors.ts";
import type { ClassLossName } from "./losses.ts";
import type { SampleBlock, Task } from "./samples.ts";

/** The two values of a target that names classes. */
export interface Labels {
  /** The smaller value: class −1. */
  readonly negative: number;
  /** The larger value: class +1. */
  readonly positive: number;
}

/** What a model of classes knows: its loss, and which values of the target its decisions −1 and +1 stand for. */
export interface ModelClasses extends Labels {
  readonly loss: ClassLossName;
}

/** Labels may have been float32 on their way: as close as this, in shares of the larger, they are the same. */
const closeness = 1e-6;

const isSame = (a: number, b: number): boolean => Math.abs(a - b) <= closeness * Math.max(Math.abs(a), Math.abs(b));

/** +1 or −1 for a value of the target, 0 for one that is no label. */
export function signOf({ negative, positive }: Labels, value: number): -1 | 0 | 1 {
  if (isSame(value, positive)) return 1;
  return isSame(value, negative) ? -1 : 0;
}

/** Finds the labels of a source, a block at a time. */
export interface LabelFinder {
  /** @throws {@link TrainingError} `target` for a third value. */
  add(block: SampleBlock): void;
  /** @throws {@link TrainingError} `target` where there is one value only. */
  labels(): Labels;
}

/**
 * The labels are the two values that the target takes, the larger one +1. A dithered target has lost its values: there the
 * labels are the ends of its range, and every row must lie within a step of one of them.
 *
 * @param known Labels of a model to go on from: rows may then show one of them alone, and no other.
 */
export function createLabelFinder({ target }: Task, known?: Labels): LabelFinder {
  const found: number[] = known === undefined ? [] : [known.negative, known.positive];
  const note = (value: number): void => {
    if (found.some((known) => isSame(known, value))) return;
    found.push(value);
    if (found.length <= 2) return;
    const three = [...found].sort((a, b) => a - b).join(", ");
    const advice = "where encoding rounded them, use the labels as the target's range or leave it unencoded";
    throw new TrainingError("target", `target ${target.name} must have two values, and has ${three}; ${advice}`);
  };
  const noteDithered = (block: SampleBlock & { readonly kind: "decoded" }): void => {
    const channel = block.quantizer.channels[target.column];
    if (channel === undefined) return;
    const { low, high } = channel;
    const step = Math.sqrt(12 * channel.spread(0));
    const width = block.quantizer.channels.length;
    for (let at = target.column; at < block.means.length; at += width) {
      const value = block.means[at] as number;
      if (Math.abs(value - low) <= step) note(low);
      else if (Math.abs(value - high) <= step) note(high);
      else
        throw new TrainingError(
          "target",
          `target ${target.name}: ${value} is neither end of its range ${low} to ${high}`,
        );
    }
  };
  return {
    add: (block) => {
      if (block.kind !== "values" && block.targets !== undefined) for (const value of block.targets) note(value);
      else if (block.kind === "decoded") noteDithered(block);
      else if (block.kind === "values") {
        const width = block.values.length / Math.max(block.rows, 1);
        for (let at = target.column; at < block.values.length; at += width)
          note(Math.fround(block.values[at] as number));
      } else {
        const { channels } = block.quantizer;
        const codes = new Set<number>();
        for (let at = target.column; at < block.codes.length; at += channels.length)
          codes.add(block.codes[at] as number);
        for (const code of codes) note(channels[target.column]?.mean(code) ?? 0);
      }
    },
    labels: () => {
      const [a, b] = found;
      if (a === undefined || b === undefined)
        throw new TrainingError("target", `target ${target.name} must have two values, and has ${a ?? "none"}`);
      return { negative: Math.min(a, b), positive: Math.max(a, b) };
    },
  };
}
