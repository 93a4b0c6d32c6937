import { answerBody, encodeExactAnswer, type RowPlace } from "@zipml/codec";
import { createExactRows, type ExactRows } from "./exact-rows.ts";
import type { Intake } from "./intake-ports.ts";
import { type AcceptedRow, covers, type FrameId, type Receipted } from "./outbox.ts";

/** What a gateway has asked of a device's exact rows. */
export interface RefetchCounts {
  /** Bytes of exact rows that are kept for it now. */
  readonly held: number;
  /** Rows answered with their exact readings; one that is asked for twice counts twice. */
  readonly answered: number;
  /** Rows answered as no longer kept. */
  readonly gone: number;
  /** Commands left unanswered because too many bytes of answers were without a receipt. */
  readonly ignored: number;
}

/** Keeps exact rows, as many as fit, and answers for them. */
export interface Refetch {
  /** Keeps the rows of a frame of this session; those of the oldest frames give way. */
  keep(id: FrameId, rows: readonly AcceptedRow[]): void;
  /** Seals the answers to a command: every row in one of them, exactly or as gone. */
  answer(session: number, rows: readonly (readonly [sequence: number, row: number])[]): Promise<void>;
  /** A receipt came: the answers that it covers have arrived. */
  receipted(receipted: Receipted): void;
  counts(): RefetchCounts;
}

/** What it works on. */
export interface RefetchPorts {
  readonly session: number;
  /** Channels of a row. */
  readonly channels: number;
  readonly seal: Intake["answer"];
}

/** Bytes of answers without a receipt beyond which none are added: a gateway that asks on and on must not fill the outbox. */
const mostOpen = 1_048_576;
/** Most bytes of readings in one answer; all of it stays well below the 65,536 that decoders take. */
const mostBytes = 45_000;

const rising = (a: RowPlace, b: RowPlace): number => a.sequence - b.sequence || a.row - b.row;

/** The rows asked for, each once, in rising order. */
function placesOf(rows: readonly (readonly [sequence: number, row: number])[]): RowPlace[] {
  const places = rows.map(([sequence, row]) => ({ sequence, row })).sort(rising);
  return places.filter((place, i) => i === 0 || rising(places[i - 1] as RowPlace, place) < 0);
}

/**
 * In memory, so that a restart forgets the rows.
 *
 * @param capacity Bytes that the rows may take; with 0 none are kept, and every one that is asked for is gone.
 * @param ports What it works on.
 */
export function createRefetch(capacity: number, ports: RefetchPorts): Refetch {
  return new KeptRows(capacity, ports);
}

class KeptRows implements Refetch {
  readonly #ports: RefetchPorts;
  readonly #rows: ExactRows;
  readonly #counts = { answered: 0, gone: 0, ignored: 0 };
  #open: { readonly id: FrameId; readonly bytes: number }[] = [];

  constructor(capacity: number, ports: RefetchPorts) {
    this.#ports = ports;
    this.#rows = createExactRows(capacity);
  }

  keep(id: FrameId, rows: readonly AcceptedRow[]): void {
    this.#rows.add(id, rows);
  }

  async answer(session: number, rows: readonly (readonly [sequence: number, row: number])[]): Promise<void> {
    if (this.#open.reduce((sum, { bytes }) => sum + bytes, 0) >= mostOpen) {
      this.#counts.ignored += 1;
      return;
    }
    const places = placesOf(rows);
    const most = Math.max(1, Math.floor(mostBytes / (8 * this.#ports.channels)));
    for (let at = 0; at < places.length; at += most) await this.#seal(session, places.slice(at, at + most));
  }

  receipted(receipted: Receipted): void {
    this.#open = this.#open.filter(({ id }) => !covers(receipted, id));
  }

  counts(): RefetchCounts {
    return { held: this.#rows.bytes, ...this.#counts };
  }

  async #seal(of: number, places: readonly RowPlace[]): Promise<void> {
    const { session, channels, seal } = this.#ports;
    const values: number[] = [];
    const rows: RowPlace[] = [];
    const gone: RowPlace[] = [];
    for (const place of places) {
      const kept = this.#rows.rows({ session: of, sequence: place.sequence })?.[place.row];
      if (kept === undefined) gone.push(place);
      else {
        rows.push(place);
        values.push(...kept.values);
      }
    }
    const body = answerBody(Float64Array.from(values), channels);
    let bytes = 0;
    const id = await seal((sequence, grid) => {
      const message = encodeExactAnswer({ session, sequence, grid, of, rows, gone, ...body });
      bytes = message.length;
      return message;
    });
    this.#open.push({ id, bytes });
    this.#counts.answered += rows.length;
    this.#counts.gone += gone.length;
  }
}
