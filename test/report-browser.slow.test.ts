import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { defineScenario, type FleetResult, fleetPage, simulateFleet } from "@zipml/simulator";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { airQuality } from "../simulator/test/agents/scenario.ts";

/** Where a system has it; `.ci/run` installs Debian's. */
const executablePath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "chromium"))
  .find((path) => existsSync(path));

/** Relative luminance of `rgb(r, g, b)` (WCAG 2, 1.4.3). */
function luminance(color: string): number {
  const parts = (color.match(/\d+(\.\d+)?/g) ?? []).slice(0, 3).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [r = 0, g = 0, b = 0] = parts;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** What a page looks like, found by {@link look}. */
interface Seen {
  readonly background: string;
  readonly images: readonly { readonly isDrawn: boolean; readonly width: number }[];
  readonly cells: readonly { readonly size: number; readonly color: string }[];
  readonly scrollWidth: number;
}

/** Runs in the browser, of whose names this program knows nothing. */
const look = `({
  background: getComputedStyle(document.body).backgroundColor,
  images: [...document.images].map((image) => ({
    isDrawn: image.complete && image.naturalWidth > 200,
    width: image.getBoundingClientRect().width,
  })),
  cells: [...document.querySelectorAll("td, th, p, h1, h2, caption, figcaption")].map((cell) => ({
    size: Number.parseFloat(getComputedStyle(cell).fontSize),
    color: getComputedStyle(cell).color,
  })),
  scrollWidth: document.documentElement.scrollWidth,
})`;

describe.skipIf(executablePath === undefined)("a report in a browser (chromium on the path)", () => {
  let browser: Browser;
  let html = "";

  beforeAll(async () => {
    const results: FleetResult[] = [];
    for (const bits of [2, 6])
      results.push(
        await simulateFleet(
          defineScenario({ ...airQuality, fleet: { devices: 30, agents: 8 }, link: "lorawan", grid: { bits } }),
        ),
      );
    html = await fleetPage(results);
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    browser = await chromium.launch({ executablePath: executablePath ?? "", args });
  }, 180_000);
  afterAll(() => browser?.close());

  for (const width of [400, 1600])
    for (const colorScheme of ["light", "dark"] as const)
      it(`is whole and readable ${width} pixels wide, ${colorScheme}`, async () => {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
        const page = await context.newPage();
        const faults: string[] = [];
        page.on("pageerror", (error) => faults.push(error.message));
        page.on("console", (message) => {
          if (message.type() === "error") faults.push(message.text());
        });
        page.on("request", (request) => {
          if (!/^(about|data):/.test(request.url())) faults.push(`asks for ${request.url()}`);
        });
        await page.setContent(html, { waitUntil: "load" });
        const seen = await page.evaluate<Seen>(look);
        await context.close();
        expect(faults).toEqual([]);
        expect(seen.images.length).toBeGreaterThanOrEqual(9);
        for (const image of seen.images) {
          expect(image.isDrawn).toBe(true);
          expect(image.width).toBeGreaterThan(width === 400 ? 300 : 600);
          expect(image.width).toBeLessThanOrEqual(width);
        }
        expect(seen.scrollWidth).toBeLessThanOrEqual(width); // nothing is scrolled to but wide tables, within themselves
        const sizes = seen.cells.map(({ size }) => size);
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
        const contrasts = seen.cells.map(({ color }) => contrast(color, seen.background));
        expect(Math.min(...contrasts)).toBeGreaterThan(4.5);
        expect(luminance(seen.background) < 0.2).toBe(colorScheme === "dark");
      });
});
