/** What a user gets: every package packed, installed into an empty project and loaded by plain Node. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, must, StepError } from "./steps.mjs";

/**
 * @typedef {object} Package
 * @property {string} folder
 * @property {string} name
 * @property {string} version
 * @property {readonly string[]} doors what users may import, `@zipml/gateway/train` and so on
 * @property {readonly string[]} commands names of its executables
 */

/**
 * The workspace's publishable packages, in package.json's order.
 * @param {string} root
 * @param {readonly string[]} only folder names under packages/; none = all
 * @returns {readonly Package[]}
 */
export function workspacePackages(root, only = []) {
  const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return /** @type {string[]} */ (workspaces)
    .filter((path) => only.length === 0 || only.some((name) => path.endsWith(`/${name}`)))
    .map((path) => ({ path, manifest: JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ path, manifest }) => ({
      folder: join(root, path),
      name: manifest.name,
      version: manifest.version,
      // A JSON file is read, not imported: only what runs is a door.
      doors: Object.keys(manifest.exports ?? {})
        .filter((door) => !door.endsWith(".json"))
        .map((door) => manifest.name + door.slice(1)),
      commands: Object.keys(manifest.bin ?? {}),
    }));
}

/**
 * @param {string} root
 * @param {readonly Package[]} packages built already
 * @param {number} seconds
 * @returns {Promise<import("./steps.mjs").Outcome>}
 */
export async function checkInstalled(root, packages, seconds) {
  const folder = mkdtempSync(join(tmpdir(), "zipml-packages-"));
  const until = Date.now() + seconds * 1000;
  const options = (/** @type {string} */ cwd) => ({ cwd, seconds: (until - Date.now()) / 1000 });
  try {
    for (const each of packages) {
      await must("npm", ["pack", "--loglevel=error", `--pack-destination=${folder}`], options(each.folder));
    }
    const tarballs = readdirSync(folder).map((name) => join(folder, name));
    const project = join(folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "name": "empty", "private": true, "type": "module" }\n');
    const install = ["install", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", ...tarballs];
    await must("npm", install, options(project));
    checkOwn(project, packages);
    await checkDoors(root, project, packages, options(project));
    await checkCommands(project, packages, options(project));
    const doors = packages.flatMap((each) => each.doors);
    return {
      note: `${tarballs.length} packages, ${doors.length} subpaths, ${packages.flatMap((p) => p.commands).length} commands`,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ours, from the tarballs, at one version each: never a namesake that a registry served. @param {string} project @param {readonly Package[]} packages */
function checkOwn(project, packages) {
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8"));
  for (const { name, version } of packages) {
    const copies = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`));
    const [copy] = copies.map(([, entry]) => entry);
    if (copies.length !== 1 || copy.version !== version || !String(copy.resolved).startsWith("file:")) {
      throw new StepError(
        `${name} ${version} was not installed once from its tarball`,
        JSON.stringify(copies, null, 2),
      );
    }
  }
}

/**
 * Every subpath loads in plain Node, exports something, and has types a strict user can read.
 * @param {string} root
 * @param {string} project
 * @param {readonly Package[]} packages
 * @param {import("./steps.mjs").CommandOptions} options
 */
async function checkDoors(root, project, packages, options) {
  const doors = packages.flatMap((each) => each.doors);
  const load = doors.map((door) => `await load(${JSON.stringify(door)});`);
  const script = [
    "async function load(door) {",
    "  try {",
    "    const names = Object.keys(await import(door));",
    '    if (names.length === 0) throw new Error("exports nothing");',
    '    if (names.includes("default")) throw new Error("has a default export");',
    "  } catch (error) {",
    "    console.error(door, error);",
    "    process.exitCode = 1;",
    "  }",
    "}",
    ...load,
  ];
  writeFileSync(join(project, "load.mjs"), `${script.join("\n")}\n`);
  await must(process.execPath, ["load.mjs"], options);
  const typed = doors.flatMap((door, index) => [
    `import * as door${index} from ${JSON.stringify(door)};`,
    `export const names${index}: readonly string[] = Object.keys(door${index});`,
  ]);
  writeFileSync(join(project, "types.ts"), `${typed.join("\n")}\n`);
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const flags = "--noEmit --strict --skipLibCheck --module nodenext --target es2022 --lib es2023,esnext.disposable";
  await must(process.execPath, [tsc, ...flags.split(" "), "types.ts"], options);
}

/**
 * Every command tells its help and its version.
 * @param {string} project
 * @param {readonly Package[]} packages
 * @param {import("./steps.mjs").CommandOptions} options
 */
async function checkCommands(project, packages, options) {
  for (const { commands, version } of packages) {
    for (const command of commands) {
      const path = join(project, "node_modules", ".bin", command);
      const help = await must(path, ["--help"], options);
      if (!help.includes(command)) throw new StepError(`\`${command} --help\` does not name itself`, help);
      const said = await must(path, ["--version"], options);
      if (!said.includes(version)) throw new StepError(`\`${command} --version\` is not ${version}`, said);
    }
  }
}

/**
 * publint, warnings included.
 * @param {string} root
 * @param {readonly Package[]} packages
 * @param {number} seconds
 * @returns {Promise<undefined>}
 */
export async function checkPublished(root, packages, seconds) {
  const publint = join(root, "node_modules", "publint", "src", "cli.js");
  if (!existsSync(publint)) throw new StepError("publint is not installed");
  /** @type {string[]} */
  const failures = [];
  for (const { folder, name } of packages) {
    const { code, output } = await attempt(process.execPath, [publint, "run", folder, "--strict"], {
      cwd: root,
      seconds,
    });
    if (code !== 0) failures.push(`${name}:\n${output}`);
  }
  if (failures.length > 0)
    throw new StepError(`publint has complaints about ${failures.length} packages`, failures.join("\n"));
  return undefined;
}
