import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Child, type ChildOptions, profiled, startChild } from "./child.ts";
import type { GatewayReport, GatewayStart } from "./gateway-process.ts";
import { figure, machine, megabytes } from "./measure.ts";
import type { PublisherReport, PublisherStart } from "./publisher.ts";

const usage = `node --conditions=zipml-source --import tsx test/soak/storm.ts [--devices 1000] [--processes 2] [--rate FRAMES_A_SECOND (200)]
  [--within SECONDS (60)] [--memory (no folder: the frames are not counted after the restart)]
  [--profile FOLDER] [--json]`;

/** Resident set that the gateway may have at any time with 1,000 devices, bytes. */
const memoryBound = 768 * 2 ** 20;

interface Storm {
  /** Seconds until half, 99 % and all of the devices were there. */
  readonly half: number;
  readonly most: number;
  readonly all: number;
  /** Highest resident set of the gateway meanwhile, bytes. */
  readonly rss: number;
  /** Processor seconds that the gateway took. */
  readonly cpu: number;
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Why attempts to connect failed and connections ended, with how often. */
async function reasons(senders: readonly Child[]): Promise<string> {
  const reports = await Promise.all(senders.map((sender) => sender.call<PublisherReport>("report")));
  const sums: Record<string, number> = {};
  for (const { offline } of reports.flatMap((report) => Object.values(report.senders)))
    for (const [reason, count] of Object.entries(offline)) sums[reason] = (sums[reason] ?? 0) + count;
  return JSON.stringify(sums);
}

/** Waits for all devices. @throws Error after `within` seconds. */
async function waitForAll(gateway: Child, senders: readonly Child[], { devices, within }: Settings): Promise<Storm> {
  const begun = performance.now();
  const before = await gateway.call<GatewayReport>("report");
  const seen = { half: 0, most: 0, rss: 0 };
  for (;;) {
    const { online, rss, cpu } = await gateway.call<GatewayReport>("report");
    const at = (performance.now() - begun) / 1000;
    seen.rss = Math.max(seen.rss, rss);
    if (online >= devices / 2) seen.half ||= at;
    if (online >= devices * 0.99) seen.most ||= at;
    if (online >= devices) return { ...seen, all: at, cpu: cpu - before.cpu };
    if (at > within) {
      const times = `half after ${figure(seen.half, 1)} s, 99 % after ${figure(seen.most, 1)} s`;
      throw new Error(`${online} of ${devices} devices after ${within} s: ${times}; ${await reasons(senders)}`);
    }
    await pause(500); // a report of all devices costs the gateway time
  }
}

async function startGateway(
  start: GatewayStart,
  options: ChildOptions,
): Promise<{ readonly gateway: Child; readonly url: string }> {
  const gateway = startChild(new URL("gateway-process.ts", import.meta.url), options);
  return { gateway, url: await gateway.call<string>("start", start) };
}

interface Settings {
  readonly devices: number;
  readonly processes: number;
  readonly rate: number;
  readonly within: number;
  readonly directory: string | undefined;
  readonly options: ChildOptions;
}

async function startDevices({ devices, processes, rate, options }: Settings, url: string): Promise<Child[]> {
  const children = Array.from({ length: processes }, () =>
    startChild(new URL("publisher.ts", import.meta.url), options),
  );
  // Up before the clock runs: what is measured is the storm, not the start of a process.
  await Promise.all(children.map((child) => child.call("report")));
  const starts = children.map((child, p) => {
    const ids = Array.from({ length: devices }, (_, i) => `storm-${i}`).filter((_, i) => i % processes === p);
    const start: PublisherStart = { url, ids, window: 32, rate: rate / processes, rows: 4 };
    return child.call("start", start);
  });
  Promise.all(starts).catch(() => undefined); // told by the devices that are missing
  return children;
}

/** Both storms, and what became of the frames. */
async function storm(settings: Settings) {
  const { directory, options } = settings;
  const start: GatewayStart = {
    window: 200_000,
    train: 0,
    ...(directory === undefined
      ? {}
      : { directory: join(directory, "gateway"), brokerDirectory: join(directory, "broker") }),
  };
  const first = await startGateway(start, options);
  const children = await startDevices(settings, first.url);
  const connecting = await waitForAll(first.gateway, children, settings);
  const connectingReasons = await reasons(children);
  await pause(3000);
  const idle = await first.gateway.call<GatewayReport>("report");
  first.gateway.kill("SIGKILL");
  await first.gateway.ended;
  await pause(2000);
  const second = await startGateway({ ...start, port: Number(new URL(first.url).port) }, options);
  const reconnecting = await waitForAll(second.gateway, children, settings);
  await pause(3000);
  const finals =
    directory === undefined ? [] : await Promise.all(children.map((child) => child.call<PublisherReport>("finish")));
  const report = await second.gateway.call<GatewayReport>("report");
  const allReasons = await reasons(children);
  const broker = await second.gateway.call("broker");
  await Promise.all(children.map((child) => child.stop()));
  await second.gateway.stop();
  const senders = finals.flatMap((final) => Object.entries(final.senders));
  return {
    connecting,
    reconnecting,
    settled: idle.rss,
    sent: sum(senders.map(([, { sent }]) => sent)),
    lost: sum(senders.map(([id, { sent }]) => sent - (report.frames[id] ?? 0))),
    missing: report.missing,
    offline: { connecting: connectingReasons, all: allReasons },
    broker,
    trouble: report.trouble,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      devices: { type: "string", default: "1000" },
      processes: { type: "string", default: "2" },
      rate: { type: "string", default: "200" },
      within: { type: "string", default: "60" },
      memory: { type: "boolean", default: false },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const numbers = [values.devices, values.processes, values.rate, values.within].map(Number);
  const [devices = 0, processes = 0, rate = 0, within = 0] = numbers;
  if (!numbers.every((number) => number > 0)) throw new RangeError(usage);
  const directory = values.memory ? undefined : await mkdtemp(join(tmpdir(), "zipml-storm-"));
  try {
    const result = await storm({ devices, processes, rate, within, directory, options: profiled(values.profile) });
    const highest = Math.max(result.connecting.rss, result.reconnecting.rss);
    const faults = [
      ...(result.lost === 0 ? [] : [`${result.lost} frames lost`]),
      ...(highest <= memoryBound ? [] : [`${megabytes(highest)} MB`]),
    ];
    if (values.json) console.log(JSON.stringify({ machine: machine(), devices, processes, result, faults }));
    else {
      const line = (name: string, { half, most, all, rss, cpu }: Storm): string =>
        `  ${name}: half after ${figure(half, 1)} s, 99 % after ${figure(most, 1)} s, all after ${figure(all, 1)} s; RSS at most ${megabytes(rss)} MB, ${figure(cpu, 1)} processor seconds`;
      console.log(machine());
      console.log(
        `${figure(devices)} devices in ${processes} processes, ${rate} frames/s in all, allowed ${within} s:`,
      );
      console.log(line("connecting at once", result.connecting));
      console.log(line("back after kill -9 and 2 s without a broker", result.reconnecting));
      console.log(
        `  RSS ${megabytes(result.settled)} MB when settled (bound ${megabytes(memoryBound)} MB); ${figure(result.sent)} frames sent, lost ${result.lost}`,
      );
      console.log(
        `  attempts that failed and connections that ended: ${result.offline.connecting} when connecting, ${result.offline.all} in all`,
      );
      console.log(`  broker: ${JSON.stringify(result.broker)}`);
      for (const text of result.trouble.slice(0, 5)) console.log(`  the gateway tells: ${text}`);
      console.log(faults.length === 0 ? "passed" : `FAILED: ${faults.join("; ")}`);
    }
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

await main();
