import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { vectorFolder } from "./vectors/make-vectors.ts";

type Json = Readonly<Record<string, unknown>>;

const script = fileURLToPath(new URL("second-decoder/decode.py", import.meta.url));
const hasPython = spawnSync("python3", ["--version"]).status === 0;

function decodeAll(): Readonly<Record<string, Json>> {
  const run = spawnSync("python3", ["-B", script, fileURLToPath(vectorFolder)], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Readonly<Record<string, Json>>;
}

/** What the golden file says, in the second decoder's shape. */
function expected(name: string): Json {
  const file = JSON.parse(readFileSync(new URL(name, vectorFolder), "utf8"));
  if (name === "errors.json") return { codes: file.cases.map(({ code }: Json) => code) };
  if (name === "random.json")
    return {
      blocks: file.blocks.map(({ words }: Json) => words),
      streams: file.streams.map(({ key, words }: Json) => ({ key, words })),
    };
  if (name === "histogram.json") return { cases: file.cases.map(({ counts, code }: Json) => ({ counts, code })) };
  if (name === "answers.json")
    return { cases: file.cases.map(({ code, answer = null, readings = null }: Json) => ({ code, answer, readings })) };
  if (name === "weights.json") return { vectors: file.vectors.map(({ codes, values }: Json) => ({ codes, values })) };
  const { header, body, times, codes, means, spreads, readings, ends, encoding } = file;
  if (readings !== undefined) return { header, body, times, readings };
  const shown = ends === undefined ? {} : { ends };
  return { ...shown, header, body, times, codes, means, spreads, encoded: codes, clipped: encoding.clipped };
}

describe.skipIf(!hasPython)("a second decoder, from the wire format's page alone (skipped without python3)", () => {
  const decoded = hasPython ? decodeAll() : {};

  it.each(readdirSync(vectorFolder).sort())("reads %s to the same numbers, bit for bit", (name) => {
    expect(decoded[name]).toEqual(expected(name));
  });
});
