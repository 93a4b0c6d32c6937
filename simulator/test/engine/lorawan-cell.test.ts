import { expect, test } from "vitest";
import { createCellRunner } from "../../src/engine/cells.ts";
import { dutyWindow } from "../../src/engine/duty-ledger.ts";
import { outcome, outcomeCount, outcomeNames } from "../../src/engine/outcome.ts";
import { sumOf, type Tally } from "../../src/engine/tally.ts";
import { loraAirtimeUs } from "../../src/links/lorawan/airtime.ts";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import type { ScenarioInput } from "../../src/scenario/scenario.ts";

type LorawanInput = NonNullable<NonNullable<ScenarioInput["links"]>["lorawan"]>;

/** Devices at one place on one channel, one row a frame, known to the gateway beforehand. */
function input(change: Partial<ScenarioInput>, lorawan: LorawanInput = {}): ScenarioInput {
  return {
    durationHours: 6,
    fleet: { devices: 1000, agents: 0, placement: { kind: "ring", metres: 500 } },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    batch: { rows: 1 },
    delivery: { birth: false },
    gateways: { count: 1, demodulators: 64 },
    link: "lorawan",
    links: { lorawan: { spreadingFactor: 7, channels: 1, ...lorawan } },
    ...change,
  };
}

function run(scenario: ScenarioInput, traced: readonly number[] = []) {
  const runner = createCellRunner({ scenario: defineScenario(scenario), traced });
  for (let cell = 0; cell < runner.cells; cell++) runner.run(cell);
  return runner;
}

/** Frames or transmissions by outcome, all classes together. */
function counts(table: Float64Array): Record<string, number> {
  return Object.fromEntries(
    outcomeNames.map((name, i) => {
      let sum = 0;
      for (let at = i; at < table.length; at += outcomeCount) sum += table[at] ?? 0;
      return [name, sum];
    }),
  );
}

/** Load G of the only channel. */
const loadOf = ({ airtime }: Tally, hours: number): number => sumOf(airtime) / (hours * 3600e6);

test.each([0.05, 0.1, 0.2, 0.5, 1])("pure ALOHA at load %f: exp(-2G)", (load) => {
  const interval = 600;
  const airtime = loraAirtimeUs({ spreadingFactor: 7, phyBytes: 13 + 16 }) / 1e6;
  const devices = Math.round((load * interval) / airtime);
  // No capture, and delays of a whole interval, so that frames come at random.
  const { tally } = run(
    input(
      {
        durationHours: 2,
        fleet: { devices, agents: 0, placement: { kind: "ring", metres: 500 } },
        sensors: {
          intervalSeconds: interval,
          source: { kind: "generated", channels: { t: { kind: "walk", step: 0 } } },
        },
        batch: { rows: 1, jitterSeconds: interval },
      },
      { captureDb: 100, dutyCycle: 1 },
    ),
  );
  const frames = counts(tally.frames);
  const sent = sumOf(tally.frames);
  const share = (frames["received"] ?? 0) / sent;
  const theory = Math.exp(-2 * loadOf(tally, 2));
  // Five standard errors; collisions come in twos, so half as many are independent.
  expect(Math.abs(share - theory)).toBeLessThan(5 * Math.sqrt((theory * (1 - theory)) / (sent / 2)) + 0.002);
  expect((frames["received"] ?? 0) + (frames["collided"] ?? 0)).toBe(sent);
});

