import { Worker } from "node:worker_threads";
import { createStream } from "@zipml/codec";
import { systemClock } from "@zipml/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hogwildEngine, packedEngine } from "../../src/engines/index.ts";
import { createTeam, type Team } from "../../src/engines/team.ts";
import {
  type Engine,
  evaluate,
  type LinearModel,
  leastSquares,
  type TrainOptions,
  train,
} from "../../src/train/index.ts";
import { encodedSource, syntheticSet, valueSource } from "../train/support/data.ts";

const open: { close?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close?.();
});

function packed(threads: number): Engine {
  const engine = packedEngine({ threads });
  open.push(engine);
  return engine;
}

const set = syntheticSet(200, 700, 1);
const source = encodedSource(set, 4, 1);

async function weights(engine: Engine, options: Partial<TrainOptions> = {}): Promise<number[]> {
  const { model } = await train({ source, task: set.task, engine, epochs: 2, ...options });
  return model.features.map(({ weight }) => weight);
}

describe("threads", () => {
  it("give the model of one thread to the bit, for two and three, with everything rounded too", async () => {
    const low = { modelBits: 6, residualBits: 8, gradientBits: 6, batch: 50 };
    const [plain, rounded] = [await weights(packed(1)), await weights(packed(1), low)];
    for (const threads of [2, 3]) {
      const engine = packed(threads);
      expect(await weights(engine)).toEqual(plain);
      expect(await weights(engine, low)).toEqual(rounded);
    }
  });

  it("come to the same model where fewer take over in the middle of an epoch, and all again", async () => {
    const low = { modelBits: 6, residualBits: 8, gradientBits: 6, batch: 5, epochs: 20 };
    const called = vi.spyOn(Worker.prototype, "postMessage");
    const time = createStream("clock", 7);
    let now = 0;
    // Stretches seem to take 1 to 200 ms at random, so now one size seems fastest, then another.
    const clock = { ...systemClock(), now: () => (now += 1 + 199 * time.uniform()) };
    const engine = packedEngine({ threads: 3, clock });
    open.push(engine);
    expect(await weights(engine, low)).toEqual(await weights(packed(1), low));
    const batches = new Map<number, number>();
    for (const [{ kind, members, job }] of called.mock.calls)
      if (kind === "job") batches.set(members, (batches.get(members) ?? 0) + job.count / members);
    called.mockRestore();
    // What no message handed out was the caller's own thread's.
    const [two = 0, three = 0] = [batches.get(2), batches.get(3)];
    for (const some of [two, three, (20 * 700) / 5 - two - three]) expect(some).toBeGreaterThan(100);
  });

  it("stop when the signal fires, and the engine can be used again", async () => {
    const engine = packed(2);
    const controller = new AbortController();
    const options = { epochs: 1000, signal: controller.signal };
    const endless = weights(engine, {
      ...options,
      onEpoch: ({ epoch }) => {
        if (epoch === 1) controller.abort();
      },
    });
    await expect(endless).rejects.toMatchObject({ code: "aborted" });
    expect(await weights(engine)).toEqual(await weights(packed(1)));
  });

  it("report a divergence, and leave nothing to the next training", async () => {
    const engine = packed(2);
    await expect(weights(engine, { step: 1e6 })).rejects.toMatchObject({ code: "diverged" });
    expect(await weights(engine)).toEqual(await weights(packed(1)));
  });
});

describe("a thread that dies", () => {
  /** The threads that are started while `work` runs. */
  async function threadsOf(work: (started: readonly Worker[]) => Promise<void>): Promise<void> {
    const started: Worker[] = [];
    const note = (worker: Worker): number => started.push(worker);
    process.on("worker", note);
    try {
      await work(started);
    } finally {
      process.off("worker", note);
    }
  }

  it.each([
    ["packed", () => packedEngine({ threads: 2 }), source],
    ["hogwild", () => hogwildEngine({ threads: 2 }), valueSource(set.values, set.columns)],
  ] as const)(
    "in the middle of a job of %s is a typed error without a model, and the engine recovers",
    (_, make, from) =>
      threadsOf(async (started) => {
        const engine = make();
        open.push(engine);
        const told: number[] = [];
        const killed = train({
          ...{ source: from, task: set.task, engine, epochs: 1_000_000, batch: 10 },
          onEpoch: ({ epoch }) => {
            told.push(epoch);
            if (epoch === 2) void started[0]?.terminate();
          },
        });
        await expect(killed).rejects.toMatchObject({ code: "worker", message: /thread 0 has ended/ });
        expect(started).toHaveLength(2);
        expect(told.at(-1)).toBeLessThan(1_000_000);
        const again = await train({ source: from, task: set.task, engine, epochs: 1 });
        expect(again.model.features).toHaveLength(200);
        expect(started).toHaveLength(4);
      }),
  );
});

describe("a team", () => {
  const team = (entry = "packed-worker"): Team => {
    const made = createTeam(2, entry);
    open.push(made);
    return made;
  };

  it("fails with a typed error where a worker throws, and stays closed to jobs", async () => {
    const broken = team();
    await expect(broken.run({ kind: "layout" }, 2, undefined)).rejects.toMatchObject({ code: "worker" });
    await expect(broken.run({ kind: "layout" }, 2, undefined)).rejects.toMatchObject({ code: "worker" });
  });

  it("fails where a worker can't even start", async () => {
    await expect(team("no-such-file").run({}, 2, undefined)).rejects.toMatchObject({ code: "worker" });
  });

  it("fails a job under way when it is closed", async () => {
    const one = team();
    const job = one.run({ kind: "idle" }, 2, undefined);
    const failed = expect(job).rejects.toMatchObject({ code: "worker", message: /closed/ });
    await one.close();
    await failed;
    await one.close();
  });
});

describe("hogwild on two threads", () => {
  it("comes to the optimum's loss within 2 %, and may differ from run to run", async () => {
    const raw = valueSource(set.values, set.columns);
    const engine = hogwildEngine({ threads: 2 });
    open.push(engine);
    const { model } = await train({ source: raw, task: set.task, engine, epochs: 40 });
    const lossOf = (found: LinearModel): number => evaluate(found, set.task, set.values, set.columns).loss;
    const best = lossOf(leastSquares(set.values, set.columns, set.task));
    expect(lossOf(model) / best).toBeLessThan(1.02);
  });
});
