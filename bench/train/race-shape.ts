import { availableParallelism } from "node:os";
import { float32Engine, hogwildEngine, packedEngine } from "@zipml/gateway/engines";
import { type Contestant, engineContestant, peerContestant } from "./contestants.ts";
import { type Peer, type PeerFiles, pythonScript, startPeer, writeFiles } from "./peers.ts";
import { descend, type LossCurve, measureRates, type Rates } from "./races.ts";
import type { Shape } from "./shapes.ts";
import { type SyntheticSet, syntheticSet } from "./synthetic.ts";

/** Programs that may be there. */
export interface Programs {
  readonly sgd: string | undefined;
  readonly python: string | undefined;
  /** Where files of rows are written. */
  readonly folder: string;
}

/** What a race on one shape gives. */
export interface RaceResult {
  readonly rates: Rates;
  readonly curves: readonly LossCurve[];
  /** Bytes of features an epoch, by contestant. */
  readonly bytes: ReadonlyMap<string, number>;
  readonly values: ReadonlyMap<string, number>;
  /** Bytes a second that one thread, and all, can read; measured by the C peer, a figure a round. */
  readonly bandwidth: readonly number[];
}

/** Rows that scikit-learn is given: it is compute-bound, and slow. */
const sklearnRows = 16_384;

/** Epochs of a descent, each at half the step of the one before. */
const descentEpochs = 9;

interface Field {
  readonly contestants: readonly Contestant[];
  readonly peers: readonly Peer[];
  readonly sgd: Peer | undefined;
}

async function enginesOf(set: SyntheticSet, { batch, complete }: Shape): Promise<Contestant[]> {
  const rows = 4.6 * set.rows * set.columns;
  const memory = Math.min(2 ** 32 - 2 ** 16, Math.ceil((rows * 1.3) / 2 ** 16) * 2 ** 16 + 2 ** 26);
  const one = { threads: 1, memory };
  const contestants = [
    await engineContestant(set, { id: "float32", engine: float32Engine({ memory }), bits: 0, batch }),
    await engineContestant(set, { id: "packed2", engine: packedEngine(one), bits: 2, batch }),
    await engineContestant(set, { id: "packed4", engine: packedEngine(one), bits: 4, batch }),
    await engineContestant(set, { id: "packed8", engine: packedEngine(one), bits: 8, batch }),
  ];
  if (!complete) return contestants;
  const threads = availableParallelism();
  const all = { id: "packed4-all", engine: packedEngine({ threads, memory }), bits: 4, batch };
  const hogwild = { id: "hogwild-all", engine: hogwildEngine({ threads, memory }), bits: 0, batch };
  return [...contestants, await engineContestant(set, all), await engineContestant(set, hogwild)];
}

async function peersOf(set: SyntheticSet, shape: Shape, programs: Programs, files: PeerFiles): Promise<Field> {
  const { batch, complete } = shape;
  const { sgd: program, python } = programs;
  const contestants: Contestant[] = [];
  const peers: Peer[] = [];
  const size = (rows: number): string[] => [files.features, files.targets, String(rows), String(set.columns)];
  const sgd = program === undefined ? undefined : await startPeer(program, size(set.rows));
  if (sgd !== undefined) {
    const threads = availableParallelism();
    const entry = { peer: sgd, batch, rows: set.rows, tells: true };
    peers.push(sgd);
    contestants.push(peerContestant(set, { id: "c-float32", ...entry, rowsPerStep: 1, threads: 1 }));
    if (complete)
      contestants.push(
        peerContestant(set, { id: "c-hogwild-all", ...entry, rowsPerStep: 1, threads }),
        peerContestant(set, { id: "c-hogwild-batch-all", ...entry, rowsPerStep: batch, threads }),
      );
  }
  if (complete && python !== undefined) {
    const rows = Math.min(sklearnRows, set.rows);
    const peer = await startPeer(python, [pythonScript, ...size(rows)]);
    const entry = { peer, batch, rows, rowsPerStep: 1, threads: 1, tells: false };
    peers.push(peer);
    contestants.push(peerContestant(set, { id: "sklearn-sgd", ...entry }));
  }
  return { contestants, peers, sgd };
}

async function measureBandwidth(set: SyntheticSet, sgd: Peer | undefined, rounds: number): Promise<number[]> {
  const rates: number[] = [];
  const stride = Math.ceil(set.columns / 8) * 8;
  for (let round = 0; sgd !== undefined && round < rounds; round++)
    rates.push((4 * set.rows * stride) / (await sgd.seconds("read 1")));
  return rates;
}

/**
 * Races all on one shape.
 *
 * @param rounds Rounds of one epoch each.
 */
export async function raceShape(
  shape: Shape,
  programs: Programs,
  rounds: number,
  progress: (line: string) => void,
): Promise<RaceResult> {
  const set = syntheticSet(shape.rows, shape.columns);
  progress(`n = ${shape.columns}: packing`);
  const engines = await enginesOf(set, shape);
  const needsFiles = programs.sgd !== undefined || (shape.complete && programs.python !== undefined);
  const files = needsFiles ? await writeFiles(set, programs.folder) : { features: "", targets: "" };
  const { contestants: peers, peers: processes, sgd } = await peersOf(set, shape, programs, files);
  const contestants = [...engines, ...peers];
  try {
    // As the driver's automatic step: an eigenvalue a little above 1, and the rows' energy over the mini-batch.
    const alphaOf = ({ spread }: Contestant): number => 1 / (1.2 + (shape.columns * (1 + spread) ** 2) / shape.batch);
    const rates = await measureRates(contestants, rounds, 1e-4, progress);
    const curves: LossCurve[] = [];
    for (const contestant of contestants) {
      progress(`n = ${shape.columns}: ${contestant.id} descends`);
      const curve = await descend(contestant, alphaOf(contestant), descentEpochs);
      if (curve !== undefined) curves.push(curve);
    }
    const figures = (of: (one: Contestant) => number) => new Map(contestants.map((one) => [one.id, of(one)]));
    const bandwidth = await measureBandwidth(set, sgd, rounds);
    return { rates, curves, bytes: figures(({ bytes }) => bytes), values: figures(({ values }) => values), bandwidth };
  } finally {
    for (const contestant of contestants) await contestant.close();
    for (const peer of processes) peer.close();
  }
}
