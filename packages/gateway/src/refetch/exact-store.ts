/** One row of the group. */
export interface RowPlace {
  readonly device: string;
  readonly session: number;
  /** Of its frame. */
  readonly sequence: number;
  /** Within the frame, from 0. */
  readonly row: number;
}

/** What devices have answered. */
export interface ExactStore {
  /** The exact readings of the task's columns; `gone` where the device has them no longer; undefined where nothing was answered. */
  get(place: RowPlace): Float64Array | "gone" | undefined;
  /**
   * Keeps an answer: of several for a row the one with readings, in whatever order they come.
   *
   * @param wanted Where there is no room the oldest answers leave for it; one that is not wanted is not kept then.
   * @returns Whether it says more than was known, and is kept.
   */
  add(place: RowPlace, answer: Float64Array | "gone", wanted: boolean): boolean;
  /** Rows of which the readings are held. */
  readonly rows: number;
  /** Bytes that all answers take, as estimated. */
  readonly bytes: number;
}

/** Name of a row; ids have no `!`. */
export const placeKey = ({ device, session, sequence, row }: RowPlace): string =>
  `${device}!${session}!${sequence}!${row}`;

/** Bytes counted for an answer beside its readings. */
const overhead = 200;

const sizeOf = (answer: Float64Array | "gone"): number => overhead + (answer === "gone" ? 0 : answer.byteLength);

/** @param capacity Bytes that the answers may take. */
export function createExactStore(capacity: number): ExactStore {
  const answers = new Map<string, Float64Array | "gone">(); // in the order in which they came
  let bytes = 0;
  let rows = 0;
  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return bytes;
    },
    get: (place) => answers.get(placeKey(place)),
    add: (place, answer, wanted) => {
      const key = placeKey(place);
      const known = answers.get(key);
      const more = sizeOf(answer) - (known === undefined ? 0 : sizeOf(known));
      if (known === answer || known instanceof Float64Array || (!wanted && bytes + more > capacity)) return false;
      answers.set(key, answer);
      bytes += more;
      if (answer !== "gone") rows += 1;
      for (const [oldest, other] of answers) {
        if (bytes <= capacity) break;
        answers.delete(oldest);
        bytes -= sizeOf(other);
        if (other !== "gone") rows -= 1;
      }
      return true;
    },
  };
}
