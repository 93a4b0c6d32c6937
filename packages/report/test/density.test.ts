import { densityWithLevels, plot, ReportError } from "@zipml/report";
import { describe, expect, it } from "vitest";
import { textsOf } from "./svg.ts";

const values = Float64Array.from({ length: 1000 }, (_, i) => (i % 100) / 10); // 0 to 9.9, ten of each
const levels = [
  { name: "optimal", points: [0, 2, 9.9] },
  { name: "uniform", points: [0, 5, 10] },
];

describe("densityWithLevels", () => {
  it("counts each reading in its cell, in percent, over the readings and the levels", () => {
    const figure = densityWithLevels({ column: "a", values, levels, cells: 10 });
    const [series] = figure.series;
    if (series?.kind !== "area") throw new Error("no area");
    expect(Array.from(series.x as Float64Array)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(Array.from(series.y).map((share) => Math.round(share * 1e9) / 1e9)).toEqual(Array(11).fill(10));
    expect(figure.rugs?.map(({ name, isTall }) => [name, isTall])).toEqual([
      ["optimal", true],
      ["uniform", false],
    ]);
  });

  it("draws: the unit, both rows of levels, no number that is none", async () => {
    const svg = await plot(
      densityWithLevels({ column: "temperature", unit: "°C", values, levels, subtitle: "4 bits" }),
    );
    for (const text of ["temperature (°C)", "optimal", "uniform", "4 bits", "temperature: density and levels"])
      expect(textsOf(svg)).toContain(text);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("draws a column that holds one value", async () => {
    const constant = densityWithLevels({ column: "a", values: [3, 3, 3], levels: [{ name: "exact", points: [3] }] });
    expect(await plot(constant)).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("refuses an empty column, a reading that is no number with its place, and odd cells", () => {
    const error = (run: () => unknown) => {
      try {
        run();
      } catch (reason) {
        return reason;
      }
      return undefined;
    };
    expect(error(() => densityWithLevels({ column: "a", values: [], levels: [] }))).toBeInstanceOf(ReportError);
    expect(error(() => densityWithLevels({ column: "a", values: [1, Number.NaN], levels: [] }))).toMatchObject({
      code: "series",
      index: 1,
    });
    expect(error(() => densityWithLevels({ column: "a", values, levels, cells: 3 }))).toMatchObject({ code: "size" });
  });
});
