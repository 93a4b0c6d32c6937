import { availableParallelism } from "node:os";
import { float32Engine, hogwildEngine, packedEngine } from "@zipml/gateway/engines";
import type { Engine, EpochContext } from "@zipml/gateway/train";
import { descend } from "../descent.ts";
import type { Contestant, Race, TimedCurve } from "./contestant.ts";

/** An engine whose epochs are timed; before the first it reads its rows in, with a step that moves nothing. */
class TimedEngine implements Engine {
  readonly name: string;
  readonly seconds: number[] = [];
  readonly #inner: Engine;
  #isReady = false;

  constructor(inner: Engine) {
    this.name = inner.name;
    this.#inner = inner;
  }

  supports(estimator: EpochContext["estimator"]): boolean {
    return this.#inner.supports(estimator);
  }

  async epoch(context: EpochContext): Promise<void> {
    if (!this.#isReady) {
      const weights = Float64Array.from(context.weights);
      await this.#inner.epoch({ ...context, weights, step: Number.MIN_VALUE, trail: undefined });
      this.#isReady = true;
    }
    const start = performance.now();
    await this.#inner.epoch(context);
    this.seconds.push((performance.now() - start) / 1000);
  }

  async close(): Promise<void> {
    await this.#inner.close?.();
  }
}

interface Entry {
  readonly name: string;
  /** Width of the codes; 0 for raw rows. */
  readonly bits: number;
  make(): Engine;
}

/** Bytes of memory that an engine may take. */
const memory = 2 ** 31;

async function runEntry({ name, bits, make }: Entry, race: Race): Promise<TimedCurve> {
  const { subject, step, batch, epochs, seed, signal } = race;
  const engine = new TimedEngine(make());
  const rows = bits === 0 ? subject.exact() : subject.encoded({ bits, seed });
  const estimator = bits === 0 ? "full" : "symmetric";
  const { losses } = await descend({ ...{ subject, step, batch, epochs, seed, signal }, rows, estimator, engine });
  let elapsed = 0;
  const seconds = engine.seconds.slice(0, losses.length - 1).map((epoch) => {
    elapsed += epoch;
    return elapsed;
  });
  const bytes = subject.rows * (bits === 0 ? 4 * subject.features : (bits * subject.features) / 8);
  return { name, clock: "measured", seconds: [0, ...seconds], losses, bytes };
}

function contestantOf(entry: Entry): Contestant {
  return { name: entry.name, run: (race) => runEntry(entry, race) };
}

/** Names that claims are made of. */
export const packedName = "packed, 4 bits";
export const float32Name = "float32";
export const hogwildName = "Hogwild!";

/** Everyone who races, in the order of the legend. */
export const contestants: readonly Contestant[] = Object.freeze([
  contestantOf({ name: float32Name, bits: 0, make: () => float32Engine({ memory }) }),
  contestantOf({
    name: hogwildName,
    bits: 0,
    make: () => hogwildEngine({ threads: Math.max(2, availableParallelism()), memory }),
  }),
  contestantOf({ name: packedName, bits: 4, make: () => packedEngine({ threads: 1, memory }) }),
  contestantOf({ name: "packed, 8 bits", bits: 8, make: () => packedEngine({ threads: 1, memory }) }),
]);
