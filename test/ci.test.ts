import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { attempt } from "../scripts/ci/steps.mjs";
import { runTests } from "../scripts/ci/vitest.mjs";
import { root, run, temporaryFolder } from "./run.ts";

/** Runs a program made of steps and gives its exit code and lines. */
async function runSteps(body: string) {
  const steps = pathToFileURL(join(root, "scripts/ci/steps.mjs")).href;
  const program = `import { createSteps, must, StepError } from "${steps}"; const steps = createSteps(1); ${body}`;
  const { code, stdout } = await run(process.execPath, ["--input-type=module", "-e", program]);
  return { code, lines: stdout.trim().split("\n") };
}

describe("the check's steps", () => {
  it("go on after a failure and count steps and tests together", async () => {
    const { code, lines } = await runSteps(`
      const cwd = process.cwd();
      await steps.step("one", 10, async () => ({ tests: { passed: 5, failed: 0, skipped: 2 } }));
      await steps.step("two", 10, (seconds) => must(process.execPath, ["-e", "console.log('why'); process.exitCode = 3"], { cwd, seconds }));
      await steps.step("three", 10, async () => ({ skipped: "no such machine" }));
      await steps.step("four", 10, async () => { throw Object.assign(new StepError("tests"), { tests: { passed: 1, failed: 4, skipped: 0 } }); });
      steps.skip("five", "four failed");
      steps.finish();`);
    expect(code).toBe(1);
    expect(lines.at(-1)).toBe("7 passed, 6 failed, 4 skipped");
    expect(lines).toContain("why");
    expect(lines.filter((line) => line.startsWith("skipped  three")).at(-1)).toMatch(/: no such machine$/);
  });

  it("succeed when none failed", async () => {
    const { code, lines } = await runSteps('await steps.step("one", 1, async () => undefined); steps.finish();');
    expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: "1 passed, 0 failed, 0 skipped" });
  });

  it.skipIf(process.platform === "win32")("end a command that takes too long, with its children", async () => {
    const started = Date.now();
    const late = await attempt("sh", ["-c", "echo begun; sleep 30 & sleep 30"], { cwd: root, seconds: 0.5 });
    expect(late.code).toBe(124);
    expect(late.output).toMatch(/begun\n\n\[ended: took longer/);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it("tell a missing program from a failing one", async () => {
    const missing = await attempt("no-such-program-here", [], { cwd: root, seconds: 5 });
    expect(missing).toMatchObject({ code: 127, output: expect.stringContaining("ENOENT") });
  });
});

describe("a run of the tests", () => {
  const options = { cwd: root, seconds: 20 };

  /** A stand-in for vitest that writes a report and ends with a code. */
  async function reporting(folder: string, report: unknown, code: number) {
    const file = join(folder, "vitest.mjs");
    const text = `import { writeFileSync } from "node:fs";
      const option = process.argv.find((arg) => arg.startsWith("--outputFile.json="));
      if (${report !== undefined}) writeFileSync(option.split("=")[1], ${JSON.stringify(JSON.stringify(report))});
      process.exitCode = ${code};`;
    await writeFile(file, text);
    return [file];
  }
  const report = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };

  it("gives the report's counts", async () => {
    await using folder = await temporaryFolder("zipml-report", tmpdir());
    const done = await runTests(process.execPath, await reporting(folder.path, report, 0), options);
    expect(done.tests).toEqual({ passed: 3, failed: 1, skipped: 3 });
  });

  it.each([
    ["a failing run", report, 1],
    ["a run without a report", undefined, 0],
    ["a run without tests", { ...report, numPassedTests: 0 }, 0],
  ])("refuses %s", async (_, written, code) => {
    await using folder = await temporaryFolder("zipml-report", tmpdir());
    await expect(
      runTests(process.execPath, await reporting(folder.path, written, code), options),
    ).rejects.toMatchObject({
      name: "StepError",
      ...(code === 1 ? { tests: { passed: 3, failed: 1, skipped: 3 } } : {}),
    });
  });
});
