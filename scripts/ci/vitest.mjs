/** One run of all tests with the counts taken from vitest's JSON report. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, StepError } from "./steps.mjs";

/**
 * @typedef {object} Report the fields read from vitest's JSON report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 */

/**
 * Runs a command that takes vitest's arguments.
 * @param {string} command
 * @param {readonly string[]} args before vitest's own
 * @param {import("./steps.mjs").CommandOptions} options
 * @returns {Promise<import("./steps.mjs").Outcome>}
 */
export async function runTests(command, args, options) {
  const folder = mkdtempSync(join(tmpdir(), "zipml-tests-"));
  try {
    const file = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { code, output } = await attempt(command, [...args, ...reporters], options);
    const tests = existsSync(file) ? counts(JSON.parse(readFileSync(file, "utf8"))) : undefined;
    if (code === 0 && tests !== undefined && tests.passed > 0) {
      return { tests, note: `${tests.passed} tests passed, ${tests.skipped} skipped` };
    }
    const why = code === 0 ? "no test ran" : `tests ended with ${code}`;
    const failure = new StepError(tests === undefined ? `${why}; no report was written` : why, output);
    throw Object.assign(failure, { tests });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Report} report */
function counts(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
