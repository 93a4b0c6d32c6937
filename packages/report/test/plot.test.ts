import { type Figure, type NumberAxis, plot, ReportError, type Series } from "@zipml/report";
import { describe, expect, it } from "vitest";
import { elements, textsOf } from "./svg.ts";

const x: NumberAxis = { label: "epoch" };
const y: NumberAxis = { label: "loss (kWh²)" };
const line: Series = { kind: "line", name: "4 bits", x: [1, 2, 3], y: [4, 2, 1] };
const figure = (part: Partial<Figure> = {}): Figure => ({ title: "Loss", x, y, series: [line], ...part });

/** The places of the points of the path of a line mark. */
function pathPoints(svg: string): number[][] {
  const group = /class="mark-line[^>]*>\s*<path[^>]* d="([^"]+)"/.exec(svg)?.[1] ?? "";
  return [...group.matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g)].map(([, px, py]) => [Number(px), Number(py)]);
}

describe("plot", () => {
  it("draws a well-formed SVG document of the size asked for", async () => {
    for (const [width, height] of [
      [720, 420],
      [480, 300],
    ] as const) {
      const svg = await plot(figure({ width, height }));
      const [root] = elements(svg);
      expect(root?.name).toBe("svg");
      expect(Math.abs(Number(root?.attributes.get("width")) - width)).toBeLessThan(12);
      expect(Math.abs(Number(root?.attributes.get("height")) - height)).toBeLessThan(12);
    }
  });

  it("gives the same bytes for the same figure, one after the other and at once", async () => {
    const described = figure({
      x: { label: "epoch", range: [1, 2.5] },
      annotations: [{ kind: "rule", axis: "y", at: 2 }],
    });
    const first = await plot(described);
    const others = await Promise.all([plot(described), plot(figure()), plot(described)]);
    expect(others[0]).toBe(first);
    expect(others[2]).toBe(first);
    expect(others[1]).not.toBe(first);
  });

  it("puts values where a linear, a log and a square-root axis put them", async () => {
    const heights = async (scale: NumberAxis["scale"], values: readonly number[]) => {
      const series: Series = { kind: "line", name: "a", x: [0, 1, 2], y: values };
      return pathPoints(await plot(figure({ y: { label: "y", scale: scale ?? "linear" }, series: [series] }))).map(
        ([, py]) => py as number,
      );
    };
    for (const points of [
      await heights("linear", [1, 2, 3]),
      await heights("log", [0.01, 1, 100]),
      await heights("sqrt", [0, 4, 16]),
    ]) {
      expect(points).toHaveLength(3);
      const [a = 0, b = 0, c = 0] = points;
      expect(a).toBeGreaterThan(b);
      expect((a + c) / 2).toBeCloseTo(b, 0);
    }
  });

  it("names axes, series and rules, and reads its ticks", async () => {
    const svg = await plot(
      figure({
        y: { label: "variance", scale: "log" },
        series: [
          { ...line, y: [1e-7, 1e-5, 1e-3] },
          { ...line, name: "8 bits", y: [1e-8, 1e-6, 1e-4] },
        ],
        annotations: [
          { kind: "rule", axis: "x", at: 2, label: "here" },
          { kind: "text", x: 1.5, y: 1e-5, text: "there" },
        ],
      }),
    );
    const texts = textsOf(svg);
    for (const text of ["Loss", "epoch", "variance", "4 bits", "8 bits", "here", "there", "10⁻⁵"])
      expect(texts).toContain(text);
  });

  it("shows no legend for a single series", async () => {
    expect(textsOf(await plot(figure()))).not.toContain("4 bits");
  });

  it("draws points with labels, areas with a lower edge, bars side by side, and rugs", async () => {
    const categories = ["JSON", "CBOR", "ZipML"];
    const bars = await plot({
      title: "Bytes",
      x: { label: "encoding", categories },
      y: { label: "bytes" },
      series: [
        { kind: "bars", name: "payload", x: categories, y: [40, 18, 1] },
        { kind: "bars", name: "wire", x: categories, y: [48, 22, 2] },
      ],
    });
    expect(textsOf(bars)).toEqual(expect.arrayContaining(categories));
    const rects = [...bars.matchAll(/class="mark-rect[\s\S]*?<\/g>/g)].map(([group]) => group.match(/<path/g)?.length);
    expect(rects).toEqual([3, 3]);

    const others = await plot(
      figure({
        series: [
          { kind: "area", name: "spread", x: [1, 2, 3], y: [5, 3, 2], low: [3, 1, 0] },
          { kind: "points", name: "chosen", x: [2], y: [2], labels: ["4 bits, count"] },
        ],
        rugs: [{ name: "optimal", at: [1, 1.5, 3], isTall: true }],
      }),
    );
    expect(textsOf(others)).toEqual(expect.arrayContaining(["4 bits, count", "optimal", "spread"]));
    expect(others.match(/<line/g)?.length).toBeGreaterThanOrEqual(6);
  });

  it("escapes whatever is written", async () => {
    const evil = `</text><script>alert("x")</script>&'`;
    const svg = await plot(
      figure({
        title: evil,
        subtitle: evil,
        x: { label: evil },
        series: [line, { ...line, name: evil }],
        annotations: [
          { kind: "rule", axis: "y", at: 2, label: evil },
          { kind: "text", x: 1, y: 1, text: evil },
        ],
        rugs: [{ name: evil, at: [1] }],
      }),
    );
    expect(svg).not.toContain("<script");
    expect(elements(svg).some(({ name }) => name === "script")).toBe(false);
    expect(textsOf(svg)).toContain(evil);
    const [root, ...parts] = elements(svg);
    expect(root?.attributes.get("aria-label")).toContain(evil);
    expect(parts.filter(({ attributes }) => attributes.has("role") || attributes.has("aria-label"))).toEqual([]);
  });

  it.each<[string, Partial<Figure>, string, number | undefined]>([
    ["no series", { series: [] }, "series", undefined],
    ["nine series", { series: Array.from({ length: 9 }, (_, i) => ({ ...line, name: `${i}` })) }, "series", undefined],
    ["two of a name", { series: [line, line] }, "series", undefined],
    ["an empty series", { series: [{ ...line, x: [], y: [] }] }, "series", undefined],
    ["columns of other lengths", { series: [{ ...line, x: [1] }] }, "series", undefined],
    ["NaN", { series: [{ ...line, y: [1, Number.NaN, 2] }] }, "series", 1],
    ["infinity in x", { series: [{ ...line, x: [1, 2, Number.POSITIVE_INFINITY] }] }, "series", 2],
    ["0 on a log axis", { y: { label: "", scale: "log" }, series: [{ ...line, y: [1, 1, 0] }] }, "series", 2],
    ["below 0 on a sqrt axis", { y: { label: "", scale: "sqrt" }, series: [{ ...line, y: [-1, 1, 0] }] }, "series", 0],
    ["a turned range", { x: { label: "", range: [3, 1] } }, "axis", undefined],
    ["bars without categories", { series: [{ ...line, kind: "bars" }] }, "axis", undefined],
    [
      "an unknown category",
      { x: { label: "", categories: ["a"] }, series: [{ ...line, x: ["a", "b", "a"] }] },
      "axis",
      1,
    ],
    ["repeated categories", { x: { label: "", categories: ["a", "a"] } }, "axis", undefined],
    ["too small", { width: 100 }, "size", undefined],
    [
      "too many points",
      { series: [{ ...line, x: new Float64Array(50_001), y: new Float64Array(50_001) }] },
      "size",
      undefined,
    ],
  ])("refuses %s", async (_, part, code, index) => {
    const error = await plot(figure(part)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReportError);
    expect(error).toMatchObject({ code, index });
  });

  it("draws what is degenerate: one value, all equal, tiny and huge", async () => {
    for (const values of [[5], [0], [1e-300], [-3e200], [7, 7, 7], [1.7e9, 1.7e9 + 1]]) {
      const series: Series = { kind: "line", name: "a", x: values.map((_, i) => i), y: values };
      const svg = await plot(figure({ series: [series] }));
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
