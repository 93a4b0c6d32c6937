import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Child, type ChildOptions, profiled, startChild } from "./child.ts";
import { channelCount, rowsPerFrame } from "./frames.ts";
import type { GatewayReport, GatewayStart, InProcess } from "./gateway-process.ts";
import {
  createHistogram,
  figure,
  growthOf,
  type HeldMemory,
  heldSlope,
  leftOpen,
  type MemoryPoint,
  machine,
  megabytes,
  mostOpened,
  type OpenPoint,
} from "./measure.ts";
import type { PublisherReport, PublisherStart } from "./publisher.ts";

const usage = `npm run test:soak -- [--seconds 600] [--rate max|FRAMES_A_SECOND] [--publishers 2] [--devices 8] [--frames-open 128]
  [--train SECONDS (60)] [--window ROWS (200000)] [--memory (no folder: nothing on disk)] [--inside SECONDS (10)] [--warm SECONDS (150)]
  [--profile FOLDER] [--json]`;

/** Readings a second that one gateway is to sustain. */
const bar = 4_000_000;
const readingsPerFrame = rowsPerFrame * channelCount;
/** Growth of memory after the warm-up that is let pass, bytes a minute: what F18 allows. */
const mostGrowth = 2 ** 20;
/** Seconds between two collections after which memory is read. */
const collectEvery = 10;

interface Settings {
  readonly seconds: number;
  readonly rate: number | "max";
  readonly publishers: number;
  readonly devices: number;
  readonly open: number;
  readonly inside: number;
  /** Seconds after which memory is to stay as it is. */
  readonly warm: number;
  readonly json: boolean;
  readonly options: ChildOptions;
  readonly gateway: GatewayStart;
}

function positive(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least)
    throw new RangeError(`--${name} ${text}: a number from ${least} on\n${usage}`);
  return value;
}

/** Lets the process be asked what it holds once all garbage is collected. */
function withCollection({ execArgv = [], ...options }: ChildOptions): ChildOptions {
  return { ...options, execArgv: ["--expose-gc", ...execArgv] };
}

function readSettings(): { readonly settings: Settings; readonly memory: boolean } {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "600" },
      rate: { type: "string", default: "max" },
      publishers: { type: "string", default: "2" },
      devices: { type: "string", default: "8" },
      "frames-open": { type: "string", default: "128" },
      train: { type: "string", default: "60" },
      window: { type: "string", default: "200000" },
      inside: { type: "string", default: "10" },
      warm: { type: "string", default: "150" },
      memory: { type: "boolean", default: false },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const seconds = positive("seconds", values.seconds);
  const settings: Settings = {
    seconds,
    rate: values.rate === "max" ? "max" : positive("rate", values.rate),
    publishers: positive("publishers", values.publishers),
    devices: positive("devices", values.devices),
    open: positive("frames-open", values["frames-open"]),
    inside: positive("inside", values.inside, 0),
    json: values.json,
    warm: Math.min(positive("warm", values.warm, 0), seconds / 2),
    options: withCollection(profiled(values.profile)),
    gateway: { window: positive("window", values.window), train: positive("train", values.train, 0) },
  };
  return { settings, memory: values.memory };
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);

async function startPublishers({ publishers, devices, open, rate }: Settings, url: string): Promise<Child[]> {
  const children = Array.from({ length: publishers }, () => startChild(new URL("publisher.ts", import.meta.url)));
  await Promise.all(
    children.map((child, p) => {
      const ids = Array.from({ length: devices }, (_, i) => `soak-${i}`).filter((_, i) => i % publishers === p);
      const start: PublisherStart = { url, ids, window: open, rate: rate === "max" ? rate : rate / publishers };
      return child.call("start", start);
    }),
  );
  return children;
}

interface Watched {
  readonly points: readonly MemoryPoint[];
  /** After collections. */
  readonly held: readonly HeldMemory[];
  readonly open: readonly OpenPoint[];
  /** Frames stored, and seconds, from the time when all was warm. */
  readonly frames: number;
  readonly seconds: number;
  /** Processor seconds of the gateway in that time. */
  readonly cpu: number;
}

const heldText = (held: HeldMemory | undefined): string =>
  held === undefined
    ? "nothing collected yet"
    : `held ${tenths(held.heap)} MB of heap, ${tenths(held.external)} beside it (buffers ${tenths(held.arrayBuffers)}), RSS ${megabytes(held.rss)}`;

const tenths = (bytes: number): string => figure(bytes / 2 ** 20, 1);

