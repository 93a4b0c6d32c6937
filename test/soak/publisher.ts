import { mqtt } from "@zipml/protocol/mqtt";
import { serve } from "./child.ts";
import { createHistogram } from "./measure.ts";
import { createSender, drive, type Sender, type SenderCounts } from "./sender.ts";

/** What a publisher is started with. */
export interface PublisherStart {
  readonly url: string;
  readonly ids: readonly string[];
  readonly window: number;
  readonly rate: number | "max";
  /** Rows of a frame. Default 256. */
  readonly rows?: number;
}

/** What a publisher tells. */
export interface PublisherReport {
  readonly senders: Readonly<Record<string, SenderCounts>>;
  /** Milliseconds from publish to receipt, as a histogram's counts; only those since the last report. */
  readonly latency: readonly number[];
  readonly cpu: number;
}

function createPublisher() {
  const latency = createHistogram();
  const stopping = new AbortController();
  const senders = new Map<string, Sender>();
  let driving = Promise.resolve();
  const report = (): PublisherReport => {
    const { user, system } = process.cpuUsage();
    return {
      senders: Object.fromEntries([...senders].map(([id, sender]) => [id, sender.counts()])),
      latency: latency.counts(),
      cpu: (user + system) / 1e6,
    };
  };
  return {
    start: ({ url, ids, window, rate, ...rest }: PublisherStart): void => {
      const connector = mqtt({ url, protocol: "3.1.1" });
      for (const id of ids) senders.set(id, createSender({ id, connector, window, latency, ...rest }));
      driving = drive([...senders.values()], { rate, signal: stopping.signal });
    },
    report,
    finish: async (): Promise<PublisherReport> => {
      stopping.abort();
      await driving;
      await Promise.all([...senders.values()].map((sender) => sender.drained(60_000)));
      return report();
    },
    close: async (): Promise<void> => {
      stopping.abort();
      await Promise.all([...senders.values()].map((sender) => sender.close()));
    },
  };
}

const publisher = createPublisher();
serve({ start: publisher.start, report: publisher.report, finish: publisher.finish }, publisher.close);
