/**
 * The event queue of simjs alone: devices that each set a timer again when it has fired. simjs fastens itself to `window` and
 * exports nothing, so it has a thread of its own.
 */
import { createRequire } from "node:module";
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";

const { devices, events, repeats } = /** @type {{ devices: number, events: number, repeats: number }} */ (workerData);
const scope = /** @type {Record<string, unknown>} */ (globalThis);
scope["window"] = globalThis;
createRequire(import.meta.url)("simjs");

/**
 * @typedef {object} Timer
 * @property {(call: () => void) => void} done
 *
 * @typedef {object} SimLibrary
 * @property {new () => { addEntity(type: unknown): void, simulate(end: number): void }} Sim
 * @property {new () => { setTimer(delay: number): Timer }} Entity
 */
const library = /** @type {SimLibrary} */ (scope["Sim"]);
let state = 1;
/** A uniform number; what draws it matters little beside the queue. */
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
};
let fired = 0;

class Device extends library.Entity {
  start() {
    this.setTimer(2 * uniform()).done(() => {
      fired += 1;
      this.start();
    });
  }
}

/** Events a second of the processor in one simulation. */
const rate = () => {
  const sim = new library.Sim();
  for (let device = 0; device < devices; device++) sim.addEntity(Device);
  fired = 0;
  const before = process.cpuUsage();
  sim.simulate(events / devices);
  const { user, system } = process.cpuUsage(before);
  return fired / ((user + system) / 1e6);
};

rate(); // the compiler's share
parentPort?.postMessage(Math.max(...Array.from({ length: repeats }, rate)));
