import {
  answerBody,
  answerReadings,
  DecodeError,
  decodeExactAnswer,
  type ExactAnswer,
  encodeExactAnswer,
} from "../../src/index.ts";
import { bytesOf, hexOf } from "../support/frames.ts";

/** An answer with exact rows, or bytes that are none. */
export interface AnswerCase {
  readonly name: string;
  readonly hex: string;
  /** Channels of a row. */
  readonly channels: number;
  /** Code of the fault; empty for a sound one. */
  readonly code: string;
  readonly answer?: Omit<ExactAnswer, "body" | "form">;
  readonly readings?: readonly (readonly number[])[];
}

type Told = Omit<ExactAnswer, "body" | "form">;

function sound(name: string, told: Told, readings: readonly (readonly number[])[], channels: number): AnswerCase {
  const body = answerBody(Float64Array.from(readings.flat()), channels);
  return { name, hex: hexOf(encodeExactAnswer({ ...told, ...body })), channels, code: "", answer: told, readings };
}

function refused(name: string, hex: string, channels = 1): AnswerCase {
  try {
    answerReadings(decodeExactAnswer(bytesOf(hex)), channels);
  } catch (error) {
    if (error instanceof DecodeError) return { name, hex, channels, code: error.code };
    throw error;
  }
  throw new Error(`${name} is not refused`);
}

const row = (sequence: number, number: number) => ({ sequence, row: number });
const of = { session: 7, sequence: 40, grid: 1, of: 7, gone: [] };

/** All of them. */
export function answerCases(): readonly AnswerCase[] {
  const rows = [row(3, 0), row(3, 255), row(70_000, 2)];
  const decimals = [
    [21.5, 40],
    [21.25, 41],
    [-3.75, 40],
  ];
  const irrational = [
    [Math.PI, 1],
    [Math.E, 2],
    [Math.SQRT2, 3],
  ];
  return [
    sound("decimals, and a row that is gone", { ...of, rows, gone: [row(1, 9)] }, decimals, 2),
    sound("float64", { ...of, rows }, irrational, 2),
    sound(
      "float32",
      { ...of, rows },
      irrational.map((readings) => readings.map(Math.fround)),
      2,
    ),
    sound("of another session, all gone", { ...of, of: 4_294_967_295, rows: [], gone: [row(0, 0), row(0, 1)] }, [], 2),
    refused("one number where two tell a row", "890f0700000781030081000044cdcc8c3f"),
    refused("the same row twice", "890f070000078403000300800144cdcc8c3f"),
    refused("of no row", "890f0700000780800040"),
    refused("a form that is not known", "890f07000007820300800344cdcc8c3f"),
    refused("a reading too few", "890f07000007820300800142cdcc"),
    refused("an infinite reading", "890f070000078203008001440000807f"),
    refused("readings of no row", "890f07000007808203000144cdcc8c3f"),
    refused("a byte too many", "890f07000007820300800144cdcc8c3f00"),
    refused("a frame", "8808070301222c03444df9e20e"),
  ];
}
