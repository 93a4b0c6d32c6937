import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { figure, machine, megabytes } from "../soak/measure.ts";
import { decodeMany } from "./decode.ts";
import { faultsOf, fuzzGateway } from "./fuzz.ts";
import type { FuzzResult } from "./target.ts";

const usage = `npm run test:fuzz -- [--messages 10000000] [--seconds 1800] [--seed 1] [--processes N (one for each processor, 2 at most)] [--heap MB (384)] [--frames 10000000 (decoder alone)]
  [--profile FOLDER] [--json]`;

function tell(result: FuzzResult, faults: readonly string[]): void {
  const { growth, valid, ingest, points } = result;
  console.log(
    `${figure(result.messages)} hostile messages in ${figure(result.seconds, 1)} s: ${figure(result.messages / result.seconds)} messages/s; ${figure((result.cpu / result.messages) * 1e6, 1)} µs of processor time each`,
  );
  for (const [kind, { count, mean, longest, worst }] of Object.entries(result.costs))
    console.log(
      `  ${kind}: ${figure(count)}, ${figure(mean, 1)} µs each, longest ${figure(longest / 1000, 1)} ms (${worst})`,
    );
  const shown = points.filter((_, i) => i % Math.ceil(points.length / 11) === 0);
  console.log(`  RSS, MB: ${shown.map(({ rss, heap }) => `${megabytes(rss)} (heap ${megabytes(heap)})`).join(", ")}`);
  console.log(
    `  RSS ${megabytes(growth.early)} MB after a quarter of the run, ${megabytes(growth.late)} MB at its end, at most ${megabytes(growth.highest)} MB`,
  );
  console.log(`  ingest: ${JSON.stringify(ingest)}`);
  console.log(`  control: ${JSON.stringify(result.control)}`);
  console.log(`  events: ${JSON.stringify(result.events)}`);
  console.log(
    `  valid devices: ${figure(valid.sent)} frames sent, ${figure(valid.stored)} stored, ${figure(valid.receipted)} receipted, ${valid.twice} twice, ${valid.missing} missing`,
  );
  for (const fault of faults) console.log(`  FAULT ${fault}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "10000000" },
      seconds: { type: "string", default: "1800" },
      seed: { type: "string", default: "1" },
      processes: { type: "string", default: String(Math.min(2, availableParallelism())) },
      heap: { type: "string", default: "384" },
      frames: { type: "string", default: "10000000" },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [messages = 0, seconds = 0, seed = 0, processes = 0, heap = 0, frames = 0] = [
    values.messages,
    values.seconds,
    values.seed,
    values.processes,
    values.heap,
    values.frames,
  ].map(Number);
  const isSound = messages >= 0 && seconds > 0 && Number.isInteger(seed) && processes >= 1 && heap > 0 && frames >= 0;
  if (!isSound) throw new RangeError(usage);
  if (!values.json) console.log(`${machine()}, seed ${seed}`);
  const decoder = decodeMany(frames, seed);
  if (!values.json)
    console.log(
      `decoder alone: ${figure(decoder.frames)} frames in ${figure(decoder.seconds, 1)} s, ${figure(decoder.frames / decoder.seconds)} frames/s; ${figure(decoder.decoded)} decoded, ${figure(decoder.refused)} refused: ${JSON.stringify(decoder.codes)}`,
    );
  const begun = performance.now();
  // A gateway runs on one processor: several of them, each with its own seed, get through more in the same time.
  const results = await Promise.all(
    Array.from({ length: processes }, (_, i) =>
      fuzzGateway(
        { messages: Math.ceil(messages / processes), seconds, seed: seed + i },
        { heap, ...(values.profile === undefined ? {} : { profile: values.profile }) },
      ),
    ),
  );
  const short = results.some((result) => result.messages < Math.ceil(messages / processes));
  const faults = [...results.flatMap(faultsOf), ...(short ? [`not done within ${seconds} s`] : [])];
  if (values.json) console.log(JSON.stringify({ machine: machine(), seed, decoder, results, faults }));
  else {
    for (const result of results) tell(result, faultsOf(result));
    const fed = results.reduce((sum, result) => sum + result.messages, 0);
    const took = (performance.now() - begun) / 1000;
    console.log(
      `${figure(fed)} messages on ${processes} gateways in ${figure(took, 1)} s: ${faults.length === 0 ? "passed" : "FAILED"}`,
    );
  }
  if (faults.length > 0) process.exitCode = 1;
}

await main();
