/** Makes node_modules match package-lock.json. Plain Node without dependencies: it runs before anything is installed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const oldestNode = [20, 19];
const marker = join(root, "node_modules", ".zipml-setup");

/** What the calling npm says about its own output or scope; handed on, it would silence or misdirect the install. */
const notInherited =
  /^npm_config_(loglevel|silent|quiet|verbose|json|parseable|progress|workspaces?|include_workspace_root|global|dry_run|only|omit|include)$/i;

/**
 * Why this Node can't run the project, or undefined when it can.
 * @param {string} version as in `process.versions.node`
 * @returns {string | undefined}
 */
export function nodeProblem(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return `zipml: Node ${oldestNode.join(".")} or newer is needed; this is Node ${version}`;
}

/** What node_modules was made for: the lock file's content, and the platform, as some packages are binaries. */
function wanted() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${lock} ${process.platform}-${process.arch}\n`;
}

function current() {
  try {
    return readFileSync(marker, "utf8");
  } catch {
    return undefined; // no marker: never set up, or an install that did not finish
  }
}

/** The npm that called us, or else the one on the PATH. */
function npmCommand() {
  const calledBy = process.env["npm_execpath"];
  if (calledBy !== undefined && basename(calledBy) === "npm-cli.js") {
    return { command: process.execPath, before: [calledBy], shell: false };
  }
  const windows = process.platform === "win32"; // npm.cmd needs a shell there
  return { command: windows ? "npm.cmd" : "npm", before: [], shell: windows };
}

/**
 * Runs npm in the repository with all its output on our standard error.
 * @param {string[]} args
 * @returns {Promise<string | undefined>} why it failed, or undefined
 */
function npm(args) {
  const { command, before, shell } = npmCommand();
  const kept = Object.entries(process.env).filter(([name]) => !notInherited.test(name));
  return new Promise((settle) => {
    const child = spawn(command, [...before, ...args], {
      cwd: root,
      env: Object.fromEntries(kept),
      stdio: ["ignore", 2, 2],
      shell,
    });
    child.once("error", (error) => settle(`npm could not be started: ${error.message}`));
    child.once("exit", (code, signal) => settle(code === 0 ? undefined : `npm install ended with ${signal ?? code}`));
  });
}

/**
 * Brings node_modules up to date; does nothing when it already is. Writes to standard error only.
 * @returns {Promise<boolean>} false when it failed, the reason having been written
 */
export async function setUp() {
  const problem = nodeProblem(process.versions.node);
  if (problem !== undefined) {
    console.error(problem);
    return false;
  }
  const target = wanted();
  if (current() === target) return true;
  console.error("zipml: installing dependencies (once, and again when package-lock.json changes)");
  rmSync(marker, { force: true });
  // --include: NODE_ENV=production would leave out tsx, and an `omit` of the user's the bundlers' binaries.
  const args = ["install", "--no-save", "--loglevel=error", "--include=dev", "--include=optional"];
  const failure = await npm(args);
  if (failure !== undefined) {
    console.error(
      `zipml: set-up failed: ${failure}; npm's reason is above. Run \`npm install\` in ${root} to see more.`,
    );
    return false;
  }
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, target);
  return true;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  if (!(await setUp())) process.exitCode = 1;
}
