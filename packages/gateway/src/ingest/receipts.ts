import { type Clock, type Command, maxRanges, type Receipt } from "@zipml/protocol";
import type { DeviceRecord } from "./registry.ts";
import type { SessionRecord } from "./session.ts";

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
  /** A gap has not closed, however often its frames were asked for. Told once a gap. */
  gap(device: string, session: SessionRecord, age: number): void;
  failed(error: unknown): void;
}

/** Tells devices what is stored, and asks for what is missing. */
export interface Receipts {
  /** The session's store has grown, or a device asks by sending again. */
  mark(device: DeviceRecord, session: SessionRecord): void;
  /** Sends the receipts that are due now. */
  flush(): void;
  /** Nothing is known of the session any more: its gaps are asked for no longer. */
  forget(session: SessionRecord): void;
  stop(): void;
}

interface Due {
  readonly device: DeviceRecord;
  readonly session: SessionRecord;
}

/** A session with frames missing below its newest one. */
interface Gap extends Due {
  /** The session's floor when the wait began: where it has moved, waiting starts over. */
  floor: number;
  wait: number;
  /** When the wait began, ms on the clock, and whether it was told that it is long. */
  since: number;
  told: boolean;
  /** Ends the wait. One for each gap: a signal that all of them shared would keep a listener for each. */
  readonly ended: AbortController;
}

/** Most doublings of the wait between two requests for the same gap. */
const mostDoublings = 6;

function receiptOf({ session, sequences: { floor, ranges } }: SessionRecord): Receipt {
  return { session, floor, ranges: ranges.slice(0, maxRanges).map(([from, to]) => [from, to] as const) };
}

/** Waits. @returns Whether the time went by: false where the signal came before. */
async function waited(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(milliseconds, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/**
 * @param ports Where messages go.
 * @param options The pace.
 */
export function createReceipts(ports: ReceiptPorts, options: ReceiptOptions): Receipts {
  const due = new Map<SessionRecord, Due>();
  const open = new Map<SessionRecord, Gap>();
  const stopping = new AbortController();
  const { signal: stopped } = stopping;
  let ticking = false;

  const chase = async (gap: Gap): Promise<void> => {
    const { device, session } = gap;
    while (await waited(ports.clock, gap.wait, gap.ended.signal)) {
      if (open.get(session) !== gap) return;
      const { floor } = session.sequences;
      const moved = floor !== gap.floor;
      gap.floor = floor;
      if (moved) {
        gap.since = ports.clock.now();
        gap.told = false;
      } else if (!gap.told && gap.wait >= options.gapAfter * 2 ** mostDoublings) {
        gap.told = true;
        ports.gap(device.id, session, ports.clock.now() - gap.since);
      }
      gap.wait = moved ? options.gapAfter : Math.min(gap.wait * 2, options.gapAfter * 2 ** mostDoublings);
      ports.command(device.id, {
        name: "resend",
        session: session.session,
        ranges: session.sequences.gaps().slice(0, maxRanges),
      });
    }
  };
  const forget = (session: SessionRecord): void => {
    open.get(session)?.ended.abort();
    open.delete(session);
  };
  const watch = (device: DeviceRecord, session: SessionRecord): void => {
    if (session.sequences.ranges.length === 0) forget(session);
    else if (!open.has(session) && !stopped.aborted) {
      const { floor } = session.sequences;
      const gap: Gap = {
        device,
        session,
        floor,
        wait: options.gapAfter,
        since: ports.clock.now(),
        told: false,
        ended: new AbortController(),
      };
      open.set(session, gap);
      chase(gap).catch(ports.failed);
    }
  };
  const flush = (): void => {
    for (const { device, session } of due.values()) {
      ports.receipt(device.id, receiptOf(session));
      watch(device, session);
    }
    due.clear();
  };
  const tick = async (): Promise<void> => {
    while (due.size > 0 && (await waited(ports.clock, options.delay, stopped))) flush();
    ticking = false;
  };
  return {
    mark: (device, session) => {
      due.set(session, { device, session });
      if (ticking || stopped.aborted) return;
      ticking = true;
      tick().catch(ports.failed);
    },
    flush,
    forget,
    stop: () => {
      stopping.abort();
      for (const session of [...open.keys()]) forget(session);
    },
  };
}
