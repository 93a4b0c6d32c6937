/** `.ci/run`: everything that must hold on a clean checkout. Runs all steps, then exits with 1 if one failed. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { ensureChromium, ensureMosquitto, installLongTermNode, onPath } from "./ci/machine.mjs";
import { checkInstalled, checkPublished, workspacePackages } from "./ci/packages.mjs";
import { createSteps, must, StepError } from "./ci/steps.mjs";
import { runTests } from "./ci/vitest.mjs";
import { root } from "./setup.mjs";

const steps = createSteps(32);
const node = process.execPath;

/** @param {string} name of a package @param {string} file its command */
const tool = (name, file) => join(root, "node_modules", name, file);
const tsc = tool("typescript", "bin/tsc");
const biome = tool("@biomejs/biome", "bin/biome");

/** @param {readonly string[]} args to Node @returns {(seconds: number) => Promise<undefined>} */
const runs = (args) => async (seconds) => {
  await must(node, args, { cwd: root, seconds });
  return undefined;
};

/** The data sets that may not be copied into the project lie beside the checkout; without them their tests are skipped. */
const dataFolder = join(root, "..", "shared", "data");
if (existsSync(dataFolder)) process.env["ZIPML_DATA"] ??= dataFolder;

const lockHash = () =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");

/** @param {string} before @returns {(seconds: number) => Promise<import("./ci/steps.mjs").Outcome | undefined>} */
const lockUnchanged = (before) => async (seconds) => {
  if (lockHash() !== before) throw new StepError("package-lock.json was changed by this run");
  if (onPath("git") === undefined || !existsSync(join(root, ".git")))
    return { note: "no git here: compared in this run only" };
  await must("git", ["-c", "safe.directory=*", "diff", "--exit-code", "--stat", "package-lock.json"], {
    cwd: root,
    seconds,
  });
  return undefined;
};

/** Removes what an earlier build left, so that nothing stale is packed. */
function removeBuilds() {
  for (const { folder } of workspacePackages(root)) rmSync(join(folder, "dist"), { recursive: true, force: true });
}

async function checkSources() {
  await steps.step(
    "biome: format, lint, imports",
    120,
    runs([biome, "ci", "--error-on-warnings", "--colors=off", root]),
  );
  await steps.step("layers: arrows, cycles, file sizes", 60, runs([join(root, "scripts", "layers.mjs")]));
  await steps.step(
    "types: tests, examples, scripts",
    180,
    runs([tsc, "-p", "tsconfig.check.json", "--pretty", "false"]),
  );
}

async function checkTests() {
  // Before any build: the tests must do without dist/. They include the README's and the examples' code.
  await steps.step(`tests on Node ${process.versions.node}`, 360, (seconds) =>
    runTests("npm", ["test", "--silent", "--"], { cwd: root, seconds }),
  );
  await steps.step("slow tests: killed processes, full disks, floods", 900, (seconds) =>
    runTests("npm", ["run", "test:slow", "--silent", "--"], { cwd: root, seconds }),
  );
  const faults = ["--seconds", "180", "--only", "kills,network", "--instants", "80"];
  await steps.step(
    "faults: kill -9 and bad networks, three minutes",
    360,
    runs(["--conditions=zipml-source", "--import", "tsx", join(root, "test", "faults", "run.ts"), ...faults]),
  );
  const built = await steps.step("build: tsc -b, types of the sources", 180, runs([tsc, "-b", "--pretty", "false"]));
  await steps.step("tests on a long-term-support Node", 420, async (seconds) => {
    const other = await installLongTermNode(root, Math.min(seconds, 120));
    if ("reason" in other) return { skipped: other.reason };
    const env = { PATH: `${dirname(other.path)}${delimiter}${process.env["PATH"] ?? ""}` };
    const outcome = await runTests(other.path, [join(root, "scripts", "test.mjs")], { cwd: root, seconds, env });
    return { ...outcome, note: `Node ${other.version}: ${outcome.note}` };
  });
  return built;
}

/** @param {boolean} built */
async function checkPackages(built) {
  const names = ["packages: packed, installed, loaded by plain Node", "publint"];
  const [installed = "", linted = ""] = names;
  if (!built) {
    for (const name of names) steps.skip(name, "the build failed");
    return;
  }
  const packages = workspacePackages(root);
  await steps.step(installed, 180, (seconds) => checkInstalled(root, packages, seconds));
  await steps.step(linted, 120, (seconds) => checkPublished(root, packages, seconds));
}

const before = lockHash();
removeBuilds();
if (await steps.step("set-up", 300, runs([join(root, "scripts", "setup.mjs")]))) {
  await steps.step("mosquitto", 150, (seconds) => ensureMosquitto(root, seconds));
  await steps.step("chromium", 300, (seconds) => ensureChromium(root, seconds));
  await checkSources();
  await checkPackages(await checkTests());
  await steps.step("package-lock.json is unchanged", 30, lockUnchanged(before));
} else {
  steps.skip("everything else", "the set-up failed");
}
steps.finish();
