/** Writes docs/api.md: every exported name of every package, so that a change of the public API shows in a diff. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./setup.mjs";

/**
 * The names that an index file exports; ours list them one by one.
 * @param {string} file path of the index
 * @returns {{ values: string[], types: string[] }}
 */
function exportedNames(file) {
  const text = readFileSync(file, "utf8");
  /** @type {string[]} */
  const values = [];
  /** @type {string[]} */
  const types = [];
  for (const [, kind, list = ""] of text.matchAll(/export (type )?\{([^}]*)\}/g))
    for (const part of list.split(",").map((name) => name.trim())) {
      if (part === "") continue;
      const name = (part.split(/\s+as\s+/).at(-1) ?? part).replace(/^type\s+/, "");
      (kind !== undefined || part.startsWith("type ") ? types : values).push(name);
    }
  return { values: values.sort(), types: types.sort() };
}

/** @returns {string} the page */
export function apiListing() {
  /** @type {readonly string[]} */
  const folders = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).workspaces;
  let page =
    "# Public API\n\nEvery name that can be imported, by entry point. What each is stands beside its definition.\n";
  for (const folder of folders.toSorted()) {
    /** @type {{ name: string, exports: Record<string, { "zipml-source"?: string } | string> }} */
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    for (const [path, target] of Object.entries(manifest.exports)) {
      const source = typeof target === "string" ? undefined : target["zipml-source"];
      if (source === undefined) continue;
      const { values, types } = exportedNames(join(root, folder, source));
      page += `\n## ${manifest.name}${path.slice(1)}\n\n`;
      page += `- values: ${values.map((value) => `\`${value}\``).join(", ") || "none"}\n`;
      page += `- types: ${types.map((type) => `\`${type}\``).join(", ") || "none"}\n`;
    }
  }
  return page;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, "docs", "api.md"), apiListing());
