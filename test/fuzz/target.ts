import { createGateway, type Gateway } from "@zipml/gateway";
import {
  type Connector,
  createTopics,
  decodeMessage,
  encodeMessage,
  systemClock,
  type Transport,
  type TransportEvent,
} from "@zipml/protocol";
import { serve } from "../soak/child.ts";
import { createFrames, soakBirth, startedAt } from "../soak/frames.ts";
import { growthOf, type MemoryPoint } from "../soak/measure.ts";
import { createCorpus, createFreshSamples, type HostileKind, type Sample } from "./corpus.ts";
import { mutate } from "./mutate.ts";
import { type Chooser, createChooser } from "./random.ts";

/** What a fuzz run is started with. */
export interface FuzzStart {
  /** Hostile messages. */
  readonly messages: number;
  /** Ends it sooner. */
  readonly seconds: number;
  readonly seed: number;
}

/** Time that messages of one kind took, in microseconds. */
export interface Cost {
  readonly count: number;
  readonly mean: number;
  readonly longest: number;
  /** How the longest one was made, and its bytes. */
  readonly worst: string;
}

/** What a fuzz run gave. */
export interface FuzzResult {
  readonly messages: number;
  readonly seconds: number;
  /** Processor seconds, the making of the messages included. */
  readonly cpu: number;
  readonly points: readonly MemoryPoint[];
  readonly growth: ReturnType<typeof growthOf>;
  readonly costs: Readonly<Record<string, Cost>>;
  readonly events: Readonly<Record<string, number>>;
  readonly ingest: ReturnType<Gateway["status"]>["ingest"];
  readonly control: ReturnType<Gateway["status"]>["control"];
  /** Devices that sent what is right, meanwhile. */
  readonly valid: {
    readonly sent: number;
    readonly stored: number;
    readonly twice: number;
    readonly missing: number;
    readonly receipted: number;
  };
  readonly faults: readonly string[];
}

const group = "fuzz";
const topics = createTopics();
const validIds = ["valid-0", "valid-1", "valid-2", "valid-3"];
const hostileIds = Array.from({ length: 48 }, (_, i) => `hostile-${i}`);
const rows = 4;
/** Hostile messages to each valid one. */
const ratio = 64;
/**
 * The gateway's bounds: small, so that they are reached within a tenth of the run, and what still grows then is a leak.
 */
const limits = {
  devices: 200,
  sessions: 4,
  retired: 32,
  grids: 16,
  ranges: 32,
  parked: 16,
  parkedBytes: 4 << 20,
  deviceBytes: 1 << 20,
  gridBytes: 48 << 20,
  // Above what comes of most devices, so that most is read; one device passes it.
  controlRate: 100_000,
  controlBurst: 256 << 10,
};
/** Time from one hostile message to the next, as the gateway sees it: 20,000 a second. */
const millisecondsEach = 0.05;
/** A device that sends so many of the control messages that it passes its rate. */
const flooder = "hostile-0";

const kinds = ["data", "birth", "death", "health", "reported"] as const satisfies readonly HostileKind[];
/** Made beforehand for the devices that come again and again: it is the gateway's time that counts. */
const usualTopics: ReadonlyMap<string, string> = new Map(
  [...validIds, ...hostileIds].flatMap((device) =>
    kinds.map((kind) => [`${device}/${kind}`, topics.build({ kind, group, device })] as const),
  ),
);

const topicOf = (kind: HostileKind, device: string): string =>
  usualTopics.get(`${device}/${kind}`) ?? topics.build({ kind, group, device });

/** What the hostile and the valid devices have sent and heard. */
interface Ledger {
  fed: number;
  readonly sent: Map<string, number>;
  readonly receipted: Map<string, number>;
  readonly stored: Map<string, Set<number>>;
  twice: number;
  readonly costs: Map<string, { count: number; total: number; longest: number; worst: string }>;
}

function chargeTo(ledger: Ledger, kind: string, how: string, bytes: number, microseconds: number): void {
  const cost = ledger.costs.get(kind) ?? { count: 0, total: 0, longest: 0, worst: "" };
  ledger.costs.set(kind, cost);
  cost.count += 1;
  cost.total += microseconds;
  if (microseconds <= cost.longest) return;
  cost.longest = microseconds;
  cost.worst = `${how}, ${bytes} bytes`;
}

const message = (topic: string, payload: Uint8Array): TransportEvent => ({
  type: "message",
  topic,
  payload,
  retained: false,
  duplicate: false,
});

/** One hostile message. */
function hostile(choose: Chooser, corpus: readonly Sample[], freshSample: (choose: Chooser) => Sample) {
  // Some come from ids that were never seen: up to the gateway's bound.
  const anybody = choose.oneIn(200) ? `new-${choose.below(100_000)}` : choose.pick(hostileIds);
  const sample = choose.oneIn(4) ? freshSample(choose) : choose.pick(corpus);
  const fresh = choose.oneIn(8);
  const { how, bytes } = fresh
    ? { how: "fresh", bytes: sample.bytes }
    : mutate(sample.bytes, choose, choose.pick(corpus).bytes);
  const kind = choose.oneIn(50) ? choose.pick(kinds) : sample.kind;
  const device = kind !== "data" && choose.oneIn(8) ? flooder : anybody;
  return { kind, how, bytes, topic: topicOf(kind, device) };
}