test.each<[string, Partial<ScenarioInput>, LorawanInput]>([
  ["plain", {}, {}],
  ["repeated", {}, { transmissions: 3 }],
  ["confirmed", { durationHours: 0.3 }, { confirmed: true, transmissions: 4 }],
  [
    "far away",
    { fleet: { devices: 200, agents: 0, placement: { kind: "disc", metres: 20_000 } } },
    { spreadingFactor: "auto" },
  ],
  ["with births", { durationHours: 0.3, delivery: { birth: true } }, { confirmed: true, transmissions: 4 }],
  [
    "short of air time",
    {
      fleet: { devices: 8, agents: 0, placement: { kind: "ring", metres: 500 } },
      sensors: { intervalSeconds: 2, source: { kind: "generated", channels: { t: { kind: "walk", step: 0 } } } },
    },
    {},
  ],
  ["short of demodulators", { gateways: { count: 1, demodulators: 1 } }, { channels: 8 }],
  [
    "with outages and losses",
    {
      outages: [{ of: "gateway", startHours: 0.3, seconds: 600 }],
      loss: { kind: "gilbert-elliott", goodSeconds: 600, badSeconds: 60 },
    },
    {},
  ],
])("every frame that was due has one outcome, every transmission too: %s", (_, change, lorawan) => {
  const scenario = input(
    {
      durationHours: 3,
      fleet: { devices: 200, agents: 0, groups: 7, placement: { kind: "ring", metres: 500 } },
      ...change,
    },
    lorawan,
  );
  const { devices } = scenario.fleet;
  const { tally, trace } = run(
    scenario,
    Array.from({ length: devices }, (__, i) => i),
  );
  const due = tally.groups.filter((_count, i) => i % 2 === 0).reduce((sum, count) => sum + count, 0);
  const received = tally.groups.filter((_count, i) => i % 2 === 1).reduce((sum, count) => sum + count, 0);
  expect(sumOf(tally.frames)).toBe(due);
  expect(counts(tally.frames)["received"]).toBe(received);
  expect(sumOf(tally.transmissions)).toBe(sumOf(tally.sentBySize) + sumOf(tally.controlBySize));
  expect(sumOf(tally.receivedBySize)).toBe(received);
  expect(sumOf(tally.latencies)).toBe(received);
  expect(sumOf(tally.devices)).toBe(devices);
  expect(trace.length).toBe(due);
  expect(new Set(trace.map(({ device, sequence }) => `${device}/${sequence}`)).size).toBe(due);
  expect(trace.filter(({ outcome: what }) => what === outcome.received).length).toBe(received);
});

test("what each cause is for is what it counts", () => {
  const far = counts(
    run(input({ durationHours: 1, fleet: { devices: 50, agents: 0, placement: { kind: "ring", metres: 30_000 } } }))
      .tally.frames,
  );
  expect(far["under-sensitivity"]).toBeGreaterThan(0);
  expect(far["received"]).toBe(0);
  const one = counts(
    run(input({ durationHours: 1, gateways: { count: 1, demodulators: 1 } }, { channels: 8 })).tally.frames,
  );
  expect(one["no-demodulator"]).toBeGreaterThan(100);
  const busy = counts(run(input({ durationHours: 0.2 }, { confirmed: true, channels: 8 })).tally.frames);
  expect(busy["gateway-busy"]).toBeGreaterThan(10);
  const lost = counts(run(input({ durationHours: 1, loss: { kind: "bernoulli", share: 1 } })).tally.frames);
  expect(lost["received"]).toBe(0);
  expect(lost["lost"]).toBeGreaterThan(0);
});

