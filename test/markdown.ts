/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string;
  /** The rest of the fence's first line: `no-run` of "```ts no-run". */
  readonly words: readonly string[];
  readonly text: string;
  /** Line of the block's first line of text, from 1. */
  readonly line: number;
  /** What an HTML comment directly before the fence asks for: `<!-- run -->` is "", `<!-- run: with-broker -->` "with-broker". */
  readonly run: string | undefined;
}

const request = /^<!--\s*run(?::\s*([a-z-]+))?\s*-->$/;

/** The fenced blocks of a Markdown text, in order. @throws {SyntaxError} for a fence that is never closed */
export function fencedBlocks(markdown: string): readonly Block[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: Block[] = [];
  let before = "";
  for (let at = 0; at < lines.length; at += 1) {
    const text = lines[at] ?? "";
    const fence = /^(\s*)(`{3,}|~{3,})\s*([^`]*)$/.exec(text);
    if (fence === null) {
      if (text.trim() !== "") before = text.trim();
      continue;
    }
    const [, indent = "", ticks = "", info = ""] = fence;
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks);
    if (end < 0) throw new SyntaxError(`line ${at + 1}: the block is never closed`);
    const [language = "", ...words] = info.trim().split(/\s+/);
    const body = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    const asked = request.exec(before);
    blocks.push({
      language,
      words,
      text: `${body.join("\n")}\n`,
      line: at + 2,
      run: asked === null ? undefined : (asked[1] ?? ""),
    });
    before = "";
    at = end;
  }
  return blocks;
}

/**
 * The `zipml` command lines of a shell block: continuation lines joined, `$ ` and `npx ` removed, all else left out.
 */
export function zipmlCommands(text: string): readonly string[] {
  return text
    .replaceAll(/\s*\\\r?\n\s*/g, " ")
    .split(/\r?\n/)
    .map((line) =>
      line
        .trim()
        .replace(/^\$\s+/, "")
        .replace(/^npx\s+(?:--no-install\s+)?(?=zipml\b)/, ""),
    )
    .filter((line) => /^zipml(\s|$)/.test(line));
}
