/** One element of a document. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

const plain = (text: string): string =>
  text.replace(/&(#?\w+);/g, (whole, name: string) => {
    const letter = entities[name];
    if (letter === undefined) throw new Error(`unknown entity ${whole}`);
    return letter;
  });

function attributesOf(tag: string, source: string): Map<string, string> {
  const attributes = new Map<string, string>();
  const rest = source.replace(/\s+([\w:-]+)="([^"<]*)"/g, (_, name: string, value: string) => {
    if (attributes.has(name)) throw new Error(`<${tag}> has ${name} twice`);
    attributes.set(name, plain(value));
    return "";
  });
  if (rest.trim() !== "" && rest.trim() !== "/") throw new Error(`<${tag}${source}> is malformed`);
  return attributes;
}

/** Reads a document strictly: tags nest, attributes are quoted and not repeated, no stray sign. Throws where not. */
function walk(svg: string, onText: (text: string) => void): Element[] {
  const found: Element[] = [];
  const open: string[] = [];
  let at = 0;
  for (const match of svg.matchAll(/<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>/g)) {
    const between = svg.slice(at, match.index);
    if (/[<>]/.test(between)) throw new Error(`stray sign in ${between}`);
    onText(plain(between));
    at = match.index + match[0].length;
    const [, slash = "", name = "", rest = ""] = match;
    if (slash === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    found.push({ name, attributes: attributesOf(name, rest) });
    if (!rest.trim().endsWith("/")) open.push(name);
  }
  if (open.length > 0 || svg.slice(at).trim() !== "") throw new Error(`unclosed: ${open.join(" ")} ${svg.slice(at)}`);
  return found;
}

/** All elements in order. */
export function elements(svg: string): Element[] {
  return walk(svg, () => undefined);
}

/** The words that a reader sees, each once, those of the parts of a text by themselves. */
export function textsOf(svg: string): string[] {
  const texts = new Set<string>();
  walk(svg, (text) => {
    if (text.trim() !== "") texts.add(text.trim());
  });
  return [...texts];
}
