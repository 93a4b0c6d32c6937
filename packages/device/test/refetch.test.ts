import { answerReadings, decodeExactAnswer, type ExactAnswer, isExactAnswer } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import type { AcceptedRow, FrameId } from "../src/outbox.ts";
import { createRefetch } from "../src/refetch.ts";

const session = 7;
const channels = 2;
const id = (sequence: number): FrameId => ({ session, sequence });
const rowsOf = (sequence: number, count: number): AcceptedRow[] =>
  Array.from({ length: count }, (_, row) => ({
    session,
    time: row,
    values: Float64Array.of(sequence + row / 4, -row),
  }));

function setUp(capacity: number, width = channels) {
  const answers: ExactAnswer[] = [];
  let next = 100;
  const refetch = createRefetch(capacity, {
    session,
    channels: width,
    seal: async (bytesOf) => {
      const sequence = next++;
      const bytes = bytesOf(sequence, 3);
      expect(isExactAnswer(bytes)).toBe(true);
      expect(bytes.length).toBeLessThan(65_536);
      answers.push(decodeExactAnswer(bytes));
      return { session, sequence };
    },
  });
  return { refetch, answers };
}

describe("what a device keeps for refetching", () => {
  it("answers rows exactly, in rising order and each once, with a sequence of its own", async () => {
    const { refetch, answers } = setUp(10_000);
    refetch.keep(id(0), rowsOf(0, 4));
    refetch.keep(id(5), rowsOf(5, 4));
    await refetch.answer(session, [
      [5, 3],
      [0, 1],
      [5, 3],
      [5, 0],
    ]);
    const [answer] = answers as [ExactAnswer];
    expect(answer).toMatchObject({ session, sequence: 100, grid: 3, of: session, gone: [] });
    expect(answer.rows).toEqual([
      { sequence: 0, row: 1 },
      { sequence: 5, row: 0 },
      { sequence: 5, row: 3 },
    ]);
    expect([...answerReadings(answer, channels)].map((value) => value + 0)).toEqual([0.25, -1, 5, 0, 5.75, -3]);
    expect(refetch.counts()).toMatchObject({ answered: 3, gone: 0, ignored: 0 });
  });

  it("keeps no more than it may, and says which rows are gone: old ones, unknown ones, other sessions'", async () => {
    const frame = 4 * (8 * channels + 64);
    const { refetch, answers } = setUp(2 * frame);
    for (let sequence = 0; sequence < 4; sequence++) refetch.keep(id(sequence), rowsOf(sequence, 4));
    expect(refetch.counts().held).toBe(2 * frame);
    await refetch.answer(session, [
      [1, 0],
      [2, 0],
      [3, 4],
      [9, 0],
    ]);
    await refetch.answer(6, [[2, 0]]);
    expect(answers.map(({ of, rows, gone }) => [of, rows.length, gone.length])).toEqual([
      [session, 1, 3],
      [6, 0, 1],
    ]);
    expect(refetch.counts()).toMatchObject({ answered: 1, gone: 4 });
  });

  it("has nothing to answer with where it may keep nothing", async () => {
    const { refetch, answers } = setUp(0);
    refetch.keep(id(0), rowsOf(0, 4));
    await refetch.answer(session, [[0, 0]]);
    expect([refetch.counts().held, answers[0]?.gone]).toEqual([0, [{ sequence: 0, row: 0 }]]);
  });

  it("splits what would be too long for a message", async () => {
    const width = 1024;
    const { refetch, answers } = setUp(10_000_000, width);
    const values = Float64Array.from({ length: width }, (_, i) => Math.sqrt(i + 2));
    const rows = Array.from({ length: 12 }, (_, time) => ({
      session,
      time,
      values: values.map((v) => v * (time + 1)),
    }));
    refetch.keep(id(0), rows);
    await refetch.answer(
      session,
      rows.map((_, row) => [0, row] as const),
    );
    expect(answers.length).toBeGreaterThan(1);
    expect(answers.flatMap((answer) => answer.rows).map(({ row }) => row)).toEqual(rows.map((_, row) => row));
    expect(answers.every(({ form }) => form === "float64")).toBe(true);
  });

  it("leaves commands unanswered while a megabyte of answers is without a receipt", async () => {
    const width = 500;
    const { refetch, answers } = setUp(10_000_000, width);
    const values = Float64Array.from({ length: width }, (_, i) => Math.sqrt(i + 2));
    const rows = Array.from({ length: 8 }, (_, time) => ({ session, time, values: values.map((v) => v * (time + 1)) }));
    refetch.keep(id(0), rows);
    const all = rows.map((_, row) => [0, row] as const);
    const size = 8 * width * rows.length; // and some bytes each
    const fitting = Math.ceil(1_048_576 / size);
    for (let i = 0; i < fitting + 5; i++) await refetch.answer(session, all);
    expect([answers.length, refetch.counts().ignored]).toEqual([fitting, 5]);
    refetch.receipted({ session, floor: 110, ranges: [[112, 113]] });
    await refetch.answer(session, all);
    expect([answers.length, refetch.counts().ignored]).toEqual([fitting + 1, 5]);
  });
});
