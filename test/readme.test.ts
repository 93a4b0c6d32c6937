import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { startBroker } from "./broker.ts";
import { type Block, fencedBlocks, zipmlCommands } from "./markdown.ts";
import { type RunOptions, root, run, runTypeScript, temporaryFolder } from "./run.ts";

interface Snippet extends Block {
  readonly file: string;
  /** "README.md:12", for the test's name. */
  readonly place: string;
}

const limit = 90_000;
const withBroker = "with-broker";

function snippetsOf(file: string): readonly Snippet[] {
  const path = join(root, file);
  if (!existsSync(path)) return [];
  return fencedBlocks(readFileSync(path, "utf8")).map((block) => ({ ...block, file, place: `${file}:${block.line}` }));
}

const docs = existsSync(join(root, "docs"))
  ? readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"))
  : [];
const packages = [...readdirSync(join(root, "packages")).map((name) => `packages/${name}`), "simulator"]
  .map((folder) => `${folder}/README.md`)
  .filter((file) => existsSync(join(root, file)));
const snippets = ["README.md", ...packages, ...docs.map((name) => `docs/${name}`)].flatMap(snippetsOf);
const code = snippets.filter(({ language, words }) => language === "ts" && !words.includes("no-run"));
const shell = snippets.filter(
  ({ language, run: asked }) => ["sh", "bash", "shell"].includes(language) && asked !== undefined,
);

/** A folder in which the repository's relative paths hold, while what is written there goes away with it. */
async function workFolder(name: string) {
  const folder = await temporaryFolder(name);
  for (const linked of ["packages", "simulator", "examples", "docs"]) {
    if (existsSync(join(root, linked))) await symlink(join(root, linked), join(folder.path, linked), "junction");
  }
  return folder;
}

/** A program `zipml`, as the installed package gives one, that runs the sources. */
async function sourceCommand(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  const arguments_ = `--conditions=zipml-source --import "${import.meta.resolve("tsx")}"`;
  const entry = join(root, "packages", "cli", "src", "bin.ts");
  await writeFile(join(bin, "zipml"), `#!/bin/sh\nexec "${process.execPath}" ${arguments_} "${entry}" "$@"\n`);
  await chmod(join(bin, "zipml"), 0o755);
  return bin;
}

/** Runs the body with BROKER_URL when the snippet asks for a broker. */
async function withEnvironment(snippet: Snippet, body: (options: RunOptions) => Promise<void>): Promise<void> {
  if (snippet.run !== withBroker) return body({});
  await using broker = await startBroker();
  await body({ env: { BROKER_URL: broker.url } });
}

describe("finding snippets", () => {
  const markdown = [
    "Text <!-- run -->",
    "```ts",
    "const a = 1;",
    "```",
    "<!-- run: with-broker -->",
    "",
    "```ts no-run",
    "a();",
    "```",
    "- item",
    "  <!-- run -->",
    "  ````sh",
    "  npx zipml train --data x.csv \\",
    "      --bits 4",
    "  $ zipml --help",
    "  zipmlx",
    "  ls",
    "  ```",
    "  ````",
  ].join("\n");

  it("reads language, words, request and place", () => {
    expect(fencedBlocks(markdown)).toEqual([
      { language: "ts", words: [], text: "const a = 1;\n", line: 3, run: undefined },
      { language: "ts", words: ["no-run"], text: "a();\n", line: 8, run: "with-broker" },
      expect.objectContaining({ language: "sh", line: 13, run: "" }),
    ]);
  });

  it("takes zipml commands out of shell blocks", () => {
    const [, , block] = fencedBlocks(markdown);
    expect(zipmlCommands(block?.text ?? "")).toEqual(["zipml train --data x.csv --bits 4", "zipml --help"]);
  });

  it("refuses a block that is never closed", () => {
    expect(() => fencedBlocks("```ts\nlet a;\n")).toThrow(SyntaxError);
  });

  it("knows every request", () => {
    const unknown = snippets.filter(({ run: asked }) => asked !== undefined && !["", withBroker].includes(asked));
    expect(unknown.map(({ place }) => place)).toEqual([]);
  });

  it.runIf(existsSync(join(root, "README.md")))("finds code in the README", () => {
    expect(code.filter(({ file }) => file === "README.md").length).toBeGreaterThan(0);
  });
});

describe.skipIf(code.length === 0)("code in README.md and docs/", () => {
  it("has no type errors", { timeout: limit }, async () => {
    await using folder = await temporaryFolder("snippet-types");
    const options = { noUnusedLocals: false, noUnusedParameters: false };
    const project = { extends: "../../tsconfig.check.json", compilerOptions: options, include: ["*.ts"] };
    await writeFile(join(folder.path, "tsconfig.json"), JSON.stringify(project));
    for (const { place, text } of code) {
      // Without an import it would be a script, whose names are global.
      await writeFile(join(folder.path, `${place.replaceAll(/\W+/g, "-")}.ts`), `${text}export {};\n`);
    }
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const checked = await run(process.execPath, [tsc, "-p", folder.path, "--pretty", "false"], { timeout: limit });
    expect(checked.stdout).toBe("");
    expect(checked.code).toBe(0);
  });

  it.each(code)("$place runs", { timeout: limit }, async (snippet) => {
    await using folder = await workFolder("snippet");
    const file = join(folder.path, "snippet.ts");
    await writeFile(file, snippet.text);
    await withEnvironment(snippet, async (options) => {
      const ended = await runTypeScript(file, [], { ...options, cwd: folder.path, timeout: limit - 10_000 });
      expect(ended, `${snippet.place}\n${ended.stderr}`).toMatchObject({ code: 0 });
    });
  });
});

describe.skipIf(shell.length === 0 || process.platform === "win32")("commands in README.md and docs/", () => {
  it.each(shell)("$place runs", { timeout: limit }, async (snippet) => {
    await using folder = await workFolder("commands");
    const bin = await sourceCommand(folder.path);
    const commands = zipmlCommands(snippet.text);
    expect(commands.length, "a block to run has a zipml command").toBeGreaterThan(0);
    await withEnvironment(snippet, async ({ env }) => {
      for (const command of commands) {
        const ended = await run("sh", ["-c", command], {
          cwd: folder.path,
          env: { ...env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` },
          timeout: limit - 10_000,
        });
        expect(ended, `${command}\n${ended.stderr}`).toMatchObject({ code: 0 });
      }
    });
  });
});
