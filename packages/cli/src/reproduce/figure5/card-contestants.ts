import { type CardCounters, type EngineLayout, type Platform, platformNamed } from "@zipml/gateway/fpga";
import { emulatedEngine } from "../../fpga/card-engine.ts";
import { descend } from "../descent.ts";
import type { Contestant, Race, TimedCurve } from "./contestant.ts";

/** How a card's rows lie. */
interface Entry {
  readonly name: string;
  readonly layout: EngineLayout;
  /** Width of the wire's codes of two draws; 0 for raw rows. */
  readonly bits: number;
}

/** What the others are compared with. */
export const float32LinesName = "float32 lines";

/** Two draws on 15 intervals are levels 0 to 15: the paper's Q4. Two on 255 are its Q8, on 3 its Q2. */
const entries: readonly Entry[] = [
  { name: float32LinesName, layout: "float32", bits: 0 },
  { name: "Q8 pairs", layout: "pairs", bits: 9 },
  { name: "Q4 pairs", layout: "pairs", bits: 5 },
  { name: "Q2 pairs", layout: "pairs", bits: 3 },
  { name: "4-bit codes", layout: "code", bits: 4 },
];

/** Copies of the rows on the card: each has coins and an order of its own, and takes memory. */
const copies = 2;

/** Seconds by the model until the end of each epoch, from 0; all epochs cost the same. */
function modelledSeconds(counters: CardCounters | undefined, epochs: number): readonly number[] {
  return Array.from({ length: epochs + 1 }, (_, epoch) => epoch * (counters?.modelledSeconds ?? Number.NaN));
}

async function runEntry({ name, layout, bits }: Entry, platform: Platform, race: Race): Promise<TimedCurve> {
  const { subject, seed } = race;
  const engine = emulatedEngine({ platform, layout, copies });
  const rows = bits === 0 ? subject.exact() : subject.encoded({ bits, seed });
  const estimator = bits === 0 ? "full" : layout === "pairs" ? "double" : "symmetric";
  const { losses } = await descend({ ...race, rows, estimator, engine });
  const { counters } = engine;
  const seconds = modelledSeconds(counters, losses.length - 1);
  return { name, clock: "modelled", seconds, losses, bytes: counters?.bytesRead ?? 0 };
}

/** An emulated card in the race, once for each layout; its clock is the model's. */
export function cardContestants(platform: Platform): readonly Contestant[] {
  return entries
    .filter(({ layout }) => platform.features[layout] !== undefined)
    .map((entry) => ({ name: entry.name, run: (race) => runEntry(entry, platform, race) }));
}

/** Those of Figure 5: the paper's card, by figures that are assumed. */
export const paperCard: readonly Contestant[] = Object.freeze(cardContestants(platformNamed("harp-v1")));
