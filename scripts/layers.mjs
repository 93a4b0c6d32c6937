/**
 * The fences no linter rule expresses: which part may import which, where a wire library may live, no cycle
 * (type imports count), 400 lines a file. `node scripts/layers.mjs [FOLDER]`; exit 1 and one line per breach.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Zone
 * @property {string} path folder prefix; the longest matching zone owns a file
 * @property {readonly string[]} may other zones it may import, by path
 * @property {boolean} [noNode] refuses Node's built-in modules
 * @property {boolean} [noLibraries] refuses every third-party package
 */

/**
 * @typedef {object} Edge
 * @property {string} from file, relative to the root
 * @property {number} line
 * @property {string} specifier as written
 * @property {string | undefined} to file in this repository, relative to the root
 */

const longestFile = 400;

const codec = "packages/codec/src";
const protocol = "packages/protocol/src";
const device = "packages/device/src";
const gateway = "packages/gateway/src";
const train = `${gateway}/train`;
const fpga = `${gateway}/fpga`;
const kernels = `${gateway}/kernels`;
const report = "packages/report/src";
const simulator = "simulator/src";
const cli = "packages/cli/src";

/** The arrows, once. A file not in any zone (tests, examples, benches) may import everything. @type {readonly Zone[]} */
const zones = [
  { path: codec, may: [], noNode: true, noLibraries: true },
  { path: protocol, may: [codec] },
  { path: device, may: [codec, protocol] },
  { path: train, may: [codec], noNode: true },
  { path: fpga, may: [codec, train], noNode: true },
  { path: kernels, may: [codec, train], noNode: true },
  { path: gateway, may: [codec, protocol, train, fpga, kernels] },
  { path: report, may: [] },
  { path: simulator, may: [codec, protocol, device, gateway, train, fpga, kernels, report] },
  { path: cli, may: [codec, protocol, device, gateway, train, fpga, kernels, report, simulator] },
];

/** Libraries with one home, so that their traps are met in one place. @type {Readonly<Record<string, readonly string[]>>} */
const homes = {
  "cbor-x": [`${protocol}/cbor.ts`, `${cli}/wire-comparison.ts`],
  mqtt: [`${protocol}/mqtt/`],
  vega: [`${report}/`],
};

const skipped = new Set(["node_modules", "dist", "coverage"]);

/** @param {string} root @param {string} folder @returns {string[]} files relative to the root, with forward slashes */
function sourceFiles(root, folder = root) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return skipped.has(entry.name) || entry.name.startsWith(".") ? [] : sourceFiles(root, path);
    return /\.(ts|mts|mjs|js)$/.test(entry.name) ? [relative(root, path).split(sep).join("/")] : [];
  });
}

/** @param {string} file @returns {Zone | undefined} */
function zoneOf(file) {
  const owners = zones.filter((zone) => file.startsWith(`${zone.path}/`));
  return owners.sort((a, b) => b.path.length - a.path.length)[0];
}

/**
 * Every module a file names: import and export from, bare import, import() as expression and in types.
 * @param {string} text
 * @returns {{ specifier: string, line: number }[]}
 */
