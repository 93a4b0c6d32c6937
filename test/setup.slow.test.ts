import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, run, temporaryFolder } from "./run.ts";

/** The repository without node_modules and with a program in the place of the command line's entry. */
async function freshClone() {
  const folder = await temporaryFolder("zipml-clone", tmpdir());
  const copied = ["package.json", "package-lock.json", ".npmrc", "scripts"];
  const packages = ["codec", "protocol", "device", "gateway", "cli"].map((name) => `packages/${name}/package.json`);
  for (const path of [...copied, ...packages]) await cp(join(root, path), join(folder.path, path), { recursive: true });
  return folder;
}

/**
 * Stands in for npm's own program: notes how it was called, writes to both streams, ends as told.
 * Also makes the folder that npm makes.
 */
const recordingNpm = `
import { appendFileSync, mkdirSync } from "node:fs";
const quiet = Object.keys(process.env).filter((name) => /loglevel|silent|omit|json/i.test(name));
appendFileSync(process.env.NPM_RECORD, JSON.stringify({ args: process.argv.slice(2), quiet }) + "\\n");
mkdirSync("node_modules", { recursive: true });
console.log("npm speaks on standard output");
console.error("npm speaks on standard error");
process.exitCode = Number(process.env.NPM_EXIT ?? 0);
`;

async function withRecordingNpm(folder: string) {
  const program = join(folder, "npm-cli.js");
  const record = join(folder, "record.jsonl");
  await writeFile(join(folder, "npm-cli.js"), recordingNpm);
  await writeFile(record, "");
  const env = { npm_execpath: program, NPM_RECORD: record };
  return {
    setUp: (more: Record<string, string> = {}) =>
      run(process.execPath, ["scripts/setup.mjs"], { cwd: folder, env: { ...env, ...more } }),
    calls: async (): Promise<{ args: string[]; quiet: string[] }[]> =>
      (await readFile(record, "utf8"))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}

/** A port of this machine on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  if (address === null || typeof address === "string") throw new TypeError("expected a TCP address");
  return address.port;
}

describe("the set-up", () => {
  it("installs once, keeps standard output empty, and installs again when the lock file changes", async () => {
    await using folder = await freshClone();
    const npm = await withRecordingNpm(folder.path);
    const first = await npm.setUp();
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr).toContain("npm speaks on standard output");
    expect(await npm.setUp()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await npm.calls()).toHaveLength(1);

    await writeFile(join(folder.path, "package-lock.json"), "{}\n");
    expect(await npm.setUp()).toMatchObject({ code: 0, stdout: "" });
    const calls = await npm.calls();
    expect(calls).toHaveLength(2);
    expect(calls[0]?.args.slice(0, 3)).toEqual(["install", "--no-save", "--loglevel=error"]);
  });

  it("does not hand on what would silence npm or leave packages out", async () => {
    await using folder = await freshClone();
    const npm = await withRecordingNpm(folder.path);
    const env = {
      npm_config_loglevel: "silent",
      npm_config_silent: "true",
      NPM_CONFIG_OMIT: "dev",
      npm_config_json: "true",
    };
    expect(await npm.setUp(env)).toMatchObject({ code: 0, stdout: "" });
    expect((await npm.calls())[0]?.quiet).toEqual([]);
  });

  it("fails when npm fails, and tries again the next time", async () => {
    await using folder = await freshClone();
    const npm = await withRecordingNpm(folder.path);
    const failed = await npm.setUp({ NPM_EXIT: "3" });
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toContain("npm speaks on standard error");
    expect(failed.stderr).toContain("set-up failed: npm install ended with 3");
    expect(await npm.setUp()).toMatchObject({ code: 0 });
    expect(await npm.calls()).toHaveLength(2);
  });

  it.skipIf(process.platform === "win32")("says that npm is missing", async () => {
    await using folder = await freshClone();
    const failed = await run(process.execPath, ["scripts/setup.mjs"], { cwd: folder.path, env: { PATH: folder.path } });
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toMatch(/set-up failed: npm could not be started/);
  });

  it.each(["start", "test"])("says under `npm %s --silent` why the registry was not reached", async (script) => {
    await using folder = await freshClone();
    const cache = join(folder.path, "empty-cache");
    await mkdir(cache);
    const env = {
      npm_config_registry: `http://127.0.0.1:${await closedPort()}/`,
      npm_config_fetch_retries: "0",
      npm_config_cache: cache,
      npm_config_offline: "false",
    };
    const failed = await run("npm", [script, "--silent", "--", "--json"], { cwd: folder.path, env });
    expect(failed.code).not.toBe(0);
    expect(failed.stdout).toBe("");
    expect(failed.stderr).toMatch(/ECONNREFUSED/);
    expect(failed.stderr).toContain("zipml: set-up failed");
  });

  it.each([
    ["18.20.4", true],
    ["20.18.3", true],
    ["20.19.0", false],
    ["22.0.0", false],
    ["24.1.0", false],
  ])("on Node %s is refused: %s", async (version, refused) => {
    const script = `import { nodeProblem } from "./scripts/setup.mjs"; console.log(nodeProblem("${version}") ?? "fine");`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
    const line = `zipml: Node 20.19 or newer is needed; this is Node ${version}`;
    expect(stdout.trim()).toBe(refused ? line : "fine");
  });
});

describe("running from source", () => {
  const program = (body: string) =>
    `import { runNode, sourceArguments } from "${join(root, "scripts/from-source.mjs")}";
     await runNode(sourceArguments("${body}", ["--json", "two words"]));`;

  it("hands on arguments, streams and the exit code, and takes packages from source", async () => {
    await using folder = await temporaryFolder("source");
    const entry = join(folder.path, "entry.ts");
    const text = [
      'const door: string = import.meta.resolve("@zipml/codec");',
      'console.log(JSON.stringify({ args: process.argv.slice(2), source: door.endsWith("/packages/codec/src/index.ts") }));',
      'console.error("diagnosis");',
      "process.exitCode = 7;",
    ];
    await writeFile(entry, text.join("\n"));
    const ended = await run(process.execPath, ["--input-type=module", "-e", program(entry)], { cwd: tmpdir() });
    expect(JSON.parse(ended.stdout)).toEqual({ args: ["--json", "two words"], source: true });
    expect(ended).toMatchObject({ code: 7, stderr: "diagnosis\n" });
  });

  it.each(["SIGINT", "SIGTERM"])("hands on %s", async (signal) => {
    await using folder = await temporaryFolder("signal");
    const entry = join(folder.path, "entry.ts");
    const text = [
      `const wait = setInterval(() => undefined, 1000);`,
      `process.once("${signal}", () => { console.log("got it"); clearInterval(wait); process.exitCode = 5; });`,
      `process.kill(process.ppid, "${signal}");`,
    ];
    await writeFile(entry, text.join("\n"));
    const ended = await run(process.execPath, ["--input-type=module", "-e", program(entry)], { timeout: 20_000 });
    expect(ended).toMatchObject({ code: 5, stdout: "got it\n" });
  });
});
