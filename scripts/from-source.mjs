/** Running the TypeScript sources without a build: the condition `zipml-source` picks src/ even when a dist/ exists. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Node's arguments for a TypeScript entry run from source, from any folder. Call it after the set-up: it finds tsx.
 * @param {string} entry path of the .ts file
 * @param {readonly string[]} args
 * @returns {string[]}
 */
export function sourceArguments(entry, args) {
  return ["--conditions=zipml-source", "--import", import.meta.resolve("tsx"), entry, ...args];
}

/**
 * Runs Node with our standard streams, hands on SIGINT, SIGTERM and SIGHUP, and takes over its exit code.
 * @param {readonly string[]} args
 * @param {string} [cwd]
 * @returns {Promise<void>} settled once the child has ended
 */
export function runNode(args, cwd = process.cwd()) {
  const child = spawn(process.execPath, args, { stdio: "inherit", cwd });
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    // At a terminal Ctrl-C reaches the whole process group: handed on as well it would count twice.
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  /** @type {NodeJS.Signals[]} */
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((settle) => {
    /** @param {number} code */
    const end = (code) => {
      for (const signal of signals) process.off(signal, forward);
      process.exitCode = code;
      settle();
    };
    child.once("error", (error) => {
      console.error(`zipml: Node could not be started: ${error.message}`);
      end(1);
    });
    child.once("exit", (code, signal) => end(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
