import { expect, test } from "vitest";
import { defineScenario } from "../../src/scenario/check-scenario.ts";
import { layOutFleet } from "../../src/scenario/fleet.ts";
import type { Scenario, ScenarioInput } from "../../src/scenario/scenario.ts";
import { createWeather, eventWords, startSpread } from "../../src/scenario/weather.ts";

function scenario(change: Partial<ScenarioInput> = {}): Scenario {
  return defineScenario({
    durationHours: 24,
    fleet: { devices: 1000, placement: { kind: "disc", metres: 500 } },
    schema: [{ name: "t", range: [0, 1] }],
    sensors: { intervalSeconds: 60, source: { kind: "generated", channels: { t: { kind: "walk", step: 0.1 } } } },
    batch: { rows: 10, jitterSeconds: 5 },
    link: "lorawan",
    ...change,
  });
}

test.each([
  [10, 3, 4],
  [1000, 7, 13],
  [5, 5, 1],
])("%i devices in %i groups and %i cells: runs of neighbours, as even as can be", (devices, groups, count) => {
  const layout = layOutFleet({
    fleet: { ...scenario().fleet, devices, groups, agents: 2 },
    gateways: { ...scenario().gateways, count },
  });
  const sizes = new Array<number>(groups).fill(0);
  for (let device = 0; device < devices; device++) {
    const group = layout.groupOf(device);
    sizes[group] = (sizes[group] ?? 0) + 1;
    expect(layout.firstOfGroup(group)).toBeLessThanOrEqual(device);
    expect(layout.firstOfGroup(group + 1)).toBeGreaterThan(device);
    const cell = layout.cellOf(device);
    expect(layout.firstOfCell(cell)).toBeLessThanOrEqual(device);
    expect(layout.firstOfCell(cell + 1)).toBeGreaterThan(device);
  }
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  for (let group = 0; group < groups; group++) {
    const agents = layout.agentsOf(group);
    expect(new Set(agents).size).toBe(Math.min(2, sizes[group] ?? 0));
    for (const agent of agents) expect(layout.groupOf(agent)).toBe(group);
  }
});

test("bits and link change nothing of the weather; the seed changes all", () => {
  const base = createWeather(scenario());
  const other = createWeather(scenario({ grid: { bits: 8 }, link: "nbiot" }));
  const seeded = createWeather(scenario({ seed: "2" }));
  let same = 0;
  for (let device = 0; device < 100; device++) {
    expect(other.startOf(device)).toBe(base.startOf(device));
    expect(other.jitterOf(device, 7)).toBe(base.jitterOf(device, 7));
    expect(other.positionOf(device)).toEqual(base.positionOf(device));
    if (seeded.startOf(device) === base.startOf(device)) same += 1;
  }
  expect(same).toBe(0);
});

test("starts are spread over the time from frame to frame, positions evenly over the disc", () => {
  const weather = createWeather(scenario());
  const spread = startSpread(scenario());
  expect(spread).toBe(600e6);
  const devices = 10_000;
  let starts = 0;
  let within = 0;
  for (let device = 0; device < devices; device++) {
    const start = weather.startOf(device);
    expect(Number.isInteger(start) && start >= 0 && start < spread).toBe(true);
    starts += start / spread;
    if (weather.metresOf(device) < 250) within += 1; // a quarter of the area
    expect(weather.positionOf(device).metres).toBe(weather.metresOf(device));
  }
  // Five standard errors: of a mean of uniforms, 1/sqrt(12 n), and of a share, sqrt(p(1 - p)/n).
  expect(Math.abs(starts / devices - 0.5)).toBeLessThan(5 / Math.sqrt(12 * devices));
  expect(Math.abs(within / devices - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / devices));
});

test("event words are uniform, and neighbours in device and place do not hang together", () => {
  const words = eventWords("1", "channel");
  const count = 200_000;
  const bins = new Float64Array(64);
  let byPlace = 0;
  let byDevice = 0;
  for (let i = 0; i < count; i++) {
    const device = i % 500;
    const place = Math.floor(i / 500);
    const here = words.word(device, place) / 2 ** 32;
    const bin = Math.floor(here * 64);
    bins[bin] = (bins[bin] ?? 0) + 1;
    byPlace += (here - 0.5) * (words.word(device, place + 1) / 2 ** 32 - 0.5);
    byDevice += (here - 0.5) * (words.word(device + 1, place) / 2 ** 32 - 0.5);
  }
  const chi = bins.reduce((sum, bin) => sum + (bin - count / 64) ** 2 / (count / 64), 0);
  expect(chi).toBeLessThan(63 + 5 * Math.sqrt(2 * 63)); // mean and five deviations of chi squared with 63 degrees
  expect(words.wordBy(words.keyOf(7), 3)).toBe(words.word(7, 3));
  // A product of two independent uniforms around 0 has deviation 1/12.
  expect(Math.abs(byPlace / count)).toBeLessThan(5 / 12 / Math.sqrt(count));
  expect(Math.abs(byDevice / count)).toBeLessThan(5 / 12 / Math.sqrt(count));
});

test("shadowing is standard normal: mean, variance and tails", () => {
  const weather = createWeather(scenario());
  const devices = 20_000;
  let sum = 0;
  let squares = 0;
  let beyond = 0;
  for (let device = 0; device < devices; device++) {
    const draw = weather.shadowOf(device);
    sum += draw;
    squares += draw * draw;
    if (Math.abs(draw) > 1.959964) beyond += 1;
  }
  expect(Math.abs(sum / devices)).toBeLessThan(5 / Math.sqrt(devices));
  expect(Math.abs(squares / devices - 1)).toBeLessThan(5 * Math.sqrt(2 / devices));
  expect(Math.abs(beyond / devices - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / devices));
});