/** The gateway's transport port, fed by hand: each message is taken before the next is made. */
function feeder(
  start: FuzzStart,
  ledger: Ledger,
  sampled: (share: number) => void,
): { connector: Connector; fed: Promise<void> } {
  const choose = createChooser(start.seed);
  const corpus = createCorpus();
  const freshSample = createFreshSamples();
  const frames = validIds.map((id) => createFrames(id, 1, rows));
  let finish: () => void = () => undefined;
  let close: () => void = () => undefined;
  const fed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  async function* events(): AsyncGenerator<TransportEvent> {
    yield { type: "online", protocol: "memory" };
    await new Promise((resolve) => setTimeout(resolve, 50)); // greeted
    for (const id of validIds) yield message(topicOf("birth", id), encodeMessage("birth", soakBirth(1)));
    const until = performance.now() + start.seconds * 1000;
    const step = Math.max(1, Math.floor(start.messages / 200));
    for (; ledger.fed < start.messages && performance.now() < until; ledger.fed++) {
      if (ledger.fed % step === 0) sampled(ledger.fed / start.messages);
      const { kind, how, bytes, topic } = hostile(choose, corpus, freshSample);
      const before = performance.now();
      yield message(topic, bytes);
      chargeTo(ledger, kind, how, bytes.length, (performance.now() - before) * 1000);
      if (ledger.fed % ratio === 0) {
        const turn = (ledger.fed / ratio) % validIds.length;
        const id = validIds[turn] ?? "";
        const sequence = ledger.sent.get(id) ?? 0;
        ledger.sent.set(id, sequence + 1);
        yield message(topicOf("data", id), frames[turn]?.(sequence) ?? new Uint8Array());
      }
      if (ledger.fed % 256 === 0) await new Promise((resolve) => setImmediate(resolve)); // receipts and timers get their turn
    }
    finish();
    await closed;
  }
  const none = { messages: 0, payload: 0, bytes: 0 };
  const transport: Transport = {
    online: true,
    events,
    publish: async (topic, payload) => {
      const address = topics.parse(topic);
      if (address?.kind !== "receipt" || !validIds.includes(address.device)) return;
      const { session, floor } = decodeMessage("receipt", payload);
      if (session === 1) ledger.receipted.set(address.device, floor);
    },
    subscribe: async () => undefined,
    traffic: () => ({ sent: none, received: none }),
    close: async () => close(),
    [Symbol.asyncDispose]: async () => close(),
  };
  return { connector: () => transport, fed };
}

/** Counts what the gateway tells, and checks that each valid frame is stored once. */
async function readEvents(
  gateway: Gateway,
  ledger: Ledger,
  events: Map<string, number>,
  faults: string[],
): Promise<void> {
  for await (const event of gateway.events()) {
    events.set(event.type, (events.get(event.type) ?? 0) + 1);
    if (event.type === "error" && faults.length < 20)
      faults.push(event.error instanceof Error ? (event.error.stack ?? "") : String(event.error));
    const stored = event.type === "stored" ? ledger.stored.get(event.device) : undefined;
    if (event.type !== "stored" || stored === undefined) continue;
    if (event.session !== 1 || event.rows !== rows || stored.has(event.sequence)) ledger.twice += 1;
    stored.add(event.sequence);
  }
}

async function fuzz(start: FuzzStart): Promise<FuzzResult> {
  const faults: string[] = [];
  const note = (error: unknown): void => {
    faults.push(`uncaught: ${error instanceof Error ? error.stack : String(error)}`);
  };
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  const ledger: Ledger = {
    fed: 0,
    sent: new Map(),
    receipted: new Map(),
    stored: new Map(validIds.map((id) => [id, new Set<number>()])),
    twice: 0,
    costs: new Map(),
  };
  const points: MemoryPoint[] = [];
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  const { connector, fed } = feeder(start, ledger, () => {
    const { rss, heapUsed } = process.memoryUsage();
    points.push({ at: seconds(), rss, heap: heapUsed });
  });
  const gateway = await createGateway({
    group,
    transport: connector,
    // Time goes with the messages, so that what passes a rate does not depend on the machine.
    clock: { ...systemClock(), now: () => startedAt + ledger.fed * millisecondsEach },
    limits,
    training: { everyRows: 0, window: 20_000 },
    levels: { follow: true, share: 0.05, minimum: 100, everySeconds: 1, bytes: 1 << 20 },
  });
  const events = new Map<string, number>();
  const reading = readEvents(gateway, ledger, events, faults);
  await fed;
  const took = seconds();
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 600)); // the last receipts
  const { ingest, control, devices } = gateway.status();
  const valid = devices.filter(({ id }) => validIds.includes(id));
  await gateway.close();
  await reading;
  const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);
  return {
    messages: ledger.fed,
    seconds: took,
    cpu: (cpu.user + cpu.system) / 1e6,
    points,
    growth: growthOf(points),
    costs: Object.fromEntries(
      [...ledger.costs].map(([kind, { count, total, longest, worst }]) => [
        kind,
        { count, mean: total / count, longest, worst },
      ]),
    ),
    events: Object.fromEntries(events),
    ingest,
    control,
    valid: {
      sent: sum(ledger.sent.values()),
      stored: sum([...ledger.stored.values()].map((set) => set.size)),
      twice: ledger.twice,
      missing:
        sum(ledger.sent.values()) - sum(valid.map(({ frames }) => frames)) + sum(valid.map(({ missing }) => missing)),
      receipted: sum(ledger.receipted.values()),
    },
    faults,
  };
}

serve({ fuzz }, async () => undefined);
