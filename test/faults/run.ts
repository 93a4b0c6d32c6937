/**
 * `npm run test:faults`: processes killed, networks broken and disks spoilt at seeded random instants while readings
 * flow, and a ledger of what became of them. Ends with an exit code other than 0 where anything does not hold.
 */
import { parseArgs } from "node:util";
import { bundlePrograms } from "./bundle.ts";
import type { Outcome } from "./outcome.ts";
import { type PlanOptions, planOf, type Step, timeShare } from "./plan.ts";

const usage = `npm run test:faults -- [options]
  --instants N         kills in all (300)
  --seconds N          time in all; what has not begun by then is not run, and said so (1500)
  --seed S             seed of every instant and choice (1)
  --broker B           aedes or mosquitto beside the embedded broker (both)
  --only A,B           kinds of scenarios: kills, network, disk, away, offline (all)
  --offline-frames N   frames that are made offline and then delivered (70000)
  --readings N         readings that come while the gateway is away (100000)
  --json               one JSON object a line in place of the table`;

function brokerOf(given: string | undefined): PlanOptions["broker"] {
  if (given === undefined || given === "aedes" || given === "mosquitto") return given;
  throw new RangeError(`--broker must be aedes or mosquitto, not ${given}`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      instants: { type: "string", default: "300" },
      seconds: { type: "string", default: "1500" },
      seed: { type: "string", default: "1" },
      broker: { type: "string" },
      only: { type: "string" },
      "offline-frames": { type: "string", default: "70000" },
      readings: { type: "string", default: "100000" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const whole = (name: "instants" | "seconds" | "offline-frames" | "readings"): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 0)
      throw new RangeError(`--${name} must be a whole number: ${values[name]}`);
    return value;
  };
  return {
    ...values,
    broker: brokerOf(values.broker),
    kinds: values.only?.split(","),
    instants: whole("instants"),
    seconds: whole("seconds"),
    offlineFrames: whole("offline-frames"),
    readings: whole("readings"),
  };
}

function show({ scenario, seconds, counts, violations }: Outcome): void {
  console.log(`\n${violations.length === 0 ? "holds   " : "VIOLATED"}  ${scenario}  (${seconds.toFixed(1)} s)`);
  for (const [name, value] of Object.entries(counts)) console.log(`  ${name.padEnd(42)} ${value}`);
  for (const violation of violations) console.log(`  VIOLATION: ${violation}`);
}

/** A scenario that could not be brought to its end holds nothing. */
async function attempt(step: Step, most: number): Promise<Outcome> {
  const started = performance.now();
  try {
    return await step.run(most);
  } catch (error) {
    const seconds = (performance.now() - started) / 1000;
    const why = error instanceof Error ? error.message : String(error);
    return { scenario: step.name, seconds, counts: {}, violations: [`it did not end: ${why}`] };
  }
}

async function runAll(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  await using programs = await bundlePrograms();
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const steps = planOf({ ...options, programs }).filter(({ kind }) => options.kinds?.includes(kind) ?? true);
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    if (elapsed() > options.seconds) {
      console.log(
        `${options.json ? JSON.stringify({ scenario: step.name, notRun: "out of time" }) : `\nnot run   ${step.name}: out of time`}`,
      );
      continue;
    }
    const alike = steps.filter(({ kind }) => kind === step.kind).length;
    const outcome = await attempt(step, (timeShare[step.kind] * options.seconds * 1000) / alike);
    outcomes.push(outcome);
    if (options.json) console.log(JSON.stringify(outcome));
    else show(outcome);
  }
  const sum = (name: string): number =>
    outcomes.reduce((total, { counts }) => total + (typeof counts[name] === "number" ? counts[name] : 0), 0);
  const total = {
    seed: options.seed,
    seconds: Math.round(elapsed()),
    scenarios: outcomes.length,
    violated: outcomes.filter(({ violations }) => violations.length > 0).length,
    instants: sum("instants"),
    accepted: sum("rows accepted"),
    stored: sum("rows stored"),
    duplicated: sum("duplicated"),
  };
  if (options.json) console.log(JSON.stringify(total));
  else
    console.log(
      `\n${Object.entries(total)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ")}`,
    );
  return total.violated === 0 ? 0 : 1;
}

process.exitCode = await runAll();
