import { plot, ReportError, renderPage } from "@zipml/report";
import { describe, expect, it } from "vitest";

const svg = await plot({
  title: "Loss",
  x: { label: "epoch" },
  y: { label: "loss" },
  series: [{ kind: "line", name: "4 bits", x: [1, 2], y: [2, 1] }],
});

const evil = `<script>alert("x")</script>&'`;
const page = renderPage({
  title: evil,
  lead: `${evil}\n\nSecond.`,
  sections: [
    {
      heading: evil,
      blocks: [
        { kind: "text", text: evil },
        { kind: "figure", svg, alt: evil, caption: evil },
        { kind: "table", head: [evil, "bytes"], rows: [[evil, 3]], caption: evil },
      ],
    },
  ],
});

describe("renderPage", () => {
  it("escapes all texts", () => {
    expect(page).not.toContain("<script");
    expect(page.match(/&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;&amp;&#39;/g)).toHaveLength(10);
  });

  it("needs nothing from elsewhere", () => {
    expect(page).not.toMatch(/https?:|<link|@import|url\(/);
    const [, image = ""] = /src="data:image\/svg\+xml;base64,([^"]+)"/.exec(page) ?? [];
    expect(Buffer.from(image, "base64").toString("utf8")).toBe(svg);
  });

  it("splits paragraphs at empty lines and sets numbers at the right", () => {
    expect(page).toContain("<p>Second.</p>");
    expect(page).toContain('<td class="number">3</td>');
    expect(page).toContain('<th class="number">bytes</th>');
  });

  it("refuses a figure that is no SVG", () => {
    const figure = { kind: "figure", svg: "<b>x</b>", alt: "" } as const;
    expect(() => renderPage({ title: "", sections: [{ heading: "", blocks: [figure] }] })).toThrow(ReportError);
  });
});
