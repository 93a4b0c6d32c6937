/** What the check needs beside Node and npm: a second, long-term-support Node, and Debian's mosquitto. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { attempt } from "./steps.mjs";

/** Newest first; one that differs from the running Node is taken. */
const longTermSupport = [24, 22];

/**
 * Installs the npm package `node` (the binary as a package) into a folder of its own.
 * @param {string} root the repository
 * @param {number} seconds
 * @returns {Promise<{ path: string, version: string } | { reason: string }>}
 */
export async function installLongTermNode(root, seconds) {
  const running = Number(process.versions.node.split(".")[0]);
  const major = longTermSupport.find((candidate) => candidate !== running) ?? running;
  const folder = join(root, ".cache", `node-${major}`);
  mkdirSync(folder, { recursive: true });
  // Its own package.json, or npm would install into the repository above it.
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = [
    "install",
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts=false",
    "--loglevel=error",
    `node@${major}`,
  ];
  const installed = await attempt("npm", args, { cwd: folder, seconds });
  if (installed.code !== 0) return { reason: `npm could not install node@${major}: ${firstLine(installed.output)}` };
  const path = nodeBinary(folder);
  if (path === undefined) return { reason: `the package node@${major} brought no binary for this platform` };
  const version = await attempt(path, ["--version"], { cwd: folder, seconds: 20 });
  if (version.code !== 0) return { reason: `node@${major} does not run here: ${firstLine(version.output)}` };
  return { path, version: version.stdout.trim() };
}

/** @param {string} folder @returns {string | undefined} */
function nodeBinary(folder) {
  const modules = join(folder, "node_modules");
  const platform = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const names = process.platform === "win32" ? ["node.exe"] : ["node"];
  return ["node", platform, join("node", "node_modules", platform)]
    .flatMap((name) => names.map((file) => join(modules, name, "bin", file)))
    .find((path) => existsSync(path));
}

/** @param {string} name @returns {string | undefined} the program's path */
export function onPath(name) {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Makes a program of Debian's available.
 * @param {string} root
 * @param {string} name of the program and its package
 * @param {number} seconds
 * @returns {Promise<import("./steps.mjs").Outcome & { readonly isNew?: boolean }>}
 */
async function ensureProgram(root, name, seconds) {
  const present = onPath(name);
  if (present !== undefined) return { note: present };
  if (process.getuid?.() !== 0) return { skipped: `${name} is missing and only root can install it` };
  if (onPath("apt-get") === undefined) return { skipped: `${name} is missing and there is no apt-get` };
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const patience = ["-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=2", "-o", "DPkg::Lock::Timeout=60"];
  const until = Date.now() + seconds * 1000;
  /** @param {string[]} args */
  const apt = (args) =>
    attempt("apt-get", [...patience, ...args], { cwd: root, seconds: (until - Date.now()) / 1000, env });
  const updated = await apt(["update", "-qq"]);
  const install = await apt(["install", "-y", "-qq", "--no-install-recommends", name]);
  const path = onPath(name);
  if (install.code !== 0 || path === undefined) {
    return { skipped: `apt-get could not install ${name}: ${lastLine(install.output || updated.output)}` };
  }
  return { note: `${path}, installed`, isNew: true };
}

/**
 * Makes Debian's mosquitto available; a service that the package starts is stopped again: tests start their own.
 * @param {string} root
 * @param {number} seconds
 * @returns {Promise<import("./steps.mjs").Outcome>}
 */
export async function ensureMosquitto(root, seconds) {
  const { isNew, ...outcome } = await ensureProgram(root, "mosquitto", seconds);
  if (isNew) await stopService(root);
  return outcome;
}

/**
 * Makes Debian's Chromium available, in which reports are looked at.
 * @param {string} root
 * @param {number} seconds
 * @returns {Promise<import("./steps.mjs").Outcome>}
 */
export async function ensureChromium(root, seconds) {
  const { isNew: _, ...outcome } = await ensureProgram(root, "chromium", seconds);
  return outcome;
}

/** Called only after our own installation: nobody else's broker is stopped. @param {string} root */
async function stopService(root) {
  const stop = existsSync("/run/systemd/system")
    ? { command: "systemctl", args: ["disable", "--now", "mosquitto"] }
    : { command: "service", args: ["mosquitto", "stop"] };
  await attempt(stop.command, stop.args, { cwd: root, seconds: 20 });
}

/** @param {string} text */
function firstLine(text) {
  return text.trim().split("\n")[0] ?? "";
}

/** @param {string} text */
function lastLine(text) {
  return text.trim().split("\n").at(-1) ?? "";
}
