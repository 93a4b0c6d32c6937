import type { Figure, LineSeries } from "@zipml/report";
import { lastLoss, tunedDescent } from "../descent.ts";
import { type Claim, type Desk, type Experiment, type Outcome, verdictOf } from "../experiment.ts";
import { cardClaim } from "../figure5/card-claim.ts";
import { paperCard } from "../figure5/card-contestants.ts";
import type { ClockName, TimedCurve } from "../figure5/contestant.ts";
import { contestants, float32Name, hogwildName, packedName } from "../figure5/contestants.ts";
import { percentAbove, short } from "../plots.ts";
import { syntheticSet } from "../sets/generated.ts";
import { subjectOf } from "../sets/subject.ts";

const clocks: readonly ClockName[] = ["measured", "modelled"];

/** Final losses this close are the same solution. */
const bar = 1.02;

/** Seconds of a usual epoch: the median. */
function epochSeconds({ seconds }: TimedCurve): number {
  const each = seconds.slice(1).map((end, i) => end - (seconds[i] as number));
  each.sort((a, b) => a - b);
  return each[Math.floor(each.length / 2)] ?? Number.NaN;
}

/** From the first epoch on: a logarithmic axis has no 0, and shows who comes down sooner. */
function figureOf(clock: ClockName, curves: readonly TimedCurve[], name: string): Figure {
  const isMeasured = clock === "measured";
  const series = curves.map(({ name: curve, seconds, losses }): LineSeries => {
    return { kind: "line", name: curve, x: seconds.slice(1), y: losses.slice(1, seconds.length) };
  });
  return {
    title: `${name}: loss against ${isMeasured ? "measured" : "modelled"} time`,
    subtitle: `a point an epoch; ${isMeasured ? "seconds in epochs on this machine" : "seconds that the model of the accelerator gives"}`,
    x: { label: `time in epochs (s, ${clock})`, scale: "log" },
    y: { label: "training loss, 1 − R² on exact rows", scale: "log" },
    series,
  };
}

function claimsOf(curves: readonly TimedCurve[]): Claim[] {
  const find = (name: string) => curves.find((curve) => curve.name === name);
  const [float32, hogwild, packed] = [find(float32Name), find(hogwildName), find(packedName)];
  const final = curves.map(({ losses }) => losses.at(-1) ?? Number.NaN);
  const apart = Math.max(...final) / Math.min(...final);
  const ratio = (slow: TimedCurve | undefined) =>
    slow === undefined || packed === undefined ? Number.NaN : epochSeconds(slow) / epochSeconds(packed);
  const bytes = float32 === undefined || packed === undefined ? Number.NaN : float32.bytes / packed.bytes;
  return [
    {
      paper: "All approaches converge to the same solution (section 4.1)",
      measured: `final losses differ by ${percentAbove(apart)}; bar: 2 %`,
      verdict: verdictOf(apart <= bar),
    },
    {
      paper: "Quantized data converge 6 to 7 times faster than full precision and Hogwild! (section 4.1, on an FPGA)",
      measured: `on this processor an epoch of ${packedName} on one thread takes ${short(ratio(float32))} times less time than float32 on one, ${short(ratio(hogwild))} times less than Hogwild! on all; bar: 6 over both`,
      verdict: verdictOf(ratio(float32) >= 6 && ratio(hogwild) >= 6),
      why: "an FPGA is bound by memory and gains what it reads less; a processor's kernels are bound by arithmetic once the rows are in its caches",
    },
    {
      paper: "Quantized data save up to 8 times the memory bandwidth (section 4.1)",
      measured: `an epoch reads ${short(bytes)} times fewer bytes of features at 4 bits; bar: 8`,
      verdict: verdictOf(bytes >= 7.9),
    },
  ];
}

async function run(desk: Desk): Promise<Outcome> {
  const { quick, seed, signal, say } = desk;
  const [features, rows] = quick ? [300, 10_000] : [1000, 30_000];
  const subject = subjectOf(syntheticSet(features, seed, rows));
  const [batch, epochs] = [512, quick ? 10 : 20];
  say("step at full precision");
  const full = await tunedDescent({ subject, batch, epochs, seed, signal });
  const race = { subject, step: full.step, batch, epochs, seed, signal };
  const curves: TimedCurve[] = [];
  for (const contestant of [...contestants, ...paperCard]) {
    say(contestant.name);
    curves.push(await contestant.run(race));
  }
  const shown = clocks
    .map((clock) => ({ clock, of: curves.filter((curve) => curve.clock === clock) }))
    .filter(({ of }) => of.length > 0);
  return {
    claims: shown.flatMap(({ clock, of }) => (clock === "measured" ? claimsOf(of) : cardClaim(of))),
    figures: shown.map(({ clock, of }) => figureOf(clock, of, subject.name)),
    tables: shown.map(({ clock, of }) => ({
      kind: "table",
      head: ["engine", `seconds an epoch, ${clock}`, "bytes an epoch", "final loss above float32's"],
      rows: of.map((curve) => [
        curve.name,
        short(epochSeconds(curve)),
        curve.bytes,
        percentAbove((curve.losses.at(-1) ?? Number.NaN) / lastLoss(full)),
      ]),
    })),
    notes: [
      `${subject.name}, ${rows} rows. The rows are packed before the first epoch and the time for it is not counted, as in the paper.`,
      "Modelled is the emulated card harp-v1, at a clock and bandwidth that are assumed; its bytes are those of whole lines, labels included, of the others those of features.",
      "Hogwild! writes one model from several threads: its losses differ from run to run too.",
    ],
  };
}

/** Figure 5: loss against time. */
export const figure5: Experiment = {
  id: "figure5",
  title: "Loss against time",
  paper: "Figure 5",
  isTimed: true,
  run,
};
