import { describe, expect, it } from "vitest";
import { benchNames, runBenchCommand, showResult } from "../bench/bench-command.ts";
import {
  type BenchResult,
  benchRow,
  median,
  thisMachine,
  timeAlternating,
  timesFaster,
} from "../bench/bench-result.ts";
import { type ProcessorTicks, parseTicks, stolenShare } from "../bench/train/stolen.ts";

async function bench(args: readonly string[], environment: Record<string, string> = {}) {
  const text = { out: "", err: "" };
  const write = (name: "out" | "err") => ({
    isTerminal: false,
    write: (part: string) => {
      text[name] += part;
    },
  });
  const code = await runBenchCommand(args, { out: write("out"), err: write("err"), environment });
  return { code, ...text };
}

describe("npm run bench", () => {
  it("knows its benches, and none of the harness", () => {
    expect(benchNames()).toContain("levels-bits");
    for (const name of ["run", "bench-command", "bench-result"]) expect(benchNames()).not.toContain(name);
  });

  it.each([
    [[], "one name is needed"],
    [["nope"], 'there is no bench "nope"; there is '],
    [["../bench-result"], "there is no bench"],
    [["levels-bits", "train"], "one name is needed"],
    [["levels-bits", "--fast"], "Unknown option '--fast'"],
    [["levels-bits", "--data-folder", "/no/such/folder"], "there is no folder /no/such/folder"],
    [["wire", "--plot", "/no/such/folder/x.svg"], "there is no folder for /no/such/folder/x.svg"],
  ])("%j is one line and exit code 2", async (args, message) => {
    const { code, out, err } = await bench(args);
    expect([code, out, err.split("\n").length]).toEqual([2, "", 2]);
    expect(err).toContain(message);
  });

  it("shows every row, with its ratio, as a table", () => {
    const result: BenchResult = {
      name: "example",
      machine: thisMachine(),
      rows: [
        benchRow({ id: "fast/slow", value: 2, baseline: 6, unit: "s", better: "lower" }),
        benchRow({ id: "alone", value: 0.000_012_345, unit: "s", better: "lower" }),
      ],
      notes: ["A note."],
      tables: [{ title: "More", head: ["way", "bytes"], rows: [["this", 0.123456]] }],
    };
    const shown = showResult(result);
    expect(shown).toMatch(/fast\/slow .* 2 .* s .* 6 .* 3 /);
    expect(shown).toMatch(/alone .* 1\.234e-5 .* s /);
    expect(shown).toContain("A note.");
    expect(shown).toMatch(/More\n.*\n.* way .* bytes /);
    expect(shown).toMatch(/ this .* 0\.1235 /);
  });
});

describe("benchRow", () => {
  it("gives a ratio above 1 to what is better, whichever way the unit counts", () => {
    expect(benchRow({ id: "a", value: 2, baseline: 6, unit: "s", better: "lower" }).ratio).toBe(3);
    expect(benchRow({ id: "a", value: 6, baseline: 2, unit: "rows/s", better: "higher" }).ratio).toBe(3);
    expect(benchRow({ id: "a", value: -1e-4, baseline: 2, unit: "", better: "lower" }).ratio).toBeNull();
    expect(benchRow({ id: "a", value: 6, unit: "rows", better: "higher" })).toMatchObject({
      baseline: null,
      ratio: null,
    });
  });
});

describe("timeAlternating", () => {
  it("takes turns, the order turned round from round to round, and awaits", async () => {
    const calls: string[] = [];
    const timings = await timeAlternating(
      {
        a: () => {
          calls.push("a");
        },
        b: async () => {
          await Promise.resolve();
          calls.push("b");
        },
      },
      { rounds: 4, seconds: 0, clock: "wall" },
    );
    expect(calls.join("").replace(/(.)\1*/g, "$1")).toMatch(/^b?(ab|ba)+a?$/);
    expect(timings.a.samples).toHaveLength(4);
    expect(timings.b.min).toBeLessThanOrEqual(timings.b.median);
  });

  it("tells twice the work from the work", async () => {
    const work = (times: number) => () => {
      let sum = 0;
      for (let i = 0; i < times * 200_000; i++) sum += Math.sqrt(i);
      if (sum < 0) throw new RangeError("never");
    };
    const { one, four } = await timeAlternating({ one: work(1), four: work(4) }, { rounds: 5, seconds: 0.01 });
    const ratio = timesFaster(one, four);
    expect(ratio).toBeGreaterThan(2);
    expect(ratio).toBeLessThan(8);
  });

  it("has the middle of odd and even numbers of samples", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("stolen time", () => {
  const stat = (user: number, stolen: number): string =>
    `cpu  ${user} 1 20 5000 300 4 5 ${stolen} 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\nbtime 1`;

  it("is a share of what was asked for, idle time left out", () => {
    const [before, after] = [parseTicks(stat(100, 7)), parseTicks(stat(160, 27))];
    expect(before).toEqual({ worked: 130, stolen: 7 });
    expect(stolenShare(before as ProcessorTicks, after as ProcessorTicks)).toBe(20 / 80);
    expect(stolenShare(before as ProcessorTicks, before as ProcessorTicks)).toBe(0);
  });

  it("is not known without the line of all processors", () => {
    expect(parseTicks("cpu0 1 2 3 4 5 6 7 8\n")).toBeUndefined();
  });
});
