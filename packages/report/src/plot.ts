import type { Spec } from "vega";
import { checkFigure } from "./check-figure.ts";
import { escapeText } from "./escape.ts";
import type { Figure } from "./figure.ts";
import { type FrameSize, specOf } from "./spec.ts";
import { textWidth } from "./text-width.ts";

/** The part of the library's text measuring that its types leave out. */
interface TextMetrics {
  width(item: { readonly fontSize?: number }, text: unknown): number;
}

async function draw(spec: Spec): Promise<string> {
  const vega = await import("vega");
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics };
  // The library's own guess is too wide, and with a native canvas installed it would measure: other bytes elsewhere.
  textMetrics.width = ({ fontSize = 11 }, text) => textWidth(String(text ?? ""), fontSize);
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * Numbers clip paths from 0 within a figure, where the library counts them on from figure to figure, and takes out its
 * roles of parts: to a reader who can't see it the figure is one image, with one description.
 */
function tidied(svg: string): string {
  const ids = new Map<string, number>();
  const name = (_: string, before: string, id: string) => {
    const number = ids.get(id) ?? ids.size;
    ids.set(id, number);
    return `${before}frame${number}`;
  };
  return svg.replace(/<[^>]+>/g, (tag) =>
    tag.replace(/ (?:role|aria-[a-z]+)="[^"]*"/g, "").replace(/(\bid="|url\(#)clip(\d+)/g, name),
  );
}

function sizeOf(svg: string): FrameSize {
  const [, width, height] = /^<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

/** Says what is seen, to those who can't. */
function described(svg: string, { title, subtitle, description, series }: Figure): string {
  const words = [title, ...(subtitle === undefined ? [] : [subtitle]), series.map(({ name }) => name).join(", ")];
  const label = escapeText(description ?? words.join(". "));
  return svg.replace("<svg", () => `<svg role="img" aria-label="${label}"`);
}

/**
 * Draws a figure. The same figure gives the same bytes, on any machine.
 *
 * @param figure What to show.
 * @returns An SVG document, white under it, `width` × `height` pixels up to a few that its texts may need. All of the
 * figure's texts are escaped.
 * @throws {@link ReportError} for a figure that can't be drawn: `axis`, `series`, `size`.
 */
export async function plot(figure: Figure): Promise<string> {
  checkFigure(figure);
  const { width = 720, height = 420 } = figure;
  // What axes, title and legend need is known once they are drawn: first with a guess, then to measure.
  const guess = { width: width * 0.8, height: height * 0.7 };
  const first = sizeOf(await draw(specOf(figure, guess, width)));
  const fitted = {
    width: Math.max(80, Math.round(guess.width + width - first.width)),
    height: Math.max(60, Math.round(guess.height + height - first.height)),
  };
  return described(tidied(await draw(specOf(figure, fitted, width))), figure);
}