const perMinute = (bytes: number): string => `${figure(bytes / 2 ** 20, 2)} MB/min`;

async function watch(gateway: Child, { seconds, json }: Settings): Promise<Watched> {
  const points: MemoryPoint[] = [];
  const held: HeldMemory[] = [];
  const open: OpenPoint[] = [];
  const begun = performance.now();
  const warm = Math.min(5, seconds / 4);
  let first: { readonly at: number; readonly report: GatewayReport } | undefined;
  let told = 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const at = (performance.now() - begun) / 1000;
    const report = await gateway.call<GatewayReport>("report");
    points.push({ at, rss: report.rss, heap: report.heap });
    open.push({ at, ...report.open });
    if (at >= held.length * collectEvery) held.push({ at, ...(await gateway.call<Omit<HeldMemory, "at">>("collect")) });
    if (at >= warm) first ??= { at, report };
    if (!json && at >= told) {
      told += seconds / 12;
      const frames = figure(report.ingest.stored);
      console.log(
        `${figure(at)} s: ${frames} frames, RSS ${megabytes(report.rss)} MB, heap ${megabytes(report.heap)} MB; ${heldText(held.at(-1))}`,
      );
    }
    if (at < seconds) continue;
    const since = first ?? { at: 0, report };
    const frames = report.ingest.stored - since.report.ingest.stored;
    return { points, held, open, frames, seconds: at - since.at, cpu: report.cpu - since.report.cpu };
  }
}

