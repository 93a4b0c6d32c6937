import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { DataError, readTable, rowMajor } from "@zipml/gateway/data";
import { describe, expect, it } from "vitest";
import { codeOf, temporaryFiles } from "./files.ts";

const file = temporaryFiles();
const all = { columns: "numeric" } as const;

describe("readTable", () => {
  it("reads LF, CRLF, a byte order mark, quotes and blanks alike", async () => {
    const expected = [1, 2, 3.5, -4];
    for (const text of ["a,b\n1,2\n3.5,-4\n", "a,b\r\n1,2\r\n3.5,-4", '\ufeff"a",b\n"1",2\n\n 3.5 ,"-4"\n\n']) {
      const table = await readTable(await file("t.csv", text), all);
      expect([...rowMajor(table, ["a", "b"])]).toEqual(expected);
      expect(table.skipped).toBe(0);
    }
  });

  it("knows gzip by its content, not by its name", async () => {
    const zipped = gzipSync("a,b\n1,2\n");
    for (const [name, content] of [
      ["t.csv", zipped],
      ["t.csv.gz", zipped],
      ["t.csv.gz", "a,b\n1,2\n"],
    ] as const)
      expect([...rowMajor(await readTable(await file(name, content), all), ["b", "a"])]).toEqual([2, 1]);
  });

  it("passes over and counts rows with an empty, non-numeric or missing cell among the wanted columns", async () => {
    const path = await file("t.csv", "a,b,c\n1,2,x\n,2,x\n1,n/a,x\n1,2\n1,2,x,9\n5,6,\n");
    const table = await readTable(path, { columns: ["b", "a"] });
    expect(table).toMatchObject({ rows: 2, skipped: 4, names: ["b", "a"], header: ["a", "b", "c"] });
    expect([...table.places]).toEqual([1, 6]);
    expect([...rowMajor(table, ["b", "a"])]).toEqual([2, 1, 6, 5]);
    expect(table.warnings).toHaveLength(1); // more rows passed over than kept
  });

  it("leaves out columns without any number by default, and says so", async () => {
    const table = await readTable(await file("t.csv", "time,a,,b\n2020-01-01,1,7,2\n2020-01-02,3,7,4\n"), all);
    expect(table.names).toEqual(["a", "b"]);
    expect(table.skipped).toBe(0);
    expect(table.warnings.join()).toMatch(/"time".*without a name/s);
  });

  it("numbers groups in order of appearance and keeps the group's column out of the features", async () => {
    const path = await file("t.csv", "mote,a\nx,1\ny,2\nx,\nx,3\n");
    const table = await readTable(path, { columns: "numeric", group: "mote" });
    expect(table.names).toEqual(["a"]);
    expect([...table.groups]).toEqual([0, 1, 0]);
  });

  it("keeps rows that lack an optional column's cell, and does without the column", async () => {
    const path = await file("t.csv", "a,y\n1,2\n3,\n");
    const table = await readTable(path, { columns: ["a"], optional: ["y", "z"] });
    expect(table.rows).toBe(2);
    expect([...(table.columns.get("y") ?? [])]).toEqual([2, Number.NaN]);
    expect(table.columns.has("z")).toBe(false);
  });

  it.each([
    ["empty", "", all],
    ["empty", "\n\n", all],
    ["empty", "a,b\n", all],
    ["header", "1,2\n3,4\n", all],
    ["header", "a,b,a\n1,2,3\n", all],
    ["column", "a,b\n1,2\n", { columns: ["a", "c"] }],
    ["column", "a,b\n1,2\n", { columns: "numeric", also: ["c"] }],
    ["column", "a,b\n1,2\n", { columns: "numeric", group: "c" }],
    ["column", "a,b\n1,x\n2,\n", { columns: ["a", "b"] }],
    ["column", "a,b\n1,x\n2,\n", { columns: "numeric", also: ["b"] }],
    ["rows", "a,b\n1,\n,2\n", all],
    ["rows", "a,b\n1\n1,2,3\n", all],
    ["syntax", 'a,b\n1,2\n"3,4\n', all],
    ["syntax", 'a,b\n1,2\n3,x"y\n', all],
  ] as const)("refuses with code %s: %j", async (code, text, selection) => {
    expect(await codeOf(readTable(await file("t.csv", text), selection))).toBe(code);
  });

  it("tells file, line, column and the columns there are", async () => {
    const path = await file("t.csv", "temp,power\n1,2\n");
    const error = await readTable(path, { columns: ["powr"] }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: "column", file: path, column: "powr", columns: ["temp", "power"] });
    const twice = await readTable(await file("t.csv", "a,a\n"), all).catch((caught: unknown) => caught);
    expect(twice).toMatchObject({ code: "header", line: 1, column: "a" });
  });

  it("refuses what is no readable file", async () => {
    expect(await codeOf(readTable("/nowhere/at/all.csv", all))).toBe("file");
    expect(await codeOf(readTable(tmpdir(), all))).toBe("file");
    const whole = gzipSync(`a,b\n${"1,2\n".repeat(5000)}`);
    expect(await codeOf(readTable(await file("cut.gz", whole.subarray(0, 60)), all))).toBe("file");
    const damaged = Uint8Array.from(whole);
    damaged.fill(0xff, 20, 40);
    expect(await codeOf(readTable(await file("bad.gz", damaged), all))).toBe("file");
  });

  it("refuses a line without end before it fills the memory", async () => {
    expect(await codeOf(readTable(await file("t.csv", `a,b\n${"9".repeat(3_000_000)}`), all))).toBe("syntax");
  });

  it("reads more rows than one stretch of memory holds", async () => {
    const text = `a,b\n${Array.from({ length: 5000 }, (_, r) => `${r},${-r}`).join("\n")}\n`;
    const table = await readTable(await file("t.csv", text), all);
    expect(table.rows).toBe(5000);
    expect(table.columns.get("b")?.[4999]).toBe(-4999);
  });
});
