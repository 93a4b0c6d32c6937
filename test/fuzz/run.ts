import { parseArgs } from "node:util";
import { figure, machine, megabytes } from "../soak/measure.ts";
import { decodeMany } from "./decode.ts";
import { faultsOf, fuzzGateway } from "./fuzz.ts";
import type { FuzzResult } from "./target.ts";

const usage = `npm run test:fuzz -- [--messages 10000000] [--seconds 3600] [--seed 1] [--heap MB (384)] [--frames 10000000 (decoder alone)]
  [--profile FOLDER] [--json]`;

function tell(result: FuzzResult, faults: readonly string[]): void {
  const { growth, valid, ingest, points } = result;
  console.log(
    `${figure(result.messages)} hostile messages in ${figure(result.seconds, 1)} s: ${figure(result.messages / result.seconds)} messages/s`,
  );
  for (const [kind, { count, mean, longest, worst }] of Object.entries(result.costs))
    console.log(
      `  ${kind}: ${figure(count)}, ${figure(mean, 1)} µs each, longest ${figure(longest / 1000, 1)} ms (${worst})`,
    );
  const shown = points.filter((_, i) => i % Math.ceil(points.length / 11) === 0);
  console.log(`  RSS, MB: ${shown.map(({ rss, heap }) => `${megabytes(rss)} (heap ${megabytes(heap)})`).join(", ")}`);
  console.log(
    `  RSS ${megabytes(growth.early)} MB in the second quarter, ${megabytes(growth.late)} MB in the last, at most ${megabytes(growth.highest)} MB`,
  );
  console.log(`  ingest: ${JSON.stringify(ingest)}`);
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
      seconds: { type: "string", default: "3600" },
      seed: { type: "string", default: "1" },
      heap: { type: "string", default: "384" },
      frames: { type: "string", default: "10000000" },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [messages = 0, seconds = 0, seed = 0, heap = 0, frames = 0] = [
    values.messages,
    values.seconds,
    values.seed,
    values.heap,
    values.frames,
  ].map(Number);
  if (!(messages >= 0 && seconds > 0 && Number.isInteger(seed) && heap > 0 && frames >= 0)) throw new RangeError(usage);
  if (!values.json) console.log(`${machine()}, seed ${seed}`);
  const decoder = decodeMany(frames, seed);
  if (!values.json)
    console.log(
      `decoder alone: ${figure(decoder.frames)} frames in ${figure(decoder.seconds, 1)} s, ${figure(decoder.frames / decoder.seconds)} frames/s; ${figure(decoder.decoded)} decoded, ${figure(decoder.refused)} refused: ${JSON.stringify(decoder.codes)}`,
    );
  const result = await fuzzGateway(
    { messages, seconds, seed },
    { heap, ...(values.profile === undefined ? {} : { profile: values.profile }) },
  );
  const faults = faultsOf(result);
  if (values.json) console.log(JSON.stringify({ machine: machine(), seed, decoder, result, faults }));
  else {
    tell(result, faults);
    console.log(faults.length === 0 ? "passed" : "FAILED");
  }
  if (faults.length > 0) process.exitCode = 1;
}

await main();
