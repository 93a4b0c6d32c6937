import { GridError } from "@zipml/codec";
import { float32Engine } from "@zipml/gateway/engines";
import type { Platform } from "@zipml/gateway/fpga";
import { descend } from "../reproduce/descent.ts";
import { cardContestants } from "../reproduce/figure5/card-contestants.ts";
import type { TimedCurve } from "../reproduce/figure5/contestant.ts";
import { contestants } from "../reproduce/figure5/contestants.ts";
import { generatedSet } from "../reproduce/sets/generated.ts";
import { type Subject, subjectOf } from "../reproduce/sets/subject.ts";
import type { DataShape } from "./report-options.ts";

/** Loss against time on synthetic data of one shape. */
export interface Raced {
  /** Engines on this machine: their seconds differ from run to run. */
  readonly measured: readonly TimedCurve[];
  /** The card: its seconds are the model's, its losses the emulation's. */
  readonly modelled: readonly TimedCurve[];
  /** Who did not run, and why. */
  readonly notes: readonly string[];
}

/** What {@link raceOn} takes. */
export interface RaceOptions {
  readonly platform: Platform;
  readonly shape: DataShape;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  say(line: string): void;
}

/** Values that are generated and trained on at most: beyond, time and memory are better spent. */
const mostValues = 3e7;

/** The automatic first step at full precision, which everyone takes. */
async function firstStep(subject: Subject, { batch, seed, signal }: RaceOptions): Promise<number> {
  const engine = float32Engine({ memory: 2 ** 31 });
  const rows = subject.exact();
  const { step } = await descend({
    ...{ subject, rows, batch, seed, signal, engine },
    estimator: "full",
    epochs: 1,
    step: "auto",
  });
  return Math.min(step, 1);
}

/** Trains every engine and the card on synthetic data of a shape. */
export async function raceOn(options: RaceOptions): Promise<Raced> {
  const { platform, shape, batch, epochs, seed, signal, say } = options;
  const { rows, features } = shape;
  if (rows * features > mostValues) {
    const note = `not trained on: ${rows * features} values are more than the ${mostValues} that this report trains on`;
    return { measured: [], modelled: [], notes: [note] };
  }
  const name = `synthetic ${rows} x ${features}`;
  const subject = subjectOf(generatedSet({ name, features, rows, testRows: 1, seed }));
  const race = { subject, step: await firstStep(subject, options), batch, epochs, seed, signal };
  const curves: TimedCurve[] = [];
  const notes: string[] = [];
  for (const contestant of [...contestants, ...cardContestants(platform)]) {
    signal.throwIfAborted();
    say(`${name}: ${contestant.name}`);
    try {
      curves.push(await contestant.run(race));
    } catch (error) {
      if (!(error instanceof GridError)) throw error;
      notes.push(`${contestant.name} did not run: ${error.message}`);
    }
  }
  const of = (clock: TimedCurve["clock"]) => curves.filter((curve) => curve.clock === clock);
  return { measured: of("measured"), modelled: of("modelled"), notes };
}
