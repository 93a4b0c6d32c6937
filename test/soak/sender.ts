import { type Connector, createTopics, decodeMessage, encodeMessage, type Transport } from "@zipml/protocol";
import { createFrames, soakBirth } from "./frames.ts";
import type { Histogram } from "./measure.ts";

/** Group of the soak tests. */
export const soakGroup = "soak";

const topics = createTopics();

/** What a sender did so far. */
export interface SenderCounts {
  /** Frames made. */
  readonly sent: number;
  /** Frames published once more, as a receipt was missing or asked for. */
  readonly again: number;
  /** Frames that a receipt names. */
  readonly receipted: number;
  /** Receipts that came. */
  readonly receipts: number;
  readonly connections: number;
  /** Attempts to connect that failed, and connections that ended, by reason. */
  readonly offline: Readonly<Record<string, number>>;
}

/** A device reduced to what a frame needs: birth first, frames in a window, until receipts name them. */
export interface Sender {
  counts(): SenderCounts;
  /** Sends so many more frames at most than there is room for in the window; returns how many. */
  send(most: number): number;
  /** Resolves when there may be room again. */
  room(): Promise<void>;
  /** Resolves when every frame sent is receipted. @throws Error after so many milliseconds. */
  drained(within: number): Promise<void>;
  close(): Promise<void>;
}

/** Options of {@link createSender}. */
export interface SenderOptions {
  readonly id: string;
  readonly connector: Connector;
  /** Most frames without a receipt. */
  readonly window: number;
  /** Receives milliseconds from publish to receipt of each frame. */
  readonly latency: Histogram;
  /** Rows of a frame. Default 256. */
  readonly rows?: number;
}

/** Milliseconds without a receipt after which everything is sent again. */
const patience = 10_000;

/** A sender of session 1; it connects in the background. */
export function createSender({ id, connector, window, latency, rows }: SenderOptions): Sender {
  const frames = createFrames(id, 1, rows);
  const address = { group: soakGroup, device: id };
  const dataTopic = topics.build({ kind: "data", ...address });
  const open = new Map<number, number>(); // sequence to when it was sent
  const counts = { sent: 0, again: 0, receipted: 0, receipts: 0, connections: 0 };
  const offline: Record<string, number> = {};
  const waiting = new Set<() => void>();
  let online = false;
  let heard = performance.now();
  const transport: Transport = connector({
    clientId: id,
    will: {
      topic: topics.build({ kind: "death", ...address }),
      payload: encodeMessage("death", { session: 1 }),
      qos: 1,
      retain: true,
    },
  });
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const publish = (sequence: number): void => {
    // What a broken connection takes with it is sent again after the next birth.
    transport.publish(dataTopic, frames(sequence), { qos: 1, retain: false }).catch(() => undefined);
  };
  const again = (sequences: Iterable<number>): void => {
    for (const sequence of sequences) {
      counts.again += 1;
      publish(sequence);
    }
  };
  const greet = async (): Promise<void> => {
    counts.connections += 1;
    await transport.subscribe(topics.deviceFilters(soakGroup, id));
    await transport.publish(topics.build({ kind: "birth", ...address }), encodeMessage("birth", soakBirth(1)), {
      qos: 1,
      retain: true,
    });
    online = true;
    heard = performance.now();
    again(open.keys());
    wake();
  };
  const receipt = (payload: Uint8Array): void => {
    const { floor, ranges } = decodeMessage("receipt", payload);
    counts.receipts += 1;
    heard = performance.now();
    const inRange = (sequence: number): boolean => ranges.some(([from, to]) => sequence >= from && sequence <= to);
    for (const [sequence, since] of open) {
      if (sequence >= floor && !inRange(sequence)) continue;
      open.delete(sequence);
      counts.receipted += 1;
      latency.add(heard - since);
    }
    wake();
  };
  const loop = async (): Promise<void> => {
    for await (const event of transport.events()) {
      if (event.type === "offline") {
        online = false;
        offline[event.reason] = (offline[event.reason] ?? 0) + 1;
      } else if (event.type === "online") greet().catch(() => undefined);
      else {
        const kind = topics.parse(event.topic);
        if (kind?.kind === "receipt") receipt(event.payload);
        else if (kind?.kind === "command" && kind.name === "birth") greet().catch(() => undefined);
        else if (kind?.kind === "command") again([...open.keys()].slice(0, 64));
      }
    }
  };
  const running = loop();
  const timer = setInterval(() => {
    if (!online || open.size === 0 || performance.now() - heard < patience) return;
    heard = performance.now();
    again(open.keys());
  }, 1000);
  return {
    counts: () => ({ ...counts, offline: { ...offline } }),
    send: (most) => {
      let done = 0;
      for (; online && done < most && open.size < window; done++) {
        open.set(counts.sent, performance.now());
        publish(counts.sent);
        counts.sent += 1;
      }
      return done;
    },
    room: () => new Promise((resolve) => waiting.add(resolve)),
    drained: async (within) => {
      const until = performance.now() + within;
      while (open.size > 0) {
        if (performance.now() > until)
          throw new Error(`${id}: ${open.size} of ${counts.sent} frames without a receipt`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: async () => {
      clearInterval(timer);
      await transport.close();
      await running;
    },
  };
}

/** How a group of senders is driven. */
export interface Pace {
  /** Frames a second of all of them, or as fast as receipts come back. */
  readonly rate: number | "max";
  /** Told to stop by this. */
  readonly signal: AbortSignal;
}

/** Keeps senders sending until told to stop. */
export async function drive(senders: readonly Sender[], { rate, signal }: Pace): Promise<void> {
  if (rate === "max") {
    await Promise.all(senders.map((sender) => driveFully(sender, signal)));
    return;
  }
  const begun = performance.now();
  for (let due = 0, next = 0; !signal.aborted; ) {
    const goal = ((performance.now() - begun) / 1000) * rate;
    let idle = 0;
    while (due < goal && idle < senders.length) {
      const sent = senders[next % senders.length]?.send(1) ?? 0;
      next += 1;
      due += sent;
      idle = sent === 0 ? idle + 1 : 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function driveFully(sender: Sender, signal: AbortSignal): Promise<void> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));
  while (!signal.aborted) {
    // In small lots, so that receipts and other senders get their turn.
    if (sender.send(16) === 0) await Promise.race([sender.room(), pause()]);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}