test.each<[string, LorawanInput, number]>([
  ["SF7", {}, 2],
  ["SF12", { spreadingFactor: 12 }, 30],
  ["SF9, three times each", { spreadingFactor: 9, transmissions: 3 }, 10],
])("no device is on air for more than 36 s of any hour: %s", (_, lorawan, intervalSeconds) => {
  const scenario = input(
    {
      durationHours: 3,
      fleet: { devices: 4, agents: 0, placement: { kind: "ring", metres: 500 } },
      sensors: { intervalSeconds, source: { kind: "generated", channels: { t: { kind: "walk", step: 0 } } } },
      delivery: { birth: true, queue: 65_535 },
    },
    lorawan,
  );
  const { tally, trace } = run(
    scenario,
    Array.from({ length: 4 }, (__, i) => i),
  );
  const frames = counts(tally.frames);
  expect(frames["duty-blocked"]).toBeGreaterThan(0);
  const factor = typeof lorawan.spreadingFactor === "number" ? lorawan.spreadingFactor : 7;
  for (let device = 0; device < 4; device++) {
    const ends = trace.filter((frame) => frame.device === device && frame.attempts > 0).map(({ arrival }) => arrival);
    // The least that a frame takes; of repeated ones only the last is told.
    const airtime = loraAirtimeUs({ spreadingFactor: factor, phyBytes: 13 + 12 });
    const most = Math.floor(36e6 / airtime);
    // No hour that ends with a transmission holds one more than fit.
    for (let i = most; i < ends.length; i++)
      if ((ends[i] ?? 0) - (ends[i - most] ?? 0) + airtime <= dutyWindow) expect([device, i]).toBe("within 36 s");
  }
  // All that the budget allows is used, and a little is lost to frames that do not fit at the end.
  const most = Math.max(...tally.mostAirtime);
  expect(most).toBeLessThanOrEqual(3 * 36e6);
  expect(most).toBeGreaterThan(0.9 * 3 * 36e6);
});

test("a stronger device survives a weaker one, where there is capture", () => {
  const scenario = (captureDb: number): ScenarioInput =>
    input(
      { durationHours: 1, fleet: { devices: 1500, agents: 0, placement: { kind: "disc", metres: 500 } } },
      { captureDb },
    );
  const without = counts(run(scenario(100)).tally.frames);
  const with6 = counts(run(scenario(6)).tally.frames);
  expect(with6["received"]).toBeGreaterThan(1.1 * (without["received"] ?? 0));
});

test("confirmed uplinks come through where plain ones are lost, and cost more", () => {
  const loss = { kind: "bernoulli", share: 0.3 } as const;
  const fleet = { devices: 50, agents: 0, placement: { kind: "ring", metres: 500 } } as const;
  const hourly = {
    intervalSeconds: 600,
    source: { kind: "generated", channels: { t: { kind: "walk", step: 0 } } },
  } as const;
  const change = { loss, fleet, sensors: hourly };
  const plain = run(input(change, { channels: 8 })).tally;
  const confirmed = run(input(change, { channels: 8, confirmed: true, transmissions: 8 })).tally;
  const share = ({ frames }: Tally): number => (counts(frames)["received"] ?? 0) / sumOf(frames);
  expect(share(plain)).toBeLessThan(0.75);
  expect(share(confirmed)).toBeGreaterThan(0.99);
  expect(sumOf(confirmed.acknowledgements)).toBeGreaterThan(0);
  expect(sumOf(confirmed.duplicates)).toBeGreaterThan(0); // where the acknowledgement was lost
  expect(sumOf(confirmed.airtime)).toBeGreaterThan(1.3 * sumOf(plain.airtime));
});

test("222 bytes at SF12, and a row that no frame holds, are refused with the limit named", () => {
  const wide = { rows: 1000, oversize: "refuse" } as const;
  expect(() => run(input({ batch: wide }, { spreadingFactor: 12 }))).toThrow(
    expect.objectContaining({
      code: "limit",
      key: "batch.rows",
      limit: 51,
      message: expect.stringContaining(
        "LoRaWAN at SF12 carries 51 (PHY payload 64, and no modem more than 255)",
      ) as unknown,
    }),
  );
  const channels = Array.from({ length: 200 }, (_, i) => `c${i}`);
  expect(() =>
    run(
      input(
        {
          schema: channels.map((name) => ({ name, range: [0, 1] })),
          grid: { bits: 16 },
          sensors: {
            intervalSeconds: 60,
            source: {
              kind: "generated",
              channels: Object.fromEntries(channels.map((name) => [name, { kind: "walk", step: 0 }])),
            },
          },
        },
        { spreadingFactor: 7 },
      ),
    ),
  ).toThrow(expect.objectContaining({ code: "limit", limit: 222 }));
});
