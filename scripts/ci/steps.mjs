/** The frame of the check: named, timed steps that go on after a failure, and one count at the end. */
import { spawn } from "node:child_process";

/**
 * @typedef {object} Outcome
 * @property {string} [skipped] why the step was not done
 * @property {{ passed: number, failed: number, skipped: number }} [tests] single tests the step ran
 * @property {string} [note] one line for the summary
 */

/** A step's failure with everything its commands wrote. */
export class StepError extends Error {
  /** @param {string} message @param {string} [output] */
  constructor(message, output = "") {
    super(message);
    this.name = "StepError";
    this.output = output;
  }
}

/**
 * @typedef {object} CommandOptions
 * @property {string} cwd
 * @property {number} seconds killed with its children after that long
 * @property {NodeJS.ProcessEnv} [env] added to ours
 */

/**
 * Runs a command without standard input and gathers what it writes.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<{ code: number, output: string, stdout: string }>} code 124 after a timeout, 127 when not found
 */
export function attempt(command, args, { cwd, seconds, env = {} }) {
  return new Promise((settle) => {
    let output = "";
    let stdout = "";
    let late = false;
    // A group of its own, so that a timeout reaches grandchildren too.
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const timer = setTimeout(() => {
      late = true;
      output += `\n[ended: took longer than ${Math.round(seconds)} s]\n`;
      killGroup(child.pid);
    }, seconds * 1000);
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      settle({ code: 127, output: `${command}: ${error.message}\n`, stdout: "" });
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      settle({ code: late ? 124 : (code ?? 1), output, stdout });
    });
  });
}

/** @param {number | undefined} pid */
function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") throw error; // ESRCH: it has ended meanwhile
  }
}

/**
 * Like {@link attempt}, but any code except 0 is a {@link StepError}.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<string>} its standard output
 */
export async function must(command, args, options) {
  const { code, output, stdout } = await attempt(command, args, options);
  if (code !== 0) throw new StepError(`\`${[command, ...args].join(" ")}\` ended with ${code}`, output);
  return stdout;
}

/**
 * The steps of one run, with a common deadline.
 * @param {number} minutes after which the remaining steps fail instead of starting
 */
export function createSteps(minutes) {
  const start = Date.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  const summary = [];
  const secondsLeft = () => minutes * 60 - (Date.now() - start) / 1000;

  /** @param {"passed" | "failed" | "skipped"} result @param {string} name @param {number} from @param {string} note */
  const record = (result, name, from, note) => {
    total[result] += 1;
    const line = `${result.padEnd(7)}  ${name}  (${((Date.now() - from) / 1000).toFixed(1)} s)${note === "" ? "" : `: ${note}`}`;
    summary.push(line);
    console.log(line);
  };

  return {
    /**
     * Runs one step and records how it ended; never throws.
     * @param {string} name
     * @param {number} limit seconds the step may take
     * @param {(seconds: number) => Promise<Outcome | undefined>} body gets the seconds it has
     * @returns {Promise<boolean>} false when it failed
     */
    async step(name, limit, body) {
      const from = Date.now();
      console.log(`--- ${name}`);
      try {
        const seconds = Math.min(limit, secondsLeft());
        if (seconds <= 0) throw new StepError(`not started: ${minutes} minutes have passed`);
        const { skipped, tests, note = "" } = (await body(seconds)) ?? {};
        addTests(total, tests);
        record(skipped === undefined ? "passed" : "skipped", name, from, skipped ?? note);
        return true;
      } catch (error) {
        if (error instanceof StepError) console.log(error.output.trimEnd());
        const tests = /** @type {{ tests?: Outcome["tests"] }} */ (error).tests;
        addTests(total, tests);
        record("failed", name, from, error instanceof StepError ? error.message : String(error));
        return false;
      }
    },

    /** @param {string} name @param {string} reason */
    skip(name, reason) {
      record("skipped", name, Date.now(), reason);
    },

    /** Prints the summary and sets the exit code. */
    finish() {
      console.log(`\n=== summary after ${((Date.now() - start) / 60_000).toFixed(1)} minutes`);
      for (const line of summary) console.log(line);
      console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
      if (total.failed > 0) process.exitCode = 1;
    },
  };
}

/** @param {{ passed: number, failed: number, skipped: number }} total @param {Outcome["tests"]} tests */
function addTests(total, tests) {
  if (tests === undefined) return;
  total.passed += tests.passed;
  total.failed += tests.failed;
  total.skipped += tests.skipped;
}
