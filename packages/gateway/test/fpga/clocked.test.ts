import { type AcceleratorConfig, type PipelineState, platformNamed } from "@zipml/gateway/fpga";
import { describe, expect, it } from "vitest";
import { loaded, tinyPlatform } from "./support.ts";

/** Lines as fast as the lanes take them. */
const quick = tinyPlatform({ bandwidth: 90e9, latency: 10 });

const one: AcceleratorConfig = {
  platform: quick,
  layout: { kind: "pairs", bits: 8 },
  rows: 4,
  features: 20,
  batch: 1,
  stepShift: 4,
};

/** States after every cycle. */
function states(config: AcceleratorConfig): PipelineState[] {
  const run = loaded(config, "clocked").startClocked(0);
  const out: PipelineState[] = [];
  while (!run.step()) out.push(run.state());
  return out;
}

describe("the clocked mode", () => {
  it("carries a line through lanes, tree, residual and gradient to the model in 12 cycles and the tree's levels", () => {
    const seen = states({ ...one, faithful: true, rows: 1 });
    const enters = seen.findIndex((state) => state.issued === 1);
    // Asked for in cycle 0, there after the latency and a part of a cycle for the line itself.
    expect(enters).toBe(11);
    const at = (cycles: number): PipelineState => seen[enters + cycles] as PipelineState;
    expect(at(0).dotStages[0]).toEqual({ group: 0, line: 0 });
    // Products after one cycle, the tree's input register after two, five levels for 32 lanes.
    expect(at(2).tree[0]).toHaveLength(32);
    expect(at(7).tree[5]).toHaveLength(1);
    expect(at(7).tree[0]).toHaveLength(0);
    expect(at(11).residual[0]).toBe(0);
    expect(at(12).residual[0]).not.toBe(0);
    expect(at(12).rowFifo).toBe(1);
    expect(at(13).rowFifo).toBe(0);
    expect(at(16).model.every((word) => word === 0)).toBe(true);
    expect(at(17).model.some((word) => word !== 0)).toBe(true);
    const last = seen[seen.length - 1];
    expect(last?.stall).toBe("writeBack");
  });

  it("waits for the model's update between mini-batches where the original does not", () => {
    const corrected = loaded(one, "clocked").startClocked(0).run();
    const faithful = loaded({ ...one, faithful: true }, "clocked")
      .startClocked(0)
      .run();
    // Entered in cycle 0, a line's gradient is written in 17; the update starts in 18 and is written in 21.
    expect(corrected.stalls).toMatchObject({ memory: 11, hazard: 3 * 21, rate: 0, fifo: 0, drain: 21 });
    expect(corrected.cycles).toBe(11 + 4 + 3 * 21 + 21 + corrected.stalls.writeBack);
    expect(faithful.stalls).toMatchObject({ memory: 11, hazard: 0, drain: 17 });
  });

  it("loses cycles to memory, to lines of more features than lanes, and to a full FIFO, and says so", () => {
    const slow = loaded({ ...one, rows: 100, platform: platformNamed("harp-v1"), faithful: true }, "clocked");
    const counters = slow.startClocked(0).run();
    // The lanes could take 12.8 GB/s, memory gives 6.5: 128/65 cycles a line, after a latency of 100. 99 lines enter before.
    expect(counters.stalls.memory).toBe(100 + Math.ceil((100 * 128) / 65) - 99);
    const narrow = { ...one, rows: 10, features: 200, layout: { kind: "pairs", bits: 1 } as const, batch: 16 };
    expect(loaded(narrow, "clocked").startClocked(0).run().stalls.rate).toBe(10);
    const short = { ...one, rows: 60, faithful: true, platform: { ...quick, rowFifo: 4 } };
    expect(loaded(short, "clocked").startClocked(0).run().stalls.fifo).toBeGreaterThan(0);
  });

  it("has no more lines under way than the reorder buffer and the FIFO hold", () => {
    const platform = tinyPlatform({ bandwidth: 90e9, latency: 30, reorderDepth: 8, burst: 4, rowFifo: 9 });
    for (const { requested, issued, rowFifo } of states({ ...one, rows: 50, platform, faithful: true })) {
      expect(requested - issued).toBeLessThanOrEqual(8);
      expect(rowFifo).toBeLessThanOrEqual(9);
    }
  });

  it("runs one epoch at a time, on the copy that the epoch names", () => {
    const accelerator = loaded({ ...one, copies: 3, rows: 9 }, "copies");
    const run = accelerator.startFast(0);
    expect(run.advance(4)).toBe(false);
    expect(run.rows).toBe(4);
    for (const call of [
      () => accelerator.startClocked(1),
      () => accelerator.readModel(),
      () => accelerator.writeModel(new Int32Array(20)),
      () => accelerator.setStepShift(3),
      () => accelerator.load(new Uint32Array(3 * 9 * 16)),
      () => run.counters(),
    ])
      expect(call).toThrow(expect.objectContaining({ code: "state" }));
    expect(run.advance(100)).toBe(true);
    const models = [0, 1, 3].map((epoch) => {
      accelerator.writeModel(new Int32Array(20));
      accelerator.runEpoch(epoch);
      return accelerator.readModel();
    });
    expect(models[0]).toEqual(models[2]);
    expect(models[0]).not.toEqual(models[1]);
  });
});
