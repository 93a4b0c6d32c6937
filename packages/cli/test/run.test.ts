import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { captureIo, run } from "@zipml/cli";
import { describe, expect, it } from "vitest";
import { motes, zipml } from "./support.ts";

const names = ["train", "predict", "encode", "decode"];

describe("zipml", () => {
  it("lists its commands and tells its version", async () => {
    const { code, out, err } = await zipml("--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const name of names) expect(out).toContain(`  ${name}`);
    expect(await zipml("--version")).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each(names)("%s --help shows an example, and so does help", async (name) => {
    const help = await zipml(name, "--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toMatch(/\nExample:\n {2}zipml /);
    expect((await zipml("help", name)).out).toBe(help.out);
  });

  it("without a command shows its help on standard error and fails", async () => {
    expect(await zipml()).toMatchObject({ code: 2, out: "", err: expect.stringContaining("Usage: zipml") });
  });

  it.each([
    [["trian"], "zipml: unknown command 'trian' (Did you mean train?)"],
    [["train", "--bitz", "3"], "zipml train: unknown option '--bitz' (Did you mean --bits?)"],
    [["train", "--bits"], "zipml train: option '--bits <BITS>' argument missing"],
    [["encode", "x"], "zipml encode: too many arguments"],
    [["decode", "--csv", "--json", "--in", "x"], "zipml decode: option '--csv' cannot be used with option '--json'"],
    [["train"], "zipml train: --data is needed"],
    [["predict", "--model", "/nowhere"], "zipml predict: /nowhere: no such file"],
  ])("%j is told in one line", async (args, start) => {
    const { code, out, err } = await zipml(...args);
    expect({ code, out, lines: err.split("\n").length }).toEqual({ code: 2, out: "", lines: 2 });
    expect(err.startsWith(start), err).toBe(true);
  });

  it("says that it was interrupted", async () => {
    const io = captureIo(AbortSignal.abort());
    expect(await run(["train", "--data", motes, "--target", "humidity"], io)).toBe(130);
    expect(io.text).toEqual({ out: "", err: "zipml train: interrupted\n" });
  });

  it("sets the exit status of its process", () => {
    const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
    const start = (...args: string[]) =>
      spawnSync(process.execPath, ["--conditions=zipml-source", "--import", import.meta.resolve("tsx"), bin, ...args], {
        encoding: "utf8",
      });
    expect(start("--version")).toMatchObject({ status: 0, stderr: "" });
    expect(start("decode")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: "zipml decode: --in is needed; see --help\n",
    });
  });
});
