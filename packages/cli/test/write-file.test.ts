import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { csvLine } from "../src/files/csv-line.ts";
import { writeFileWhole } from "../src/files/write-file.ts";
import { put, temporaryFolder } from "./support.ts";

describe("writeFileWhole", () => {
  it("leaves the old file and nothing else when its source fails", async () => {
    const folder = await temporaryFolder();
    const file = await put(folder, "x.txt", "old");
    const fault = new Error("the source failed");
    async function* parts() {
      yield "new";
      throw fault;
    }
    await expect(writeFileWhole(file, parts())).rejects.toBe(fault);
    expect(await readFile(file, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["x.txt"]);
  });

  it("writes parts in order", async () => {
    const file = join(await temporaryFolder(), "x.txt");
    await writeFileWhole(file, ["a", "b", "c"]);
    expect(await readFile(file, "utf8")).toBe("abc");
  });

  it("names the file that can't be written, and the folder that is not there", async () => {
    await expect(writeFileWhole("/nowhere/x.txt", ["a"])).rejects.toMatchObject({
      code: "file",
      message: "can't write /nowhere/x.txt: there is no folder /nowhere",
    });
  });
});

describe("csvLine", () => {
  it("quotes what needs quotes", () => {
    expect(csvLine(["a", 1.5, "b,c", 'd"e', "f\ng"])).toBe('a,1.5,"b,c","d""e","f\ng"\n');
  });
});
