import { expect, it } from "vitest";
import { packedEngine } from "../../src/engines/index.ts";
import { type Engine, train } from "../../src/train/index.ts";
import { encodedSource, syntheticSet } from "../train/support/data.ts";

const set = syntheticSet(150, 300, 1);
const source = encodedSource(set, 4, 1);

async function weights(engine: Engine): Promise<number[]> {
  try {
    const { model } = await train({ source, task: set.task, engine, epochs: 1 });
    return model.features.map(({ weight }) => weight);
  } finally {
    await engine.close?.();
  }
}

it("two threads give the model of one to the bit; all else of teams is in team.slow.test.ts", async () => {
  expect(await weights(packedEngine({ threads: 2 }))).toEqual(await weights(packedEngine({ threads: 1 })));
});
