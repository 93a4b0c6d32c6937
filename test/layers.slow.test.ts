import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, run, temporaryFolder } from "./run.ts";

type Files = Readonly<Record<string, string>>;

const clean: Files = {
  "packages/codec/src/index.ts": 'export { pack } from "./pack.ts";\n',
  "packages/codec/src/pack.ts": "export const pack = (code: number): number => code;\n",
  "packages/protocol/src/index.ts": 'export { decodeCbor } from "./cbor.ts";\nexport { pack } from "@zipml/codec";\n',
  "packages/protocol/src/cbor.ts": 'import { decode } from "cbor-x";\n\nexport const decodeCbor = decode;\n',
  "packages/protocol/src/mqtt/index.ts": 'import { connect } from "mqtt";\n\nexport const open = connect;\n',
  "packages/device/src/index.ts": 'export { decodeCbor } from "@zipml/protocol";\n',
  "packages/gateway/src/index.ts": 'export { train } from "./train/index.ts";\n',
  "packages/gateway/src/train/index.ts": 'import { pack } from "@zipml/codec";\n\nexport const train = pack;\n',
  "packages/cli/src/index.ts":
    'export { decodeCbor } from "@zipml/device";\nexport { train } from "@zipml/gateway/train";\n',
};

const comment = "// one more line\n";

interface Bad {
  readonly name: string;
  readonly files: Files;
  /** What the refusal by scripts/layers.mjs says, where it refuses. */
  readonly says?: RegExp;
  /** The Biome rule that refuses it, where one does. */
  readonly biome?: string;
}

const bad: readonly Bad[] = [
  {
    name: "device importing gateway",
    files: { "packages/device/src/bad.ts": 'export { train } from "@zipml/gateway";\n' },
    says: /device\/src\/bad\.ts:1: arrow: imports @zipml\/gateway/,
    biome: "lint/style/noRestrictedImports",
  },
  {
    name: "gateway importing device",
    files: {
      "packages/gateway/src/bad.ts": 'import { decodeCbor } from "@zipml/device";\n\nexport const bad = decodeCbor;\n',
    },
    says: /gateway\/src\/bad\.ts:1: arrow: imports @zipml\/device/,
    biome: "lint/correctness/noUndeclaredDependencies",
  },
  {
    name: "device reaching into gateway by a path",
    files: { "packages/device/src/bad.ts": 'export { train } from "../../gateway/src/index.ts";\n' },
    says: /device\/src\/bad\.ts:1: arrow: .*by its name/,
  },
  {
    name: "codec importing node:fs",
    files: {
      "packages/codec/src/bad.ts": 'import { readFileSync } from "node:fs";\n\nexport const bad = readFileSync;\n',
    },
    says: /codec\/src\/bad\.ts:1: arrow: imports node:fs/,
    biome: "lint/correctness/noNodejsModules",
  },
  {
    name: "codec importing a built-in without its prefix",
    files: { "packages/codec/src/bad.ts": 'import fs from "fs";\n\nexport const bad = fs;\n' },
    says: /codec\/src\/bad\.ts:1: arrow: imports fs/,
  },
  {
    name: "codec importing a library",
    files: { "packages/codec/src/bad.ts": 'import { z } from "zod";\n\nexport const bad = z;\n' },
    says: /codec\/src has no dependency/,
    biome: "lint/correctness/noUndeclaredDependencies",
  },
  {
    name: "codec importing protocol",
    files: { "packages/codec/src/bad.ts": 'export { decodeCbor } from "@zipml/protocol";\n' },
    says: /codec\/src\/bad\.ts:1: arrow: imports @zipml\/protocol/,
  },
  {
    name: "a second importer of cbor-x",
    files: { "packages/protocol/src/bad.ts": 'import { encode } from "cbor-x";\n\nexport const bad = encode;\n' },
    says: /only .*cbor\.ts .*may import cbor-x/,
    biome: "lint/style/noRestrictedImports",
  },
  {
    name: "a second importer of cbor-x in the command line, by import()",
    files: { "packages/cli/src/bad.ts": 'export const bad = () => import("cbor-x");\n' },
    says: /only .*cbor\.ts .*may import cbor-x/,
  },
  {
    name: "mqtt outside its folder, as a type",
    files: {
      "packages/protocol/src/bad.ts": 'import type { MqttClient } from "mqtt";\n\nexport type Bad = MqttClient;\n',
    },
    says: /only .*\/mqtt\/ may import mqtt/,
    biome: "lint/style/noRestrictedImports",
  },
  {
    name: "a cycle of type imports",
    files: {
      "packages/codec/src/one.ts": 'import type { Two } from "./two.ts";\n\nexport type One = Two | 1;\n',
      "packages/codec/src/two.ts": 'import type { One } from "./one.ts";\n\nexport type Two = One[];\n',
    },
    says: /cycle: packages\/codec\/src\/one\.ts <-> packages\/codec\/src\/two\.ts/,
    biome: "lint/suspicious/noImportCycles",
  },
  {
    name: "a cycle of three files through another one's import() type",
    files: {
      "packages/codec/src/one.ts": 'export { two } from "./two.ts";\n',
      "packages/codec/src/two.ts": 'export { three as two } from "./three.ts";\n',
      "packages/codec/src/three.ts": 'export const three: typeof import("./one.ts") | 3 = 3;\n',
    },
    says: /cycle: .*one\.ts <-> .*three\.ts <-> .*two\.ts/,
  },
  {
    name: "a file of 401 lines",
    files: { "packages/codec/src/bad.ts": comment.repeat(401) },
    says: /codec\/src\/bad\.ts: size: 401 lines/,
  },
  {
    name: "train importing node:fs",
    files: {
      "packages/gateway/src/train/bad.ts":
        'import { readFileSync } from "node:fs";\n\nexport const bad = readFileSync;\n',
    },
    says: /train\/bad\.ts:1: arrow: imports node:fs/,
    biome: "lint/correctness/noNodejsModules",
  },
  {
    name: "train importing ingest",
    files: {
      "packages/gateway/src/ingest/index.ts": "export const ingest = 1;\n",
      "packages/gateway/src/train/bad.ts": 'export { ingest } from "../ingest/index.ts";\n',
    },
    says: /train\/bad\.ts:1: arrow: .*may import only packages\/codec\/src/,
    biome: "lint/style/noRestrictedImports",
  },
  {
    name: "gateway drawing from Math.random",
    files: { "packages/gateway/src/bad.ts": "export const bad = () => Math.random();\n" },
    biome: "lint/nursery/noJsRestrictedProperties",
  },
  {
    name: "device reading the machine's time",
    files: { "packages/device/src/bad.ts": "export const bad = () => Date.now();\n" },
    biome: "lint/style/noRestrictedGlobals",
  },
  {
    name: "train using a Node global",
    files: { "packages/gateway/src/train/bad.ts": "export const bad = () => Buffer.alloc(1);\n" },
    biome: "lint/style/noRestrictedGlobals",
  },
  {
    name: "a function of 61 lines",
    files: { "packages/cli/src/bad.ts": `export function bad(n: number): void {\n${"  bad(n);\n".repeat(61)}}\n` },
    biome: "lint/complexity/noExcessiveLinesPerFunction",
  },
  {
    name: "a promise nobody waits for",
    files: {
      "packages/device/src/bad.ts":
        "async function work(): Promise<void> {\n  await work();\n}\n\nexport function bad(): void {\n  work();\n}\n",
    },
    biome: "lint/nursery/noFloatingPromises",
  },
  {
    name: "any",
    files: { "packages/device/src/bad.ts": "export const bad = (value: any): number => value;\n" },
    biome: "lint/suspicious/noExplicitAny",
  },
  {
    name: "a default export",
    files: { "packages/device/src/bad.ts": "export default 1;\n" },
    biome: "lint/style/noDefaultExport",
  },
  {
    name: "export *",
    files: { "packages/device/src/bad.ts": 'export * from "./index.ts";\n' },
    biome: "lint/performance/noReExportAll",
  },
  {
    name: "a non-null assertion",
    files: { "packages/device/src/bad.ts": "export const bad = (value: number | undefined): number => value!;\n" },
    biome: "lint/style/noNonNullAssertion",
  },
  {
    name: "sources importing a test",
    files: {
      "packages/codec/test/helper.ts": "export const helper = 1;\n",
      "packages/codec/src/bad.ts": 'export { helper } from "../test/helper.ts";\n',
    },
    says: /sources import sources only/,
  },
];

