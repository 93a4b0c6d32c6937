import { answerReadings, type ExactAnswer } from "@zipml/codec";
import type { RowPlace } from "../refetch/exact-store.ts";
import type { Decoder } from "./session.ts";

/** What an answer tells, for the columns of the task. */
export interface AnsweredRows {
  readonly device: string;
  readonly rows: readonly { readonly place: RowPlace; readonly values: Float64Array }[];
  readonly gone: readonly RowPlace[];
  /** Bytes of the data message. */
  readonly bytes: number;
}

/**
 * Reads the readings of an answer.
 *
 * @param answer The answer.
 * @param device Id of the device that it came from.
 * @param decoder Of the grid that it names.
 * @param bytes Bytes of the data message.
 * @throws DecodeError for readings that no device sends.
 */
export function answeredRows(answer: ExactAnswer, device: string, decoder: Decoder, bytes: number): AnsweredRows {
  const { grid, projection } = decoder;
  const width = grid.channels.length;
  const readings = answerReadings(answer, width);
  const placeOf = ({ sequence, row }: ExactAnswer["rows"][number]): RowPlace => ({
    device,
    session: answer.of,
    sequence,
    row,
  });
  return {
    device,
    rows: answer.rows.map((place, r) => ({
      place: placeOf(place),
      values: Float64Array.from(projection.quantizer.columns, (column) => readings[r * width + column] as number),
    })),
    gone: answer.gone.map(placeOf),
    bytes,
  };
}
