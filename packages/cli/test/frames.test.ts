import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { plantCsv, put, temporaryFolder, zipml } from "./support.ts";

let folder = "";
let frames = "";
let text: readonly string[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  const data = await put(folder, "plant.csv", plantCsv());
  frames = join(folder, "plant.frames");
  const done = await zipml(
    "encode",
    "--data",
    data,
    "--target",
    "y",
    "--bits",
    "6",
    "--rows-per-frame",
    "64",
    "--out",
    frames,
  );
  expect(done, done.err).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^200 rows \(0 skipped\) in 4 frames, 500 bytes/),
  });
  text = (await readFile(frames, "utf8")).trimEnd().split("\n");
});

const plantRows = () =>
  plantCsv()
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) =>
      line
        .split(",")
        .filter((_, c) => c !== 2)
        .map(Number),
    );

describe("zipml encode, then decode", () => {
  it("gives readings within one interval of the originals, in order, with their times", async () => {
    const { code, out, err } = await zipml("decode", "--in", frames);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [header, ...lines] = out.trimEnd().split("\n");
    expect(header).toBe("sequence,row,time,a,b,y");
    const rows = lines.map((line) => line.split(",").map(Number));
    expect(rows.map(([sequence = 0, row = 0, time = 0]) => [64 * sequence + row, time])).toEqual(
      rows.map((_, r) => [r, 1000 * r]),
    );
    const bounds = [100 / 31, 88 / 31, 500 / 255];
    for (const [r, original] of plantRows().entries())
      for (const [c, value] of original.entries())
        expect(Math.abs((rows[r]?.[3 + c] ?? Number.NaN) - value)).toBeLessThanOrEqual(bounds[c] ?? 0);
  });

  it("prints one JSON object a frame, codes and values", async () => {
    const { out } = await zipml("decode", "--in", frames, "--json");
    const objects = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(objects.map(({ sequence, rows }) => [sequence, rows])).toEqual([
      [0, 64],
      [1, 64],
      [2, 64],
      [3, 8],
    ]);
    expect(objects[0]).toMatchObject({ session: 0, grid: 0, channels: ["a", "b", "y"] });
    expect(objects[3].codes).toHaveLength(8);
    expect(objects[3].values[0]).toHaveLength(3);
  });

  it.each(["packed", "rice", "arithmetic", "exact"])(
    "--coding %s: frames of at most that coding's bytes, and the same readings back",
    async (coding) => {
      const data = join(folder, "plant.csv");
      const out = join(folder, `${coding}.frames`);
      for (const scheme of ["count", "dither"]) {
        const done = await zipml(
          ...["encode", "--data", data, "--target", "y", "--bits", "6", "--scheme", scheme],
          ...["--coding", coding, "--rows-per-frame", "64", "--out", out, "--json"],
        );
        expect(done.code, done.err).toBe(0);
        const { bytes } = JSON.parse(done.out);
        if (coding !== "exact") expect(bytes.codes).toBeLessThanOrEqual(500);
        const { out: lines } = await zipml("decode", "--in", out, "--json");
        const objects = lines
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line));
        expect(objects.map(({ rows }) => rows)).toEqual([64, 64, 64, 8]);
        const values: number[][] = objects.flatMap((object) => object.values);
        for (const object of objects) expect(object.codes === undefined).toBe(object.coding === "exact");
        const steps = scheme === "count" ? [100 / 31, 88 / 31, 500 / 255] : [100 / 63, 88 / 63, 500 / 255];
        for (const [r, original] of plantRows().entries())
          for (const [c, value] of original.entries())
            expect(Math.abs((values[r]?.[c] ?? Number.NaN) - value)).toBeLessThanOrEqual(steps[c] ?? 0);
      }
    },
  );

  it("is the same for the same seed, and other draws of the same rows for another", async () => {
    const data = join(folder, "plant.csv");
    const encode = async (seed: string) => {
      const out = join(folder, `seed-${seed}.frames`);
      await zipml("encode", "--data", data, "--target", "y", "--bits", "6", "--seed", seed, "--out", out);
      return readFile(out, "utf8");
    };
    expect(await encode("1")).toBe(`${text.join("\n")}\n`);
    expect(await encode("2")).not.toBe(await encode("1"));
  });

  it("dithers by device, seed and place: readings within half an interval, other codes for another seed", async () => {
    const encode = async (seed: string) => {
      const out = join(folder, `dither-${seed}.frames`);
      const args = ["--data", join(folder, "plant.csv"), "--target", "y", "--bits", "6", "--scheme", "dither"];
      const { code, err } = await zipml("encode", ...args, "--seed", seed, "--out", out);
      expect(code, err).toBe(0);
      return out;
    };
    const file = await encode("plant-7");
    const content = await readFile(file, "utf8");
    expect(JSON.parse(content.split("\n")[0] ?? "")).toMatchObject({
      device: "encode",
      grids: [{ scheme: "dither", seed: "plant-7" }],
    });
    expect(await readFile(await encode("plant-7"), "utf8")).toBe(content);
    const { out } = await zipml("decode", "--in", file);
    const rows = out.trimEnd().split("\n").slice(1);
    const bounds = [100 / 63, 88 / 63, 500 / 255];
    for (const [r, original] of plantRows().entries())
      for (const [c, value] of original.entries()) {
        const reading = Number(rows[r]?.split(",")[3 + c]);
        expect(Math.abs(reading - value)).toBeLessThanOrEqual((bounds[c] ?? 0) / 2 + 1e-9);
      }
    // The same codes read by another seed, device or sequence are other readings.
    for (const wrong of [
      content.replace("plant-7", "plant-8"),
      content.replace('"device":"encode"', '"device":"other"'),
    ]) {
      const other = await zipml("decode", "--in", await put(folder, "wrong.frames", wrong));
      expect(other.code).toBe(0);
      expect(other.out).not.toBe(out);
    }
    const nameless = await put(folder, "nameless.frames", content.replace(',"device":"encode"', ""));
    expect(await zipml("decode", "--in", nameless)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/device's id/),
    });
  });

  it("tells bad lines with their number, prints the good ones, and fails at the end", async () => {
    const [header = "", one = "", two = ""] = text;
    const cut = `${two.slice(0, -12)}"}`;
    const file = await put(
      folder,
      "bad.frames",
      [header, one, cut, '{"frame":"zz"}', "not json", '{"frame":"89010000056400"}', "", two].join("\r\n"),
    );
    const { code, out, err } = await zipml("decode", "--in", file);
    expect(code).toBe(2);
    expect(out.trimEnd().split("\n")).toHaveLength(1 + 128);
    const told = err.trimEnd().split("\n");
    expect(told.map((line) => /:(\d+): /.exec(line)?.[1])).toEqual(["3", "4", "5", "6", undefined]);
    expect(told.at(-1)).toBe(`zipml decode: ${file}: 4 of 6 frames could not be decoded`);
  });

  it.each([
    ["an empty file", "", /is empty/],
    ["another file", "a,b\n1,2\n", /:1: is no header of a file of frames: is not JSON/],
    ["another version", '{"zipml":"frames","version":2}\n', /version/],
    ["a grid that can't be", undefined, /:1: .*bits/],
  ])("refuses %s", async (_, content, reason) => {
    const spoilt = text[0]?.replace('"bits":6', '"bits":99') ?? "";
    const { code, out, err } = await zipml("decode", "--in", await put(folder, "odd.frames", content ?? spoilt));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(reason);
  });

  it.each([
    [["--bits", "1"], /2\^bits - 1 must be >= samples/],
    [["--rows-per-frame", "5000"], /from 1 to 4096/],
    [["--scheme", "dither", "--samples", "2"], /one symbol a value/],
    [["--scheme", "dither", "--seed", "a b"], /--seed is 1 to 64/],
    [["--columns", "a,bb"], /no column "bb"; did you mean "b"\?/],
    [["--target", "z"], /no column "z"/],
  ])("encode refuses %j in one line", async (args, reason) => {
    const out = join(folder, "refused.frames");
    const { code, err } = await zipml("encode", "--data", join(folder, "plant.csv"), "--out", out, ...args);
    expect(code).toBe(2);
    expect(err).toMatch(reason);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  it("refuses frames larger than a decoder takes", async () => {
    const names = Array.from({ length: 40 }, (_, c) => `c${c}`);
    const data = await put(folder, "wide.csv", `${names.join()}\n${names.map((_, c) => c).join()}\n`);
    const args = ["--data", data, "--bits", "16", "--rows-per-frame", "4096", "--out", join(folder, "wide.frames")];
    expect(await zipml("encode", ...args)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/frames of 327680 bytes/),
    });
  });
});
