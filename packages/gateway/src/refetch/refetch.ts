import { type Clock, type Command, encodeMessage, maxRefetched } from "@zipml/protocol";
import type { AnsweredRows } from "../ingest/exact-answers.ts";
import type { ExactRows } from "../train/index.ts";
import { createExactStore, type ExactStore, placeKey, type RowPlace } from "./exact-store.ts";

/** How exact rows are asked for. */
export interface RefetchOptions {
  /** Longest wait for a device's answers, in seconds; then its rows that are still open count as late until it answers. Default 30. */
  readonly seconds?: number;
  /** Seconds after which rows that were not answered are asked for again. Default 5. */
  readonly againSeconds?: number;
  /** Bytes of exact rows that are held in memory. Default 67,108,864; beyond it the oldest leave, to be asked for again. */
  readonly bytes?: number;
}

/** Counts of rows that were asked for exactly. */
export interface RefetchStatus {
  /** Rows that devices were asked for, and how often rows were asked for again. */
  readonly asked: number;
  readonly again: number;
  /** Rows that they answered with their readings, and rows that they no longer had. */
  readonly answered: number;
  readonly gone: number;
  /** Rows whose answer was waited for in vain, once for each time that they were needed. */
  readonly late: number;
  /** Rows in answers that nobody waits for: answered twice, or to an earlier run. They are kept while there is room. */
  readonly unasked: number;
  /** Rows held, and bytes that they take, as estimated. */
  readonly held: number;
  readonly heldBytes: number;
  /** Bytes of the commands that asked, and of the data messages that answered. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Asks devices for exact rows, and keeps what they answer. */
export interface Refetch {
  /** An answer is stored. */
  take(answer: AnsweredRows): void;
  /** An answer that an earlier run has stored. */
  restore(answer: AnsweredRows): void;
  /**
   * The exact rows of a training.
   *
   * @param placeOf Where a row of the source stands, by its number.
   */
  rowsOf(placeOf: (row: number) => RowPlace): ExactRows;
  status(): RefetchStatus;
}

/** What it needs from the gateway. */
export interface RefetchPorts {
  readonly clock: Clock;
  command(device: string, command: Command): void;
}

/**
 * @param ports What it works on.
 * @param options Pace and bound, defaults filled in.
 */
export function createRefetch(ports: RefetchPorts, options: Required<RefetchOptions>): Refetch {
  const refetch = new GroupRefetch(ports, options);
  return {
    take: (answer) => refetch.take(answer),
    restore: (answer) => refetch.restore(answer),
    rowsOf: (placeOf) => refetch.rowsOf(placeOf),
    status: () => refetch.status(),
  };
}

class GroupRefetch implements Refetch {
  readonly #ports: RefetchPorts;
  readonly #options: Required<RefetchOptions>;
  readonly #store: ExactStore;
  /** Rows whose answers are waited for. */
  #asked = new Set<string>();
  /** Devices that did not answer in time: they are asked for no further rows in this training, until something comes. */
  #silent = new Set<string>();
  #came: (() => void) | undefined;
  readonly #counts = {
    asked: 0,
    again: 0,
    answered: 0,
    gone: 0,
    late: 0,
    unasked: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };

  constructor(ports: RefetchPorts, options: Required<RefetchOptions>) {
    this.#ports = ports;
    this.#options = options;
    this.#store = createExactStore(options.bytes);
  }

  take({ device, rows, gone, bytes }: AnsweredRows): void {
    this.#counts.bytesReceived += bytes;
    this.#silent.delete(device);
    for (const { place, values } of rows) if (this.#keep(place, values)) this.#counts.answered += 1;
    for (const place of gone) if (this.#keep(place, "gone")) this.#counts.gone += 1;
    this.#came?.();
  }

  restore({ rows, gone }: AnsweredRows): void {
    for (const { place, values } of rows) this.#store.add(place, values, false);
    for (const place of gone) this.#store.add(place, "gone", false);
  }

  rowsOf(placeOf: (row: number) => RowPlace): ExactRows {
    this.#asked = new Set();
    this.#silent = new Set();
    return {
      fetch: async (numbers, signal) => {
        const places = numbers.map(placeOf);
        await this.#askAll(places, signal);
        return places.map((place) => {
          const known = this.#store.get(place);
          if (known === undefined) this.#counts.late += 1;
          return known === "gone" ? undefined : known;
        });
      },
    };
  }

  status(): RefetchStatus {
    return { ...this.#counts, held: this.#store.rows, heldBytes: this.#store.bytes };
  }

  /**
   * What was not asked for takes no other's room: a device could push out what others have answered. But it is kept where
   * there is some, as after a restart the log tells of it too, and the same log must give the same model.
   */
  #keep(place: RowPlace, answer: Float64Array | "gone"): boolean {
    const isAsked = this.#asked.delete(placeKey(place));
    const isKept = this.#store.add(place, answer, isAsked);
    if (!isAsked) this.#counts.unasked += 1;
    return isAsked && isKept;
  }

  async #askAll(places: readonly RowPlace[], signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#ports;
    const lacking = (): RowPlace[] =>
      places.filter((place) => this.#store.get(place) === undefined && !this.#silent.has(place.device));
    const deadline = clock.now() + 1000 * this.#options.seconds;
    let wanted = lacking();
    this.#counts.asked += wanted.length;
    for (let again = false; wanted.length > 0; again = true) {
      if (again) this.#counts.again += wanted.length;
      this.#ask(wanted);
      const askAgainAt = Math.min(deadline, clock.now() + 1000 * this.#options.againSeconds);
      while (wanted.length > 0 && clock.now() < askAgainAt) {
        await this.#wait(askAgainAt - clock.now(), signal);
        signal?.throwIfAborted();
        wanted = lacking();
      }
      if (clock.now() < deadline) continue;
      for (const { device } of wanted) this.#silent.add(device);
      return;
    }
  }

  #ask(places: readonly RowPlace[]): void {
    for (const group of groupPlaces(places).values())
      for (let at = 0; at < group.length; at += maxRefetched) {
        const part = group.slice(at, at + maxRefetched);
        const [{ device, session }] = part as [RowPlace];
        for (const place of part) this.#asked.add(placeKey(place));
        const rows = part.map(({ sequence, row }) => [sequence, row] as const);
        const command = { name: "refetch", session, rows } as const;
        this.#counts.bytesSent += encodeMessage("command", command).length;
        this.#ports.command(device, command);
      }
  }

  /** Resolves when something has come, or the time is over. */
  async #wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    const ended = new AbortController();
    const over = signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]);
    const came = new Promise<void>((resolve) => {
      this.#came = resolve;
    });
    const slept = this.#ports.clock.sleep(milliseconds, over).catch((error: unknown) => {
      if (!over.aborted) throw error; // aborted: something came, or the training ends
    });
    try {
      await Promise.race([came, slept]);
    } finally {
      this.#came = undefined;
      ended.abort();
    }
  }
}

/** Rows of one device and session each. */
function groupPlaces(places: readonly RowPlace[]): Map<string, RowPlace[]> {
  const groups = new Map<string, RowPlace[]>();
  for (const place of places) {
    const key = `${place.device}!${place.session}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [place]);
    else group.push(place);
  }
  return groups;
}
