import { beforeAll, describe, expect, it } from "vitest";
import type { TrainReport } from "../src/train/result.ts";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let plant = "";
beforeAll(async () => {
  folder = await temporaryFolder();
  plant = await put(folder, "plant.csv", plantCsv());
});

const run = (...args: string[]) => zipml("train", "--data", plant, "--target", "y", "--epochs", "3", ...args);

async function report(...args: string[]): Promise<TrainReport> {
  const { code, out, err } = await run("--engine", "fpga", ...args, "--json");
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

describe("zipml train --engine fpga", () => {
  it("adds what one epoch costs on the card, cycle by cycle accounted for", async () => {
    const { fpga, engine, estimator } = await report();
    expect([engine, estimator]).toEqual(["fpga", "double"]);
    expect(Object.keys(fpga ?? {})).toEqual(["cycles", "modelledSeconds", "bytesRead", "stalls", "linesPerRow"]);
    expect(fpga).toMatchObject({ linesPerRow: 1, bytesRead: 150 * 64 });
    const { cycles = 0, modelledSeconds = 0, stalls } = fpga ?? {};
    expect(modelledSeconds).toBeCloseTo(cycles / 200e6, 15);
    expect(Object.keys(stalls ?? {})).toEqual(["memory", "hazard", "rate", "fifo", "drain", "writeBack"]);
    expect(Object.values(stalls ?? {}).reduce((sum, count) => sum + count, 150)).toBe(cycles);
    expect((await report("--epochs", "1")).fpga).toEqual(fpga); // for one epoch, however many there are
  });

  it.each([
    ["--layout pairs", "double", 2],
    ["--layout code", "symmetric", 2],
    ["--layout code --samples 1", "naive", 1],
    ["--estimator naive", "naive", 1],
    ["--estimator symmetric", "symmetric", 2],
    ["--scheme none", "full", 1],
    ["--scheme none --layout weave --planes 12", "full", 1],
    ["--platform arria10-harp-v2 --layout pairs --bits 9", "double", 2],
  ])("%s runs %s on %i draws", async (flags, estimator, samples) => {
    const data = await report(...flags.split(" "));
    expect(data).toMatchObject({ engine: "fpga", estimator, samples });
    expect(data.test.r2).toBeGreaterThan(0.97);
    expect(data.fpga?.cycles).toBeGreaterThan(0);
  });

  it("gives the same model to the bit for the same seed", async () => {
    const { model } = await report("--layout", "code");
    expect((await report("--layout", "code")).model).toEqual(model);
    expect((await report("--layout", "code", "--seed", "2")).model).not.toEqual(model);
  });

  it("prints a line that says modelled, apart from the measured seconds", async () => {
    const { code, out } = await run("--engine", "fpga");
    expect(code).toBe(0);
    expect(out).toMatch(
      /\nmodelled {2}an epoch on the card: \d+ cycles, [\d.e-]+ s, 9,600 bytes read, 1 line for a row; /,
    );
    expect(out).not.toMatch(/epochs .*modelled|modelled .* in \d/);
    expect((await run()).out).not.toMatch(/modelled/);
    const woven = await run("--engine", "fpga", "--scheme", "none", "--layout", "weave", "--planes", "4");
    expect(woven.out).toMatch(/4 lines for 8 rows/);
  });

  it("says what it makes of the options otherwise than they say", async () => {
    const { warnings } = await report("--batch", "50", "--threads", "2");
    expect(warnings).toContain("mini-batches on the card are powers of two: 32 rows, not 50");
    expect(warnings).toContain("--threads has no effect with --engine fpga");
    const closed = await run("--engine", "fpga", "--solver", "closed-form", "--json");
    expect(JSON.parse(closed.out).warnings).toContain("--engine has no effect with --solver closed-form");
    expect(JSON.parse(closed.out).fpga).toBeUndefined();
  });

  it("takes its options from a configuration file, a platform's path counting from there", async () => {
    await put(folder, "card.yaml", card());
    const config = await put(folder, "zipml.yaml", "train: { engine: fpga, platform: ./card.yaml, layout: code }\n");
    const { fpga } = await report("--config", config);
    expect(fpga?.modelledSeconds).toBeCloseTo((fpga?.cycles ?? 0) / 100e6, 15);
    const named = await put(folder, "named.yaml", "train: { engine: fpga, platform: harp-v1, layout: code }\n");
    expect((await report("--config", named)).fpga?.bytesRead).toBe(fpga?.bytesRead);
    const wrong = await put(folder, "wrong.yaml", "train:\n  layout: pears\n");
    expect((await run("--config", wrong)).err).toMatch(/wrong\.yaml:2: train\.layout must be one of .*"pairs"\?/);
  });

  it.each([
    ["--layout code", /--layout goes with --engine fpga/],
    ["--platform harp-v1 --engine packed", /--platform goes with --engine fpga, not packed/],
    ["--engine fpga --layout float32", /--layout float32 holds raw rows: it needs --scheme none, not count/],
    ["--engine fpga --layout pairs --scheme none", /--layout pairs holds codes/],
    ["--engine fpga --layout pairs --estimator symmetric", /--layout pairs runs --estimator double, not symmetric/],
    ["--engine fpga --layout code --estimator double", /--layout code runs --estimator symmetric or naive, not double/],
    ["--engine fpga --scheme dither", /needs --scheme count or none, not dither/],
    ["--engine fpga --levels optimal", /equal steps/],
    ["--engine fpga --samples 3", /two draws, not 3/],
    ["--engine fpga --layout pairs --samples 1", /two draws, not 1/],
    ["--engine fpga --layout code --bits 9", /codes of 8 bits at most, not 9/],
    ["--engine fpga --layout pairs --bits 10", /codes of 9 bits at most, not 10/],
    ["--engine fpga --model-bits 8", /--model-bits/],
    ["--engine fpga --l2 0.1", /--l2/],
    ["--engine fpga --loss logistic", /lowers squares, not --loss logistic/],
    ["--engine fpga --planes 4", /--planes goes with --layout weave, not pairs/],
    ["--engine fpga --scheme none --layout weave --planes 32", /whole number from 1 to 31/],
    ["--engine fpga --platform zynq-pynq", /runs the layout beats, not pairs; .*zipml fpga report/],
    ["--engine fpga --platform harp-v3", /--platform: platform must be one of harp-v1, zynq-pynq, arria10-harp-v2/],
    ["--engine fpga --platform ./nowhere.yaml", /nowhere\.yaml: no such file/],
    ["--engine fpga --step 2", /a step of 2: a card's are 2\^-shift, 1 at most/],
  ])("%s is refused in one line", async (flags, reason) => {
    const { code, out, err } = await run(...flags.split(" "));
    const lines = err.split("\n").filter((text) => !text.includes("warning: "));
    expect({ code, out, lines: lines.length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(lines[0]).toMatch(reason);
  });
});

/** A card half as fast as harp-v1. */
function card(change: (lines: string[]) => string[] = (lines) => lines): string {
  return `${change([
    "clock: 100e6",
    "bandwidth: 3.25e9",
    "lineBits: 512",
    "latency: 100",
    "burst: 1",
    "reorderDepth: 256",
    "rowFifo: 1024",
    "lanes: 128",
    "features: { pairs: 100, code: 50 }",
    "budget: { multipliers: 512, blocks: 2560, blockWidth: 40, blockDepth: 512 }",
  ]).join("\n")}\n`;
}

describe("a user's own platform", () => {
  const without = (key: string) => card((lines) => lines.filter((line) => !line.startsWith(`${key}:`)));
  const withLine = (key: string, line: string) =>
    card((lines) => lines.map((old) => (old.startsWith(`${key}:`) ? line : old)));

  it.each([
    [() => without("clock"), /own\.yaml: clock: /],
    [() => withLine("lanes", "lanes: 100"), /own\.yaml: platform own: lanes must be a multiple of 16, not 100/],
    [() => withLine("latency", "latency: fast"), /own\.yaml: latency: /],
    [() => withLine("burst", "burts: 1"), /own\.yaml: /],
    [() => `${card()}speed: 9\n`, /own\.yaml: speed is not known/],
    [
      () => withLine("features", "features: { pears: 3 }"),
      /own\.yaml: features\.pears is not known; did you mean "pairs"\?/,
    ],
    [() => withLine("features", "features: { pairs: 1e9 }"), /own\.yaml: platform own: features\.pairs must be/],
    [
      () => withLine("features", "features: { code: 9 }"),
      /platform own|--platform own runs the layout code, not pairs/,
    ],
    [() => withLine("features", "features: { pairs: 1 }"), /2 features, and the card holds 1/],
    [() => "clock: [", /own\.yaml:\d+: /],
    [() => "", /own\.yaml: the file: /],
  ])("is refused with file and key where it can't be: %#", async (text, reason) => {
    const file = await put(folder, "own.yaml", text());
    const { code, out, err } = await run("--engine", "fpga", "--platform", file);
    const lines = err.split("\n").filter((line) => !line.includes("warning: "));
    expect({ code, out, lines: lines.length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(lines[0]).toMatch(reason);
  });
});
