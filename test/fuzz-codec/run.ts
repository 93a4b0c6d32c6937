import { parseArgs } from "node:util";
import { figure, machine } from "../soak/measure.ts";
import { fuzzCodec } from "./fuzz.ts";

const usage = "npm run test:fuzz-codec -- [--frames 10000000] [--seconds 1800] [--seed 1] [--json]";

function main(): void {
  const { values } = parseArgs({
    options: {
      frames: { type: "string", default: "10000000" },
      seconds: { type: "string", default: "1800" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const [frames = 0, seconds = 0, seed = 0] = [values.frames, values.seconds, values.seed].map(Number);
  if (!(frames > 0 && seconds > 0 && Number.isInteger(seed))) throw new RangeError(usage);
  const begun = performance.now();
  const result = fuzzCodec({ frames, seconds, seed });
  const taken = (performance.now() - begun) / 1000;
  if (values.json) console.log(JSON.stringify({ machine: machine(), seed, seconds: taken, ...result }));
  else {
    console.log(`${machine()}, seed ${seed}`);
    console.log(
      `${figure(result.frames)} spoiled frames in ${figure(taken, 1)} s: ${figure(result.decoded)} decoded, longest ${figure(result.longest, 1)} ms`,
    );
    for (const [fault, count] of Object.entries(result.refused)) console.log(`  ${fault}: ${figure(count)}`);
    for (const escaped of result.escapes.slice(0, 20)) console.log(`  ESCAPE ${escaped}`);
    console.log(result.escapes.length === 0 ? "passed" : "FAILED");
  }
  if (result.escapes.length > 0) process.exitCode = 1;
}

main();
