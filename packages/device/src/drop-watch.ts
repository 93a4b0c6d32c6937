import type { Clock, MessageOf } from "@zipml/protocol";
import type { Dropped, Outbox } from "./outbox.ts";

/** What an outbox lost since it was last looked at. */
export interface NewDrops {
  /** Rows, sealed or not. */
  readonly rows: number;
  /** Of these rows, the frames that were sealed. */
  readonly frames: number;
}

/** Sees to it that what a policy drops is told. */
export interface DropWatch {
  /** The outbox may have dropped something. */
  check(): void;
  stop(): void;
}

/** What a drop watch needs from the agent. */
export interface DropPorts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Something was dropped. */
  dropped(drops: NewDrops): void;
  /** Publishes what is dropped so far. */
  declare(): Promise<unknown>;
  failed(error: unknown): void;
}

/** Milliseconds from one declaration to the next, however much is dropped meanwhile. */
const pace = 1000;

const rowsOf = ({ rows, frameRows }: Dropped): number => rows + frameRows;

/**
 * Watches an outbox for drops: the first is declared at once, those that follow a second later at most.
 *
 * @param ports What it works on.
 */
export function createDropWatch(ports: DropPorts): DropWatch {
  const { outbox, clock } = ports;
  const stopping = new AbortController();
  let last = outbox.dropped();
  let declaring = false;
  const declare = async (): Promise<void> => {
    const { signal } = stopping;
    for (let told: Dropped | undefined; told !== last && !signal.aborted; ) {
      told = last;
      await ports.declare();
      await clock.sleep(pace, signal).catch(() => undefined); // aborted: the loop ends
    }
  };
  return {
    check: () => {
      const now = outbox.dropped();
      if (rowsOf(now) === rowsOf(last) && now.frames === last.frames) return;
      ports.dropped({ rows: rowsOf(now) - rowsOf(last), frames: now.frames - last.frames });
      last = now;
      if (declaring) return;
      declaring = true;
      declare()
        .catch(ports.failed)
        .finally(() => {
          declaring = false;
        });
    },
    stop: () => stopping.abort(),
  };
}

/** Most sessions of which a health message names frames, and most ranges of each. */
const mostSessions = 64;
const mostRanges = 256;

/**
 * What health says of drops: all rows, and the frames whose gaps no receipt has passed yet, the oldest where there are
 * too many.
 *
 * @param dropped What the outbox says.
 */
export function droppedField(dropped: Dropped): MessageOf<"health">["dropped"] {
  const rows = rowsOf(dropped);
  const frames = dropped.missing
    .filter(({ ranges }) => ranges.length > 0)
    .slice(0, mostSessions)
    .map(({ session, ranges }) => ({ session, ranges: ranges.slice(0, mostRanges) }));
  return frames.length === 0 ? { rows } : { rows, frames };
}
