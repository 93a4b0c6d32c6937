import type { Engine } from "@zipml/gateway/train";
import { averageSpread, codedSource, createDriver, type Driver, rawSource } from "./contexts.ts";
import type { Peer } from "./peers.ts";
import { lossOverOptimum, type SyntheticSet } from "./synthetic.ts";

/** One of those that train on the same set. Steps are those of a mini-batch; who takes a step a row divides them. */
export interface Contestant {
  readonly id: string;
  readonly threads: number;
  /** Average d of its codes in standardised units; 0 for raw rows. */
  readonly spread: number;
  /** Bytes of features that an epoch reads. */
  readonly bytes: number;
  /** Values that an epoch reads. */
  readonly values: number;
  /** The model is 0 again. @param seed Of mini-batches' order and of rounding, where the contestant has one. */
  reset(seed: number): Promise<void>;
  /** One epoch; its seconds, elapsed. */
  epoch(step: number): Promise<number>;
  /** Loss over the optimum's; undefined where the model is not told. */
  loss(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** What {@link engineContestant} takes. */
export interface EngineEntry {
  readonly id: string;
  readonly engine: Engine;
  /** Width of the codes; 0 for raw rows. */
  readonly bits: number;
  readonly batch: number;
  readonly threads: number;
}

/** An engine of this project; its rows are read in and packed before it is returned. */
export async function engineContestant(set: SyntheticSet, entry: EngineEntry): Promise<Contestant> {
  const { id, engine, bits, batch, threads } = entry;
  const source = bits === 0 ? rawSource(set) : codedSource(set, bits);
  const driver: Driver = createDriver(set, source, bits, batch);
  let epochs = 0;
  let seed = 1;
  const epoch = async (step: number): Promise<number> => {
    epochs += 1;
    const context = driver.context(epochs, step, seed);
    const start = performance.now();
    await engine.epoch(context);
    return (performance.now() - start) / 1000;
  };
  await epoch(Number.MIN_VALUE);
  return {
    id,
    threads,
    spread: bits === 0 ? 0 : averageSpread(bits),
    values: set.rows * set.columns,
    bytes: set.rows * (bits === 0 ? 4 * set.columns : (set.columns * packedWidth(bits)) / 8),
    epoch,
    reset: async (next) => {
      seed = next;
      epochs = 0;
      driver.weights.fill(0);
    },
    loss: async () => lossOverOptimum(set, driver.weights),
    close: async () => engine.close?.(),
  };
}

function packedWidth(bits: number): number {
  return [1, 2, 4, 8].find((width) => width >= bits) ?? bits;
}

/** What {@link peerContestant} takes. */
export interface PeerEntry {
  readonly id: string;
  readonly peer: Peer;
  /** Rows that a mini-batch step is for, and those of a step of the peer. */
  readonly batch: number;
  readonly rowsPerStep: number;
  readonly threads: number;
  /** Rows that it trains on. */
  readonly rows: number;
  /** Whether it tells its model. */
  readonly tells: boolean;
}

/** The C program, or scikit-learn. */
export function peerContestant(set: SyntheticSet, entry: PeerEntry): Contestant {
  const { id, peer, batch, rowsPerStep, threads, rows, tells } = entry;
  return {
    id,
    threads,
    spread: 0,
    values: rows * set.columns,
    bytes: 4 * rows * set.columns,
    epoch: (step) => peer.seconds(`epoch ${(step * rowsPerStep) / batch} ${rowsPerStep} ${threads}`),
    reset: async () => {
      await peer.ask("reset");
    },
    loss: async () =>
      tells ? lossOverOptimum(set, Float64Array.from((await peer.ask("model")).split(" "), Number)) : undefined,
    close: async () => {},
  };
}
