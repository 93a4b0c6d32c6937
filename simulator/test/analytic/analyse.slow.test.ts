import { expect, test } from "vitest";
import { createAnalysis } from "../../src/analytic/analyse.ts";
import { gridPoints, parseAxis, scenarioAt } from "../../src/results/grid-axes.ts";
import { exampleScenario } from "../../src/scenario/example.ts";
import { scenarioFromYaml } from "../../src/scenario/read-scenario.ts";

test("a thousand points in closed form take less than two seconds", () => {
  const scenario = scenarioFromYaml(exampleScenario(), "example.yaml");
  const axes = [
    "bits=2,3,4,5,6,7,8,9,10,12",
    "batch=1,2,4,8,16,32,64,128,192,256",
    "link=lorawan,nbiot,ltem,ble,ieee802154",
    "interval=60,300",
  ];
  const scenarios = gridPoints(axes.map(parseAxis)).map((point) => scenarioAt(scenario, point));
  expect(scenarios.length).toBe(1000);
  for (const one of scenarios.slice(0, 100)) createAnalysis()(one); // the compiler's share
  const times = [1, 2, 3].map(() => {
    const analyse = createAnalysis();
    const start = performance.now();
    for (const one of scenarios) expect(analyse(one).frames.sent).toBeGreaterThanOrEqual(0);
    return (performance.now() - start) / 1000;
  });
  expect(Math.min(...times)).toBeLessThan(2); // other tests run beside this one
});
