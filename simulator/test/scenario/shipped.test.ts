import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { analyse, readScenario } from "../../src/index.ts";

const folder = join(import.meta.dirname, "..", "..", "scenarios");
const names = readdirSync(folder).sort();
const page = readFileSync(join(folder, "..", "..", "docs", "simulator.md"), "utf8");

describe("shipped scenarios", () => {
  it("are the three that the page explains", () => {
    expect(names).toEqual(["air-quality.yaml", "cold-chain.yaml", "predictive-maintenance.yaml"]);
    for (const name of names) expect(page).toContain(`simulator/scenarios/${name}`);
  });

  for (const name of names)
    it(`${name} can be simulated, and most of its frames come through`, async () => {
      const { deliveryShare, batteryYears } = analyse(await readScenario(join(folder, name)));
      expect(deliveryShare).toBeGreaterThan(0.9);
      expect(batteryYears?.mean).toBeGreaterThan(1);
    });
});
