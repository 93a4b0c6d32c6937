import { expect, test } from "vitest";
import { birthBytes } from "../../src/engine/control-size.ts";
import { LorawanCell } from "../../src/engine/lorawan-cell.ts";
import type { LorawanCells } from "../../src/engine/lorawan-devices.ts";
import { planLorawan } from "../../src/engine/lorawan-plan.ts";
import { LorawanSweep } from "../../src/engine/lorawan-sweep.ts";
import { outcome, outcomeCount } from "../../src/engine/outcome.ts";
import type { MeasuredSizes } from "../../src/engine/size-steps.ts";
import { createTally, sumOf } from "../../src/engine/tally.ts";
import { inOrder } from "../../src/engine/traced-frames.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { layOutFleet } from "../../src/scenario/fleet.ts";
import type { ScenarioInput } from "../../src/scenario/scenario.ts";
import { createWeather } from "../../src/scenario/weather.ts";

type LorawanInput = NonNullable<NonNullable<ScenarioInput["links"]>["lorawan"]>;

const source = { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } as const;

function input(change: Partial<ScenarioInput>, lorawan: LorawanInput = {}): ScenarioInput {
  return {
    durationHours: 2,
    fleet: { devices: 150, agents: 0, groups: 7, placement: { kind: "disc", metres: 4000 } },
    gateways: { count: 2 },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 60, source },
    batch: { rows: 2, jitterSeconds: 3 },
    link: "lorawan",
    links: { lorawan },
    ...change,
  };
}

/** All that cells come to, by the events of each device or by the sweep; every third device is followed. */
function run(kind: "events" | "sweep", scenario: ScenarioInput, measured?: readonly MeasuredSizes[]) {
  const checked = defineScenario(scenario);
  const plan = planLorawan(checked, birthBytes(checked), measured);
  const layout = layOutFleet(checked);
  const cells: LorawanCells = {
    scenario: checked,
    plan,
    layout,
    weather: createWeather(checked),
    capacity: Math.ceil(layout.devices / layout.cells),
    tally: createTally(plan.largest, layout.groups),
    traced: new Set(Array.from({ length: layout.devices }, (_, i) => i).filter((i) => i % 3 === 0)),
    trace: [],
  };
  const cell = kind === "events" ? new LorawanCell(cells) : new LorawanSweep(cells);
  for (let number = 0; number < layout.cells; number++) cell.run(number);
  if (cell instanceof LorawanSweep) cell.addUp();
  return { tally: cells.tally, trace: inOrder(cells.trace) };
}

const eachHasTwo = Array.from({ length: 3 }, (_, device) => ({ device, bytes: Uint32Array.of(20 + device, 30) }));

test.each<[string, ScenarioInput, (readonly MeasuredSizes[])?]>([
  ["with births", input({})],
  ["of sizes that agents have measured", input({}), eachHasTwo],
  ["crowded, with few demodulators", input({ gateways: { count: 1, demodulators: 2 } }, { channels: 1 })],
  ["without interference of other factors", input({}, { channels: 1, crossInterference: false, shadowingDb: 6 })],
  [
    "with losses and outages",
    input({
      loss: { kind: "gilbert-elliott", goodSeconds: 600, badSeconds: 60 },
      outages: [
        { of: "gateway", startHours: 0.3, seconds: 600, everyHours: 1, share: 0.5 },
        { of: "broker", startHours: 0.5, seconds: 300 },
      ],
    }),
  ],
  [
    "short of air time, with little room for what must wait",
    input({
      fleet: { devices: 20, agents: 0, placement: { kind: "disc", metres: 9000 } },
      sensors: { intervalSeconds: 3, source },
      batch: { rows: 1, jitterSeconds: 10 },
      delivery: { queue: 3, expireSeconds: 60 },
    }),
  ],
  [
    "faster than windows allow, without a duty cycle",
    input(
      {
        durationHours: 1,
        fleet: { devices: 20, agents: 0, placement: { kind: "ring", metres: 500 } },
        sensors: { intervalSeconds: 1, source },
        batch: { rows: 1 },
        delivery: { queue: 4 },
      },
      { dutyCycle: 1 },
    ),
  ],
  ["all at once", input({ sensors: { intervalSeconds: 60, start: "together", source }, batch: { rows: 2 } })],
  ["in cells of one device", input({ gateways: { count: 150 } })],
])("a sweep counts what events do, to the last digit: %s", (_, scenario, measured) => {
  const events = run("events", scenario, measured);
  const sweep = run("sweep", scenario, measured);
  expect(sumOf(events.tally.transmissions)).toBeGreaterThan(1000);
  expect(sweep.tally).toEqual(events.tally);
  expect(sweep.trace).toEqual(events.trace);
});

test("the scenarios above meet every outcome that uplinks without answers can have", () => {
  const { tally } = run(
    "sweep",
    input(
      {
        fleet: { devices: 600, agents: 0, placement: { kind: "disc", metres: 12_000 } },
        gateways: { count: 1, demodulators: 2 },
        sensors: { intervalSeconds: 10, source },
        batch: { rows: 1 },
        delivery: { queue: 20 },
        loss: { kind: "bernoulli", share: 0.1 },
      },
      { channels: 2 },
    ),
  );
  const seen = Array.from({ length: outcomeCount }, (_, i) => {
    let sum = 0;
    for (let at = i; at < tally.frames.length; at += outcomeCount) sum += tally.frames[at] ?? 0;
    return sum > 0;
  });
  const { gatewayBusy, expired } = outcome;
  expect(seen).toEqual(Array.from({ length: outcomeCount }, (_, i) => i !== gatewayBusy && i !== expired));
});

test("counts may be asked for between cells, and again", () => {
  const scenario = defineScenario(input({}));
  const plan = planLorawan(scenario, birthBytes(scenario));
  const layout = layOutFleet(scenario);
  const tally = createTally(plan.largest, layout.groups);
  const weather = createWeather(scenario);
  const sweep = new LorawanSweep({
    ...{ scenario, plan, layout, weather, tally },
    capacity: 75,
    traced: new Set(),
    trace: [],
  });
  for (const cell of [0, 1]) {
    sweep.run(cell);
    sweep.addUp();
    sweep.addUp();
  }
  expect(tally).toEqual(run("events", input({})).tally);
});
