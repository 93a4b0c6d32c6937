import { type Block, plot, renderPage, type Section } from "@zipml/report";
import type { Claim, Experiment, Outcome } from "./experiment.ts";

/** An experiment that has run. */
export interface Finished {
  readonly experiment: Experiment;
  readonly outcome: Outcome;
}

function claimsTable(claims: readonly Claim[]): Block {
  return {
    kind: "table",
    head: ["the paper", "measured", "verdict", "why"],
    rows: claims.map(({ paper, measured, verdict, why = "" }) => [paper, measured, verdict, why]),
  };
}

async function sectionOf({ experiment, outcome }: Finished): Promise<Section> {
  const { title, paper, isTimed } = experiment;
  const blocks: Block[] = [claimsTable(outcome.claims)];
  for (const figure of outcome.figures)
    blocks.push({ kind: "figure", svg: await plot(figure), alt: figure.description ?? figure.title });
  for (const { svg, alt, caption } of outcome.pictures ?? []) blocks.push({ kind: "figure", svg, alt, caption });
  blocks.push(...outcome.tables);
  const words = [...outcome.notes, ...(isTimed ? ["Times are measured and differ from run to run."] : [])];
  if (words.length > 0) blocks.push({ kind: "text", text: words.join("\n\n") });
  return { heading: `${paper}: ${title}`, blocks };
}

/** How many claims came to what. */
export function tally(claims: readonly Claim[]): string {
  const count = (verdict: Claim["verdict"]) => claims.filter((claim) => claim.verdict === verdict).length;
  const missing = count("not measured");
  return `${count("holds")} of ${claims.length} claims hold, ${count("does not hold")} do not${missing > 0 ? `, ${missing} could not be measured` : ""}`;
}

/** The whole reproduction as one HTML page that needs nothing beside it. */
export async function reproductionPage(
  finished: readonly Finished[],
  { quick, seed }: { readonly quick: boolean; readonly seed: number },
): Promise<string> {
  const sections: Section[] = [];
  for (const one of finished) sections.push(await sectionOf(one));
  const claims = finished.flatMap(({ outcome }) => outcome.claims);
  return renderPage({
    title: "ZipML, reproduced",
    lead: `The experiments of Zhang et al., ZipML (ICML 2017), that concern linear models, run with this project's own quantizer and trainer. Seed ${seed}, ${quick ? "quick run: fewer rows and epochs" : "full run"}. ${tally(claims)}. All figures but measured times repeat to the bit.`,
    sections,
  });
}
