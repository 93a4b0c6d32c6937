import { readdirSync } from "node:fs";
import { createGateway, type Gateway, type GatewayOptions } from "@zipml/gateway";
import { createMemoryBroker } from "@zipml/protocol/memory";
import { serve } from "./child.ts";
import { createHistogram, type HeldMemory, type OpenPoint } from "./measure.ts";
import { createSender, drive, type Sender, type SenderCounts, soakGroup } from "./sender.ts";

/** What a gateway process is started with. */
export interface GatewayStart {
  /** Rows kept for training. */
  readonly window: number;
  /** Seconds between trainings; 0 for none. */
  readonly train: number;
  /** Folder of log and checkpoints; without it all is in memory. */
  readonly directory?: string;
  /** Port of the embedded broker; 0 for a free one. */
  readonly port?: number;
  /** Folder of the broker's retained messages and sessions. */
  readonly brokerDirectory?: string;
}

/** What a gateway process tells. */
export interface GatewayReport {
  readonly rss: number;
  readonly heap: number;
  /** Processor seconds. */
  readonly cpu: number;
  readonly open: Omit<OpenPoint, "at">;
  readonly ingest: ReturnType<Gateway["status"]>["ingest"];
  readonly rows: ReturnType<Gateway["status"]>["rows"];
  readonly missing: number;
  /** Distinct frames stored, by device. */
  readonly frames: Readonly<Record<string, number>>;
  /** Devices that have said their birth and, with the embedded broker, are connected. */
  readonly online: number;
  readonly models: number;
  /** Texts of the first errors and refusals. */
  readonly trouble: readonly string[];
}

/** What a run without a network gave. */
export interface InProcess {
  readonly seconds: number;
  readonly senders: readonly SenderCounts[];
  readonly p99: number;
  readonly report: GatewayReport;
}

function trainingOf({ window, train }: GatewayStart): Pick<GatewayOptions, "training" | "group"> {
  return {
    group: soakGroup,
    training: { window, everyRows: 0, everySeconds: train, solver: "closed-form" },
  };
}

function watch(gateway: Gateway): { trouble: string[]; models: number } {
  const seen: { trouble: string[]; models: number } = { trouble: [], models: 0 };
  const read = async (): Promise<void> => {
    for await (const event of gateway.events()) {
      if (event.type === "trained") seen.models += 1;
      const said =
        event.type === "error"
          ? String(event.error)
          : event.type === "refused" || event.type === "unusable"
            ? event.reason
            : undefined;
      if (said !== undefined && seen.trouble.length < 20) seen.trouble.push(said);
    }
  };
  void read();
  return seen;
}

/** Requests that are under way: as many as there is load. */
const request = /Req|(?:Write|Shutdown|Connect|Send)Wrap|Immediate/;

/** What this process has open now; the descriptor that lists the others is not counted. */
function openNow(): GatewayReport["open"] {
  const handles = process.getActiveResourcesInfo().filter((name) => !request.test(name)).length;
  if (process.platform !== "linux") return { descriptors: undefined, handles };
  return { descriptors: readdirSync("/proc/self/fd").length - 1, handles };
}

function reportOf(gateway: Gateway, seen: { readonly trouble: string[]; readonly models: number }): GatewayReport {
  const { ingest, rows, missing, devices } = gateway.status();
  const born = devices.filter(({ online }) => online).length;
  // A birth that a broker kept over its restart says nothing about the device now.
  const connected = (gateway.broker?.status().clients ?? Number.POSITIVE_INFINITY) - 1;
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    rss,
    heap: heapUsed,
    cpu: (user + system) / 1e6,
    open: openNow(),
    ingest,
    rows,
    missing,
    frames: Object.fromEntries(devices.map(({ id, frames }) => [id, frames])),
    online: Math.min(born, connected),
    models: seen.models,
    trouble: [...seen.trouble],
  };
}

/** What is held when nothing is left to collect. Needs `--expose-gc`. */
async function collect(): Promise<Omit<HeldMemory, "at">> {
  // Twice: what finalizers let go is collected the second time.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rss, heap: heapUsed, external, arrayBuffers };
}

async function runInProcess(start: GatewayStart & { readonly seconds: number }): Promise<InProcess> {
  const broker = createMemoryBroker({ queueLimit: 4096, backlogLimit: 100_000 });
  await using gateway = await createGateway({ ...trainingOf(start), transport: broker.connector() });
  const seen = watch(gateway);
  await gateway.ready();
  const latency = createHistogram();
  const senders: Sender[] = Array.from({ length: 8 }, (_, i) =>
    createSender({ id: `inside-${i}`, connector: broker.connector(), window: 2048, latency }),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  const begun = performance.now();
  await drive(senders, { rate: "max", signal: AbortSignal.timeout(start.seconds * 1000) });
  await Promise.all(senders.map((sender) => sender.drained(60_000)));
  const seconds = (performance.now() - begun) / 1000;
  const counts = senders.map((sender) => sender.counts());
  const report = reportOf(gateway, seen);
  for (const sender of senders) await sender.close();
  return { seconds, senders: counts, p99: latency.quantile(0.99), report };
}

function createHost() {
  let running: { gateway: Gateway; seen: { trouble: string[]; models: number } } | undefined;
  const current = () => {
    if (running === undefined) throw new Error("not started");
    return running;
  };
  return {
    start: async (start: GatewayStart): Promise<string> => {
      const { directory, port = 0, brokerDirectory } = start;
      const gateway = await createGateway({
        ...trainingOf(start),
        ...(directory === undefined ? {} : { directory }),
        broker: { port, ...(brokerDirectory === undefined ? {} : { directory: brokerDirectory }) },
      });
      running = { gateway, seen: watch(gateway) };
      await gateway.ready();
      return gateway.broker.url;
    },
    report: (): GatewayReport => reportOf(current().gateway, current().seen),
    broker: () => current().gateway.broker?.status(),
    inside: runInProcess,
    close: async (): Promise<void> => {
      await running?.gateway.close();
      running = undefined;
    },
  };
}

const host = createHost();
serve(
  { start: host.start, report: host.report, broker: host.broker, collect, inside: host.inside, close: host.close },
  host.close,
);
