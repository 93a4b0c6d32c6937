import { ReportError } from "./errors.ts";
import { escapeText } from "./escape.ts";

/** Words. An empty line starts a new paragraph; nothing in them is markup. */
export interface TextBlock {
  readonly kind: "text";
  readonly text: string;
}

/** A picture with words under it. */
export interface FigureBlock {
  readonly kind: "figure";
  /** An SVG document, as `plot` makes it. It is shown as an image, in which scripts and links are dead. */
  readonly svg: string;
  /** What a reader who can't see it should know. */
  readonly alt: string;
  readonly caption?: string;
}

/** Rows under a head. */
export interface TableBlock {
  readonly kind: "table";
  readonly head: readonly string[];
  /** Cells of numbers stand at the right. */
  readonly rows: readonly (readonly (string | number)[])[];
  readonly caption?: string;
}

/** A piece of a page. */
export type Block = TextBlock | FigureBlock | TableBlock;

/** A part of a page under a heading. */
export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

/** A page, described. */
export interface Page {
  readonly title: string;
  /** Words under the title. */
  readonly lead?: string;
  readonly sections: readonly Section[];
  /** BCP 47, for hyphenation and screen readers. Default `en`. */
  readonly language?: string;
}

const style = `
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: #fff; color: #1a1a1a;
  font: 1rem/1.5 Helvetica, Arial, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
figure { margin: 1.5rem 0; } figure img { max-width: 100%; height: auto; border: 1px solid #e6e6e6; }
figcaption, caption { color: #555; font-size: 0.9rem; text-align: left; padding: 0.25rem 0; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.3rem 0.75rem; border-bottom: 1px solid #e6e6e6; text-align: left; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (max-width: 30rem) { body { margin: 1rem auto; } h1 { font-size: 1.35rem; } th, td { padding: 0.25rem 0.4rem; } }
@media (prefers-color-scheme: dark) {
  body { background: #16181b; color: #e6e6e6; }
  figure img { background: #fff; border-color: #3a3d42; } figcaption, caption { color: #a9adb3; }
  th, td { border-color: #33363b; }
}
@media print { figure, table { break-inside: avoid; } }
`;

function paragraphs(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((part) => `<p>${escapeText(part)}</p>`)
    .join("\n");
}

function figureHtml({ svg, alt, caption }: FigureBlock): string {
  if (!svg.startsWith("<svg")) throw new ReportError("image", "a figure of a page must be an SVG document");
  const data = Buffer.from(svg, "utf8").toString("base64");
  const words = caption === undefined ? "" : `\n<figcaption>${escapeText(caption)}</figcaption>`;
  return `<figure>\n<img alt="${escapeText(alt)}" src="data:image/svg+xml;base64,${data}">${words}\n</figure>`;
}

function tableHtml({ head, rows, caption }: TableBlock): string {
  const isNumber = head.map((_, c) => rows.length > 0 && rows.every((row) => typeof row[c] === "number"));
  const cells = (row: readonly (string | number)[], tag: "th" | "td") =>
    row
      .map((cell, c) => `<${tag}${isNumber[c] ? ' class="number"' : ""}>${escapeText(String(cell))}</${tag}>`)
      .join("");
  return [
    '<div class="table"><table>',
    ...(caption === undefined ? [] : [`<caption>${escapeText(caption)}</caption>`]),
    `<thead><tr>${cells(head, "th")}</tr></thead>`,
    "<tbody>",
    ...rows.map((row) => `<tr>${cells(row, "td")}</tr>`),
    "</tbody></table></div>",
  ].join("\n");
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "text":
      return paragraphs(block.text);
    case "figure":
      return figureHtml(block);
    case "table":
      return tableHtml(block);
  }
}

/**
 * A page in one file: no script, no font, no picture from elsewhere, so it can be mailed and opened anywhere.
 *
 * @param page What it says. All texts are escaped.
 * @returns An HTML document; the same page gives the same bytes.
 * @throws {@link ReportError} `image` for a figure that is no SVG document.
 */
export function renderPage({ title, lead, sections, language = "en" }: Page): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  const parts = sections.map(
    ({ heading, blocks }) =>
      `<section>\n<h2>${escapeText(heading)}</h2>\n${blocks.map(blockHtml).join("\n")}\n</section>`,
  );
  return [
    "<!doctype html>",
    `<html lang="${escapeText(language)}">`,
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeText(title)}</title>`,
    `<style>${style}</style>`,
    "</head>",
    "<body>",
    `<h1>${escapeText(title)}</h1>`,
    ...(lead === undefined ? [] : [paragraphs(lead)]),
    ...parts,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}