function specifiers(text) {
  const forms = [
    /^[ \t]*(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']/gm,
    /^[ \t]*import\s*["']([^"']+)["']/gm,
    /\b(?:import|require)\(\s*["']([^"']+)["']/g,
  ];
  return forms.flatMap((form) =>
    [...text.matchAll(form)].map((match) => ({
      specifier: match[1] ?? "",
      line: text.slice(0, match.index + match[0].length).split("\n").length,
    })),
  );
}

/**
 * Where each name of a workspace package leads: `@zipml/gateway/train` → its source file.
 * @param {string} root
 * @returns {Map<string, string>}
 */
function workspaceNames(root) {
  const packages = join(root, "packages");
  const folders = existsSync(packages) ? readdirSync(packages).map((name) => `packages/${name}`) : [];
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const folder of [...folders, "simulator"]) {
    const file = join(root, folder, "package.json");
    if (!existsSync(file)) continue;
    const { name, exports: doors = {} } = JSON.parse(readFileSync(file, "utf8"));
    names.set(name, `${folder}/src/index.ts`);
    for (const [door, targets] of Object.entries(doors)) {
      const source = targets?.["zipml-source"];
      if (typeof source === "string") names.set(name + door.slice(1), `${folder}/${source.replace("./", "")}`);
    }
  }
  return names;
}

/** @param {string} root @param {string} from @param {string} specifier @param {Map<string, string>} names */
function target(root, from, specifier, names) {
  if (!specifier.startsWith(".")) return names.get(specifier) ?? names.get(packageOf(specifier));
  const path = resolve(root, dirname(from), specifier);
  const source = extname(path) === ".js" && !existsSync(path) ? path.replace(/\.js$/, ".ts") : path;
  return relative(root, source).split(sep).join("/");
}

/** @param {string} specifier @returns {string} "@a/b/c" → "@a/b", "a/c" → "a" */
function packageOf(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** @param {Edge} edge @returns {string | undefined} what is wrong with it */
function breach({ from, specifier, to }) {
  const zone = zoneOf(from);
  if (zone === undefined) return undefined;
  if (isBuiltin(specifier)) return zone.noNode ? `${zone.path} may not use Node's built-in modules` : undefined;
  if (to === undefined) return libraryBreach(from, zone, packageOf(specifier));
  const folders = (/** @type {string} */ path) =>
    path
      .split("/")
      .slice(0, path.startsWith("packages/") ? 2 : 1)
      .join("/");
  if (specifier.startsWith(".") && folders(from) !== folders(to))
    return "another package is imported by its name, not by a path";
  const other = zoneOf(to);
  if (other === undefined) return "sources import sources only";
  if (other === zone || zone.may.includes(other.path)) return undefined;
  return `${zone.path} may import only ${zone.may.join(", ") || "itself"}`;
}

/** @param {string} from @param {Zone} zone @param {string} library @returns {string | undefined} */
function libraryBreach(from, zone, library) {
  if (zone.noLibraries) return `${zone.path} has no dependency`;
  const home = Object.hasOwn(homes, library) ? homes[library] : undefined;
  if (home === undefined || home.some((path) => from === path || (path.endsWith("/") && from.startsWith(path))))
    return undefined;
  return `only ${home.join(" and ")} may import ${library}`;
}

/**
 * The groups of files that import each other in a circle (Tarjan's strongly connected components above one file).
 * @param {readonly Edge[]} edges
 * @returns {string[][]}
 */
function cycles(edges) {
  /** @type {Map<string, string[]>} */
  const next = new Map();
  for (const { from, to } of edges) if (to !== undefined) next.set(from, [...(next.get(from) ?? []), to]);
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const seen = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {string[][]} */
  const found = [];
  /** @param {string} file */
  const visit = (file) => {
    const state = { index: seen.size, low: seen.size, open: true };
    seen.set(file, state);
    stack.push(file);
    for (const other of next.get(file) ?? []) {
      const known = seen.get(other);
      if (known === undefined) state.low = Math.min(state.low, visit(other).low);
      else if (known.open) state.low = Math.min(state.low, known.index);
    }
    if (state.low === state.index) {
      const group = stack.splice(stack.indexOf(file));
      for (const member of group) Object.assign(seen.get(member) ?? {}, { open: false });
      if (group.length > 1 || next.get(file)?.includes(file)) found.push(group.sort());
    }
    return state;
  };
  for (const file of next.keys()) if (!seen.has(file)) visit(file);
  return found;
}

/** @param {string} root @returns {{ files: number, breaches: string[] }} */
function check(root) {
  const files = sourceFiles(root);
  const names = workspaceNames(root);
  /** @type {Edge[]} */
  const edges = [];
  /** @type {string[]} */
  const breaches = [];
  for (const from of files) {
    const text = readFileSync(join(root, from), "utf8");
    const lines = text.replace(/\n$/, "").split("\n").length;
    if (lines > longestFile) breaches.push(`${from}: size: ${lines} lines, at most ${longestFile}`);
    for (const { specifier, line } of specifiers(text)) {
      edges.push({ from, line, specifier, to: target(root, from, specifier, names) });
    }
  }
  for (const edge of edges) {
    const why = breach(edge);
    if (why !== undefined) breaches.push(`${edge.from}:${edge.line}: arrow: imports ${edge.specifier}; ${why}`);
  }
  for (const group of cycles(edges)) breaches.push(`cycle: ${group.join(" <-> ")}`);
  return { files: files.length, breaches };
}

const folder = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), ".."));
const { files, breaches } = check(folder);
for (const line of breaches) console.error(line);
if (breaches.length > 0) process.exitCode = 1;
else console.log(`${files} files: arrows, cycles and sizes hold`);
