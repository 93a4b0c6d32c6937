import { type Claim, verdictOf } from "../experiment.ts";
import { short } from "../plots.ts";
import { float32LinesName } from "./card-contestants.ts";
import type { TimedCurve } from "./contestant.ts";

/** A loss this close to that of float32 lines is the same solution. */
const same = 1.02;

/** Seconds until the loss is at most a bar, by straight line between two epochs; infinity if never. */
function secondsTo({ seconds, losses }: TimedCurve, bar: number): number {
  const at = losses.findIndex((loss) => loss <= bar);
  if (at < 0) return Number.POSITIVE_INFINITY;
  if (at === 0) return 0;
  const [before, here] = [losses[at - 1] as number, losses[at] as number];
  const [start, end] = [seconds[at - 1] as number, seconds[at] as number];
  return start + ((end - start) * (before - bar)) / (before - here);
}

/** What the modelled card has to say to the paper's claim. @param curves Those of its clock, float32 lines among them. */
export function cardClaim(curves: readonly TimedCurve[]): readonly Claim[] {
  const base = curves.find(({ name }) => name === float32LinesName);
  if (base === undefined) return [];
  const bar = same * (base.losses.at(-1) ?? Number.NaN);
  const gains = curves
    .filter((curve) => curve !== base)
    .map((curve) => ({ name: curve.name, gain: secondsTo(base, bar) / secondsTo(curve, bar) }));
  const told = gains.map(({ name, gain }) => (gain > 0 ? `${short(gain)} times from ${name}` : `never from ${name}`));
  return [
    {
      paper: "On the FPGA quantized data converge 6 to 7 times faster than full precision (section 4.1)",
      measured: `modelled, not measured: within 2 % of the final loss of ${base.name} in less time by ${told.join(", ")}; bar: 6 by one`,
      verdict: verdictOf(gains.some(({ gain }) => gain >= 6)),
      why: "clock and bandwidth of the card are assumed: no source gives them; codes of base and count are no layout of the paper. A card bound by memory gains what it reads less, two draws of Q bits a value at a time",
    },
  ];
}
