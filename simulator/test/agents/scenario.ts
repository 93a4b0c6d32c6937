import { shareAgents } from "../../src/agents/learn.ts";
import { createReadings } from "../../src/agents/readings.ts";
import { createWeather, defineScenario, layOutFleet, planFrames, type ScenarioInput } from "../../src/index.ts";

/** A small fleet that measures temperature and humidity and learns a weighted sum of them. */
export const airQuality: ScenarioInput = {
  durationHours: 12,
  seed: "3",
  fleet: { devices: 40, agents: 12 },
  schema: [
    { name: "t", unit: "C", range: [-20, 50] },
    { name: "h", unit: "%", range: [0, 100] },
    { name: "p", unit: "", range: [0, 200], role: "target" },
  ],
  sensors: {
    intervalSeconds: 300,
    source: {
      kind: "generated",
      channels: {
        t: { kind: "diurnal", mean: 15, amplitude: 8, noise: 0.5, spread: 2 },
        h: { kind: "field", mean: 60, deviation: 12, metres: 1500, seconds: 14_400, noise: 2 },
        p: { kind: "linear", weights: { t: 0.8, h: 0.5 }, offset: 5, noise: 4 },
      },
    },
  },
  batch: { rows: 12 },
  link: "ethernet",
  training: { target: "p", points: 3 },
};

/** What agents need, made from a scenario. */
export async function prepare(input: ScenarioInput) {
  const scenario = defineScenario(input);
  const weather = createWeather(scenario);
  const agents = layOutFleet(scenario).agentsOf(0);
  const readings = await createReadings(scenario, weather);
  const plan = planFrames(scenario);
  return { scenario, weather, agents, readings, plan, planOf: () => plan, group: 0, ...shareAgents(agents, 0.25) };
}
