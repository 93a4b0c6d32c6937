import { describe, expect, it } from "vitest";
import { type Arrival, learn } from "../../src/agents/learn.ts";
import { type AgentRun, runAgents } from "../../src/agents/run-agents.ts";
import type { ScenarioInput } from "../../src/index.ts";
import { airQuality, prepare } from "./scenario.ts";

async function runOf(input: ScenarioInput) {
  const prepared = await prepare(input);
  return { ...prepared, run: await runAgents({ ...prepared, agents: prepared.training }) };
}

const allArrive = ({ frames }: AgentRun): Arrival[] => frames.map((frame) => ({ frame, atUs: frame.sealedUs }));

describe("agents", () => {
  const variants: readonly (readonly [string, Partial<ScenarioInput>])[] = [
    ["rows", {}],
    ["seconds, which come first", { batch: { rows: 256, seconds: 1000 } }],
    ["bytes, which come first", { batch: { rows: 256, bytes: 20 } }],
    ["one row, all at once", { batch: { rows: 1 }, sensors: { ...airQuality.sensors, start: "together" } }],
  ];
  for (const [what, change] of variants)
    it(`seal the frames that the plan of events has, bound by ${what}`, async () => {
      const { run, plan, weather, training } = await runOf({ ...airQuality, durationHours: 4, ...change });
      for (const device of training) {
        const start = weather.startOf(device);
        const own = run.frames.filter((frame) => frame.device === device);
        const planned = Array.from({ length: plan.framesFrom(start) }, (_, sequence) => [
          sequence,
          plan.rows,
          plan.bytesOf(sequence),
          start + sequence * plan.period + plan.sealing,
        ]);
        expect(own.map(({ sequence, rows, bytes, sealedUs }) => [sequence, rows, bytes.length, sealedUs])).toEqual(
          planned,
        );
      }
      const count = (kind: string) => run.messages.filter((message) => message.kind === kind).length;
      expect(count("birth")).toBe(training.length);
      expect(count("health")).toBe(training.length); // once connected
      expect(count("data")).toBe(run.frames.length);
    });

  it("teach what full precision teaches where all arrives, to the bit each time, whatever the order", async () => {
    const prepared = await runOf(airQuality);
    const { run, training, testers } = prepared;
    const arrivals = allArrive(run);
    const learnt = await learn({ ...prepared, agents: training, testers, arrivals });
    const sealedBy = (hours: number) => run.frames.filter(({ sealedUs }) => sealedUs < hours * 3_600_000_000).length;
    expect(learnt.points.map(({ frames }) => frames)).toEqual([4, 8, 12].map(sealedBy));
    expect(learnt.full.r2).toBeGreaterThan(0.6);
    expect(Math.abs(learnt.excess ?? 1)).toBeLessThan(0.02);
    const again = await learn({ ...prepared, agents: training, testers, arrivals: [...arrivals].reverse() });
    expect(again).toEqual(learnt);
  });

  it("teach less from fewer frames, and nothing from none", async () => {
    const prepared = await runOf({ ...airQuality, batch: { rows: 2 } });
    const { run, training, testers } = prepared;
    const few = (frames: number) =>
      allArrive(run).filter(({ frame: { device, sequence } }) => device === training[0] && sequence < frames);
    const learnt = await learn({ ...prepared, agents: training, testers, arrivals: few(20) });
    expect(learnt.points.map(({ rows }) => rows)).toEqual([40, 40, 40]);
    expect(learnt.excess).toBeGreaterThan(0.03);
    const least = await learn({ ...prepared, agents: training, testers, arrivals: few(1) });
    expect([least.model, least.warnings.length]).toEqual([undefined, 1]);
    const nothing = await learn({ ...prepared, agents: training, testers, arrivals: [] });
    expect(nothing.model).toBeUndefined();
    expect(nothing.excess).toBeNull();
  });

  it("look back where the scenario has lags", async () => {
    const lagged = { ...airQuality, training: { target: "p", lags: 2, points: 1, solver: "closed-form" as const } };
    const prepared = await runOf(lagged);
    const { run, training, testers } = prepared;
    const learnt = await learn({ ...prepared, agents: training, testers, arrivals: allArrive(run) });
    expect(learnt.model?.features.map(({ name }) => name)).toEqual(["t", "t@-1", "t@-2", "h", "h@-1", "h@-2"]);
    expect(Math.abs(learnt.excess ?? 1)).toBeLessThan(0.05);
  });

  it("teach an emulated card, too: pairs with double, codes else, and the same to the bit each time", async () => {
    for (const [estimator, scheme] of [
      ["double", "count"],
      ["symmetric", "count"],
    ] as const) {
      const grid = { bits: 5, samples: 2, scheme };
      const training = { target: "p", engine: "fpga", estimator, points: 1 } as const;
      const prepared = await runOf({ ...airQuality, grid, training });
      const options = { ...prepared, agents: prepared.training, arrivals: allArrive(prepared.run) };
      const learnt = await learn(options);
      expect(Math.abs(learnt.excess ?? 1)).toBeLessThan(0.05);
      expect(await learn(options)).toEqual(learnt);
    }
  });

  it("have a scenario refused whose codes a card can't hold", async () => {
    const training = { target: "p", engine: "fpga", points: 1 } as const;
    const prepared = await runOf({ ...airQuality, grid: { scheme: "dither" }, durationHours: 1, training });
    const { run, testers } = prepared;
    await expect(
      learn({ ...prepared, agents: prepared.training, testers, arrivals: allArrive(run) }),
    ).rejects.toMatchObject({ code: "engine" });
  });
});