/** A workspace with the repository's manifests and Biome rules and only the given files. */
async function fixture(files: Files) {
  const folder = await temporaryFolder("zipml-layers", tmpdir());
  const biome: Record<string, unknown> = JSON.parse(await readFile(join(root, "biome.json"), "utf8"));
  // The fixture is no git repository.
  const configuration = JSON.stringify({ ...biome, vcs: { enabled: false } });
  await writeFile(join(folder.path, "biome.json"), configuration);
  await cp(join(root, "package.json"), join(folder.path, "package.json"));
  for (const name of ["codec", "protocol", "device", "gateway", "cli"]) {
    await mkdir(join(folder.path, "packages", name), { recursive: true });
    await cp(join(root, "packages", name, "package.json"), join(folder.path, "packages", name, "package.json"));
  }
  for (const [path, text] of Object.entries({ ...clean, ...files })) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  return folder;
}

function layers(folder: string) {
  return run(process.execPath, [join(root, "scripts/layers.mjs"), folder]);
}

function biomeLint(folder: string) {
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "lint", "--error-on-warnings", "--max-diagnostics=none", "packages"];
  return run(process.execPath, args, { cwd: folder });
}

describe("the fences", () => {
  it("let a clean workspace pass", async () => {
    await using folder = await fixture({ "packages/codec/src/long.ts": comment.repeat(400) });
    const checked = await layers(folder.path);
    expect(checked).toMatchObject({ code: 0, stderr: "" });
    expect(checked.stdout).toContain(`${Object.keys(clean).length + 1} files`);
    expect(await biomeLint(folder.path)).toMatchObject({ code: 0 });
  });

  it("let tests import what sources may not", async () => {
    const test =
      'import { encode } from "cbor-x";\nimport { train } from "@zipml/gateway";\n\nexport const both = [encode, train];\n';
    await using folder = await fixture({ "packages/device/test/oracle.test.ts": test });
    expect(await layers(folder.path)).toMatchObject({ code: 0 });
    expect(await biomeLint(folder.path)).toMatchObject({ code: 0 });
  });

  it("do not take an import in a comment's example for one", async () => {
    const text = '/**\n * import { readFileSync } from "node:fs";\n */\nexport const good = 1;\n';
    await using folder = await fixture({ "packages/codec/src/good.ts": text });
    expect(await layers(folder.path)).toMatchObject({ code: 0 });
  });

  it.each(bad)("refuse $name", async ({ files, says, biome }) => {
    await using folder = await fixture(files);
    const checked = await layers(folder.path);
    expect(checked.stderr).toMatch(says ?? /^$/);
    expect(checked.code).toBe(says === undefined ? 0 : 1);
    if (biome === undefined) return;
    const linted = await biomeLint(folder.path);
    expect(linted.stdout + linted.stderr).toContain(biome);
    expect(linted.code).toBe(1);
  });
});
