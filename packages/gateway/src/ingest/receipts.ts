import type { Clock, Command, Receipt } from "@zipml/protocol";
import type { DeviceRecord, SessionRecord } from "./registry.ts";

/** Pace of receipts and of requests for missing frames. */
export interface ReceiptOptions {
  /** Milliseconds that receipts are gathered for. */
  readonly delay: number;
  /** Milliseconds that a gap may stand before its frames are asked for again; doubles with every request. */
  readonly gapAfter: number;
}

/** What receipts need from the gateway. */
export interface ReceiptPorts {
  readonly clock: Clock;
  receipt(device: string, message: Receipt): void;
  command(device: string, command: Command): void;
  failed(error: unknown): void;
}

/** Tells devices what is stored, and asks for what is missing. */
export interface Receipts {
  /** The session's store has grown, or a device asks by sending again. */
  mark(device: DeviceRecord, session: SessionRecord): void;
  /** Sends what is due now. */
  flush(): void;
  stop(): void;
}

interface Due {
  readonly device: DeviceRecord;
  readonly session: SessionRecord;
}

interface Gap extends Due {
  /** When it is asked for next. */
  at: number;
  wait: number;
}

/** Most doublings of the wait between two requests for the same gap. */
const mostDoublings = 6;

/**
 * @param ports Where messages go.
 * @param options The pace.
 */
export function createReceipts(ports: ReceiptPorts, options: ReceiptOptions): Receipts {
  const due = new Map<SessionRecord, Due>();
  const open = new Map<SessionRecord, Gap>();
  const stopping = new AbortController();
  let ticking = false;

  const sendReceipts = (): void => {
    for (const { device, session } of due.values()) {
      const { floor, ranges } = session.sequences;
      ports.receipt(device.id, {
        session: session.session,
        floor,
        ranges: ranges.map(([from, to]) => [from, to] as const),
      });
      if (ranges.length === 0) open.delete(session);
      else if (!open.has(session))
        open.set(session, { device, session, at: ports.clock.now() + options.gapAfter, wait: options.gapAfter });
    }
    due.clear();
  };
  const askForGaps = (): void => {
    const now = ports.clock.now();
    for (const gap of open.values()) {
      if (now < gap.at) continue;
      gap.wait = Math.min(gap.wait * 2, options.gapAfter * 2 ** mostDoublings);
      gap.at = now + gap.wait;
      ports.command(gap.device.id, {
        name: "resend",
        session: gap.session.session,
        ranges: gap.session.sequences.gaps(),
      });
    }
  };
  const flush = (): void => {
    sendReceipts();
    askForGaps();
  };
  const tick = async (): Promise<void> => {
    const { signal } = stopping;
    while (due.size > 0 || open.size > 0) {
      try {
        await ports.clock.sleep(options.delay, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      flush();
    }
    ticking = false;
  };
  return {
    mark: (device, session) => {
      due.set(session, { device, session });
      if (ticking || stopping.signal.aborted) return;
      ticking = true;
      tick().catch(ports.failed);
    },
    flush,
    stop: () => stopping.abort(),
  };
}