/** What is open once the senders are gone: sockets take a moment to close. */
async function openAtLast(gateway: Child, before: GatewayReport["open"]): Promise<GatewayReport["open"]> {
  for (let again = 0; ; again++) {
    const { open } = await gateway.call<GatewayReport>("report");
    if (again === 20 || ((open.descriptors ?? 0) <= (before.descriptors ?? 0) && open.handles <= before.handles))
      return open;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Runs the soak, and says what it gave. */
async function soak(settings: Settings) {
  const gateway = startChild(new URL("gateway-process.ts", import.meta.url), settings.options);
  const url = await gateway.call<string>("start", settings.gateway);
  const { open: before } = await gateway.call<GatewayReport>("report");
  const publishers = await startPublishers(settings, url);
  const watched = await watch(gateway, settings);
  const finals = await Promise.all(publishers.map((child) => child.call<PublisherReport>("finish")));
  const report = await gateway.call<GatewayReport>("report");
  await Promise.all(publishers.map((child) => child.stop()));
  const after = await openAtLast(gateway, before);
  await gateway.stop();
  const latency = createHistogram();
  for (const final of finals) latency.merge(final.latency);
  const senders = Object.fromEntries(finals.flatMap((final) => Object.entries(final.senders)));
  const counts = Object.values(senders);
  const sent = sum(counts.map((sender) => sender.sent));
  const distinct = sum(Object.values(report.frames));
  return {
    readingsPerSecond: (watched.frames / watched.seconds) * readingsPerFrame,
    framesPerSecond: watched.frames / watched.seconds,
    latency: { p50: latency.quantile(0.5), p99: latency.quantile(0.99), highest: latency.quantile(1) },
    sent,
    again: sum(counts.map((sender) => sender.again)),
    receipts: sum(counts.map((sender) => sender.receipts)),
    lost: sum(Object.entries(senders).map(([id, sender]) => sender.sent - (report.frames[id] ?? 0))),
    duplicated: report.ingest.stored - distinct + Math.abs(report.ingest.rows - distinct * rowsPerFrame) / rowsPerFrame,
    memory: growthOf(watched.points, settings.warm),
    held: watched.held,
    heldSlope: heldSlope(watched.held, settings.warm),
    open: { before, last: watched.open.at(-1), after },
    opened: leftOpen({ at: 0, ...before }, watched.open, { at: watched.seconds, ...after }, settings.warm),
    collectedSlope: growthOf(watched.held, settings.warm).slope,
    cpu: watched.cpu / watched.seconds,
    publisherCpu: sum(finals.map(({ cpu }) => cpu)) / settings.seconds,
    models: report.models,
    ingest: report.ingest,
    trouble: report.trouble,
  };
}

async function inside({ gateway, inside: seconds }: Settings) {
  const child = startChild(new URL("gateway-process.ts", import.meta.url));
  const { directory: _directory, ...inMemory } = gateway;
  const run = await child.call<InProcess>("inside", { ...inMemory, seconds });
  await child.stop();
  const sent = sum(run.senders.map((sender) => sender.sent));
  const distinct = sum(Object.values(run.report.frames));
  return {
    readingsPerSecond: (sent / run.seconds) * readingsPerFrame,
    framesPerSecond: sent / run.seconds,
    p99: run.p99,
    lost: sent - distinct,
    duplicated: run.report.ingest.stored - distinct,
  };
}

/** What grows though it should not: what is held, or what the system gives the process for it. */
function memoryFaults({ heldSlope: held, collectedSlope: collected, memory }: Awaited<ReturnType<typeof soak>>) {
  return [
    ...(memory.flat ? [] : ["memory grows"]),
    ...(held < mostGrowth ? [] : [`what is held grows by ${tenths(held)} MB/min`]),
    ...(collected < mostGrowth ? [] : [`RSS after collections grows by ${tenths(collected)} MB/min`]),
  ];
}

async function main(): Promise<void> {
  const { settings: given, memory } = readSettings();
  const folder = memory ? undefined : await mkdtemp(join(tmpdir(), "zipml-soak-"));
  const settings =
    folder === undefined ? given : { ...given, gateway: { ...given.gateway, directory: join(folder, "gateway") } };
  try {
    const result = await soak(settings);
    const within = settings.inside > 0 ? await inside(settings) : undefined;
    const faults = [
      ...(result.lost === 0 ? [] : [`${result.lost} frames lost`]),
      ...(result.duplicated === 0 ? [] : [`${result.duplicated} frames duplicated`]),
      ...memoryFaults(result),
      ...result.opened,
      ...(result.trouble.length === 0 ? [] : [`the gateway tells: ${result.trouble[0]}`]),
      ...(settings.rate === "max" && !(result.readingsPerSecond >= bar) ? [`below ${figure(bar)} readings/s`] : []),
    ];
    if (settings.json) console.log(JSON.stringify({ machine: machine(), settings, result, inside: within, faults }));
    else tell(settings, result, within, faults);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** Descriptors and handles at three times. */
function openText({ before, last, after }: Awaited<ReturnType<typeof soak>>["open"]): string {
  const list = (what: "descriptors" | "handles"): string =>
    [before, last, after].map((open) => open?.[what] ?? "unknown").join(", ");
  return `descriptors ${list("descriptors")}, handles ${list("handles")}`;
}

function tell(
  settings: Settings,
  result: Awaited<ReturnType<typeof soak>>,
  within: Awaited<ReturnType<typeof inside>> | undefined,
  faults: readonly string[],
): void {
  const { memory, latency } = result;
  const disk = settings.gateway.directory === undefined ? "in memory" : "log on disk";
  const lines = [
    machine(),
    `embedded broker, ${disk}, ${settings.devices} devices in ${settings.publishers} processes, frames of ${rowsPerFrame} × ${channelCount}:`,
    `  ${figure(result.readingsPerSecond)} readings/s, ${figure(result.framesPerSecond)} frames/s (bar ${figure(bar)} readings/s)`,
    `  frame to receipt: p50 ${latency.p50} ms, p99 ${latency.p99} ms, longest ${latency.highest} ms`,
    `  ${figure(result.sent)} frames sent, ${figure(result.again)} again; ${figure(result.receipts)} receipts; lost ${result.lost}, duplicated ${result.duplicated}`,
    `  after ${figure(settings.warm)} s of warm-up: RSS ${megabytes(memory.early)} MB in the first quarter, ${megabytes(memory.late)} MB in the last, at most ${megabytes(memory.highest)} MB in all`,
    `  slope: RSS ${perMinute(memory.slope)}, RSS after collections ${perMinute(result.collectedSlope)}, held ${perMinute(result.heldSlope)} (each of the last two below ${perMinute(mostGrowth)})`,
    `  open before, at the end of the load and after it: ${openText(result.open)} (each within ${mostOpened})`,
    `  ${figure(result.cpu, 2)} processors for the gateway, ${figure(result.publisherCpu, 2)} for the publishers; ${result.models} models trained`,
    ...(within === undefined
      ? []
      : [
          `in one process, memory transport, senders included: ${figure(within.readingsPerSecond)} readings/s, ${figure(within.framesPerSecond)} frames/s, p99 ${within.p99} ms; lost ${within.lost}, duplicated ${within.duplicated}`,
        ]),
    faults.length === 0 ? "passed" : `FAILED: ${faults.join("; ")}`,
  ];
  console.log(lines.join("\n"));
}

await main();
