import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import {
  createAnalysis,
  defineScenario,
  gridPoints,
  parseAxis,
  type Scenario,
  scenarioAt,
  simulateEvents,
} from "@zipml/simulator";
import {
  type BenchResult,
  type BenchRow,
  type BenchTable,
  benchRow,
  type RunBench,
  thisMachine,
} from "./bench-result.ts";

/** Devices of a cell: a busy gateway. */
const perGateway = 1000;
const hours = 24;
const megabyte = 1e6;

/** One message an hour over LoRaWAN, eight channels, spreading factors by distance, losses that come in bursts. */
function fleet(devices: number): Scenario {
  return defineScenario({
    durationHours: hours,
    fleet: { devices, agents: 0, placement: { kind: "disc", metres: 3000 } },
    gateways: { count: Math.max(1, Math.round(devices / perGateway)) },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 3600, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    batch: { rows: 1, jitterSeconds: 60 },
    delivery: { birth: false },
    link: "lorawan",
    links: { lorawan: { channels: 8 } },
    loss: { kind: "gilbert-elliott", goodSeconds: 86_400, badSeconds: 600 },
  });
}

/** What one run took. */
interface Measured {
  readonly messages: number;
  /** Of the processor, all threads. */
  readonly cpu: number;
  /** Elapsed. */
  readonly wall: number;
  /** Most memory of the process while it ran, MB. */
  readonly memory: number;
}

async function measure(scenario: Scenario, workers: number): Promise<Measured> {
  let memory = 0;
  const look = (): void => {
    memory = Math.max(memory, process.memoryUsage.rss() / megabyte);
  };
  const start = performance.now();
  const before = process.cpuUsage();
  const { result } = await simulateEvents(scenario, { workers, progress: look });
  const { user, system } = process.cpuUsage(before);
  look();
  return {
    messages: result.transmissions.sent,
    cpu: (user + system) / 1e6,
    wall: (performance.now() - start) / 1e3,
    memory,
  };
}

/** Runs of a size, of which the least processor time counts: the machine is shared. */
const repeats = 3;

/** The cheapest of several runs in this thread. */
async function cheapest(scenario: Scenario, runs: number): Promise<Measured> {
  let best = await measure(scenario, 1);
  for (let i = 1; i < runs; i++) {
    const next = await measure(scenario, 1);
    if (next.cpu < best.cpu) best = next;
  }
  return best;
}

const rateRow = (id: string, { messages, cpu }: Measured): BenchRow =>
  benchRow({ id, value: messages / cpu / 1e6, unit: "M messages/CPU-s", better: "higher" });

/** Cost of three sizes: linear is a constant rate. */
async function scaling(
  quick: boolean,
  progress: (line: string) => void,
): Promise<readonly [readonly BenchRow[], BenchTable]> {
  const sizes = quick ? [2000, 8000] : [50_000, 200_000, 1_000_000];
  const rows: BenchRow[] = [];
  const cells: (string | number)[][] = [];
  // The compiler's share: until all that runs is compiled for good, which takes a million messages or two. The peer has
  // a run beforehand too, and as many that count.
  await measure(fleet(quick ? 1000 : 100_000), 1);
  for (const devices of sizes) {
    const workers = devices === sizes.at(-1) ? Math.min(2, availableParallelism()) : 1;
    progress(`simulate: ${devices} devices, ${workers} threads`);
    const run =
      workers === 1 ? await cheapest(fleet(devices), quick ? 1 : repeats) : await measure(fleet(devices), workers);
    rows.push(rateRow(`events/${devices}`, run));
    if (devices === sizes.at(-1)) {
      rows.push(
        benchRow({
          id: `wall/${devices}`,
          value: run.wall,
          unit: "s",
          baseline: quick ? run.wall : 30,
          better: "lower",
        }),
      );
      rows.push(benchRow({ id: `memory/${devices}`, value: run.memory, unit: "MB", baseline: 400, better: "lower" }));
      rows.push(
        benchRow({ id: "faster-than-real-time", value: (hours * 3600) / run.wall, unit: "times", better: "higher" }),
      );
    }
    cells.push([devices, run.messages, workers, run.cpu, run.wall, run.memory, (1e9 * run.cpu) / run.messages]);
  }
  const head = ["devices", "messages", "threads", "CPU, s", "elapsed, s", "memory, MB", "CPU, ns a message"];
  return [rows, { title: "one message an hour for a day, LoRaWAN", head, rows: cells }];
}

/** Points of a sweep in closed form. */
function analytic(quick: boolean): BenchRow {
  const axes = [
    "bits=2,3,4,5,6,7,8,9,10,12",
    "batch=1,2,4,8,16,32,64,128,192,256",
    "link=lorawan,nbiot,ltem,ble,ieee802154",
  ];
  const base = fleet(1000);
  const points = gridPoints([...axes, quick ? "interval=60" : "interval=60,300"].map(parseAxis)).slice(
    0,
    quick ? 50 : 1000,
  );
  const scenarios = points.map((point) => scenarioAt(base, point));
  for (const scenario of scenarios.slice(0, 100)) createAnalysis()(scenario);
  const analyse = createAnalysis();
  const before = performance.now();
  for (const scenario of scenarios) analyse(scenario);
  const value = ((performance.now() - before) / 1e3) * (1000 / scenarios.length);
  return benchRow({ id: "analytic/1000-points", value, unit: "s", baseline: 2, better: "lower" });
}

/** Events of a peer's queue alone: a hold model, each event followed by the same device's next. */
async function peer(quick: boolean): Promise<{ readonly row?: BenchRow; readonly note?: string }> {
  const events = quick ? 20_000 : 300_000;
  const worker = new Worker(fileURLToPath(new URL("./simulate/simjs-worker.mjs", import.meta.url)), {
    workerData: { devices: perGateway, events, repeats: quick ? 1 : repeats },
  });
  try {
    const rate = await new Promise<number>((settle, fail) => {
      worker.once("message", settle);
      worker.once("error", fail);
    });
    const unit = "M events/CPU-s";
    return { row: benchRow({ id: "simjs/queue-only", value: rate / 1e6, unit, better: "higher" }) };
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return { note: `simjs, a general event queue of npm, is left out: ${why}` };
  } finally {
    await worker.terminate();
  }
}

/** The fleet simulator: rate, time and memory by size, the closed form, and a general event queue of npm beside it. */
export const run: RunBench = async ({ quick, progress }): Promise<BenchResult> => {
  const [rows, table] = await scaling(quick, progress);
  const { row, note } = await peer(quick);
  return {
    name: "simulate",
    machine: thisMachine(),
    rows: [...rows, analytic(quick), ...(row === undefined ? [] : [row])],
    tables: [table],
    notes: [
      "A message here is a LoRaWAN uplink: path loss, spreading factor, channel, interference, demodulators, loss by time, delays counted.",
      ...(note === undefined ? [] : [note]),
    ],
  };
};
