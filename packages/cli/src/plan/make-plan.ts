import { type Coding, type Grid, gridSeedPattern, type Schema, type Scheme } from "@zipml/codec";
import {
  columnSchema,
  frameBytes,
  type PlannedGrid,
  plannedGrid,
  type Rows,
  readTable,
  rowMajor,
  taskOf,
} from "@zipml/gateway/data";
import { type PrecisionPlan, planPrecision } from "@zipml/gateway/train";
import { CliError } from "../errors.ts";
import { type OptionValues, required } from "../options.ts";
import type { planOptions } from "./options.ts";

type Values = OptionValues<typeof planOptions>;

/** One way to encode, with what it costs. */
export interface PlanCandidate {
  readonly scheme: Scheme;
  readonly coding: Coding;
  /** Bytes of frames, headers and all, over the readings in them. */
  readonly bytesPerReading: number;
}

/** What `zipml plan --json` prints, in this order. */
export interface PlanReport {
  readonly target: string;
  /** Rows that the model will be learned from. */
  readonly rows: number;
  /** Share by which the expected loss may exceed that of exact rows. */
  readonly excess: number;
  readonly scheme: Scheme;
  readonly coding: Coding;
  readonly channels: readonly {
    readonly name: string;
    readonly role: "feature" | "target";
    readonly bits: number;
    /** Width of an interval, in the channel's unit. */
    readonly step: number;
    /** Average variance of a reading's error, in the unit squared. */
    readonly variance: number;
  }[];
  readonly predicted: {
    readonly excess: number;
    readonly bytesPerReading: number;
    /** Share of frames that are lossless, because that is smaller. */
    readonly exactFrames: number;
  };
  /** Every way that was tried, smallest first. */
  readonly candidates: readonly PlanCandidate[];
  readonly smallestEigenvalue: number;
  /** Twice the standard error that the encoding gives it. */
  readonly noise: number;
  readonly isIllConditioned: boolean;
  readonly warnings: readonly string[];
}

/** A report with the grid that it tells of. */
export interface PlanOutcome {
  readonly report: PlanReport;
  readonly schema: Schema;
  readonly grid: Grid;
}

/** Readings that the bytes are measured on: the first rows up to so many. */
const mostMeasured = 1_000_000;

interface Tried extends PlanCandidate {
  readonly planned: PlannedGrid;
  readonly exactFrames: number;
}

function measured({ names, values }: Rows, perFrame: number): Rows {
  const frame = perFrame * names.length;
  return { names, values: values.subarray(0, Math.max(frame, mostMeasured - (mostMeasured % frame))) };
}

function tryAll(options: Values, schema: Schema, plan: PrecisionPlan, rows: Rows): Tried[] {
  const { samples, seed, "rows-per-frame": perFrame } = options;
  const schemes: readonly Scheme[] = options.scheme === undefined ? ["dither", "count"] : [options.scheme];
  const codings: readonly Coding[] = options.coding === undefined ? ["packed", "rice", "arithmetic"] : [options.coding];
  const sample = measured(rows, perFrame);
  const tried = schemes.flatMap((scheme) =>
    codings.map((coding): Tried => {
      const planned = plannedGrid(schema, plan, { scheme, coding, samples, seed });
      const { frames, perReading, exact } = frameBytes(sample, planned.grid, perFrame);
      return { scheme, coding, planned, bytesPerReading: perReading, exactFrames: exact / frames };
    }),
  );
  // A stable sort: of equal ones the scheme and coding named first.
  return tried.sort((a, b) => a.bytesPerReading - b.bytesPerReading);
}

function warningsOf(plan: PrecisionPlan, { planned, exactFrames }: Tried, clipped: readonly string[]): string[] {
  const wide = planned.channels.filter(({ isTooWide }) => isTooWide).map(({ name }) => name);
  const warnings = [...clipped];
  if (plan.isIllConditioned && exactFrames < 1)
    warnings.push(
      `ill-conditioned: twice the noise, ${plan.noise.toPrecision(3)}, exceeds the smallest eigenvalue ${plan.smallest.toPrecision(3)} of the features' correlation matrix; the excess may be larger than predicted`,
    );
  if (wide.length > 0 && exactFrames < 1)
    warnings.push(`16 bits are too few for ${wide.join(", ")}: the excess is larger than asked for`);
  return warnings;
}

/**
 * Reads the sample and plans: the whole of `zipml plan` but its output.
 *
 * @param options The command's options.
 * @throws DataError, TrainingError or GridError; CliError `option` for options that do not go together.
 */
export async function makePlan(options: Values): Promise<PlanOutcome> {
  const data = required("data", options.data);
  const target = required("target", options.target);
  if (options.features?.includes(target))
    throw new CliError("option", `--features must not hold the target ${JSON.stringify(target)}`);
  if (!gridSeedPattern.test(options.seed))
    throw new CliError("option", `--seed is 1 to 64 letters, digits, _ and -, not ${options.seed}`);
  const table = await readTable(data, { columns: options.features ?? "numeric", also: [target] });
  const names = [...table.names.filter((name) => name !== target), target];
  const rows = { names, values: rowMajor(table, names) };
  const plan = planPrecision(rows.values, names.length, taskOf(names), { excess: options.excess, rows: options.rows });
  const schema = columnSchema(rows, target);
  const tried = tryAll(options, schema, plan, rows);
  const best = tried[0] as Tried;
  const { planned, scheme, coding, bytesPerReading, exactFrames } = best;
  const report: PlanReport = {
    target,
    rows: plan.rows,
    excess: plan.excess,
    scheme,
    coding,
    channels: planned.channels.map(({ name, bits, step, variance }) => ({
      name,
      role: name === target ? "target" : "feature",
      bits,
      step,
      variance,
    })),
    predicted: { excess: planned.excess, bytesPerReading, exactFrames },
    candidates: tried.map((candidate) => ({
      scheme: candidate.scheme,
      coding: candidate.coding,
      bytesPerReading: candidate.bytesPerReading,
    })),
    smallestEigenvalue: plan.smallest,
    noise: plan.noise,
    isIllConditioned: plan.isIllConditioned,
    warnings: warningsOf(plan, best, table.warnings),
  };
  return { report, schema, grid: planned.grid };
}
