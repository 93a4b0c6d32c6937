import type { Figure, TableBlock } from "@zipml/report";
import type { Claim, Experiment, Outcome } from "./experiment.ts";

/** One experiment as it is printed. */
export interface ExperimentReport {
  readonly id: string;
  readonly title: string;
  readonly paper: string;
  /** Whether its figures are times, which differ from run to run; all else repeats to the bit. */
  readonly isTimed: boolean;
  readonly claims: readonly Claim[];
  readonly figures: readonly Figure[];
  readonly tables: readonly Pick<TableBlock, "caption" | "head" | "rows">[];
  readonly notes: readonly string[];
}

/** What `zipml reproduce --json` prints: one object, in this order. */
export interface ReproductionReport {
  readonly name: "reproduce";
  readonly quick: boolean;
  readonly seed: number;
  readonly experiments: readonly ExperimentReport[];
  /** Seconds each experiment took, measured. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** Columns of typed arrays as lists, which JSON shows as such. */
function plain(figure: Figure): Figure {
  return JSON.parse(
    JSON.stringify(figure, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value,
    ),
  );
}

/** An experiment and what it found, as it is printed. */
export function reportOf({ id, title, paper, isTimed }: Experiment, outcome: Outcome): ExperimentReport {
  const { claims, figures, tables, notes } = outcome;
  return {
    ...{ id, title, paper, isTimed, claims, notes },
    figures: figures.map(plain),
    tables: tables.map(({ caption, head, rows }) => ({ ...(caption !== undefined && { caption }), head, rows })),
  };
}
