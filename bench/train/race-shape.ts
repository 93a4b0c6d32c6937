import { availableParallelism } from "node:os";
import { float32Engine, hogwildEngine, packedEngine } from "@zipml/gateway/engines";
import type { Engine } from "@zipml/gateway/train";
import { type Contestant, engineContestant, peerContestant } from "./contestants.ts";
import { type Peer, pythonScript, removeFiles, startPeer, writeFiles } from "./peers.ts";
import { type Descents, measureDescents, measureRates, type Rates } from "./races.ts";
import type { Selection } from "./selection.ts";
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
  readonly descents: Descents;
  /** Bytes of features an epoch, by contestant. */
  readonly bytes: ReadonlyMap<string, number>;
  readonly values: ReadonlyMap<string, number>;
  /** Bytes a second that one thread, and all, can read; measured by the C peer, a figure a round. */
  readonly bandwidth: readonly number[];
}

/** Rows that scikit-learn is given: it is compute-bound, and slow. */
const sklearnRows = 16_384;

/** Epochs of a descent, each at half the step of the one before. */
const descentEpochs = 8;

interface Field {
  readonly contestants: readonly Contestant[];
  readonly peers: readonly Peer[];
  readonly sgd: Peer | undefined;
}

interface Candidate {
  readonly id: string;
  /** Races only on the shape where all do. */
  readonly complete?: boolean;
  /** Default 1. */
  readonly threads?: number;
  /** Bits of the codes; 0 for raw rows. */
  readonly bits: number;
  make(): Engine;
}

/** Engines of this project, with as much memory as a shape takes. */
function candidatesOf(memory: number): readonly Candidate[] {
  const threads = availableParallelism();
  const packed = (threads: number) => () => packedEngine({ threads, memory });
  return [
    { id: "float32", bits: 0, make: () => float32Engine({ memory }) },
    { id: "packed2", bits: 2, make: packed(1) },
    { id: "packed4", bits: 4, make: packed(1) },
    { id: "packed8", bits: 8, make: packed(1) },
    { id: "packed4-all", complete: true, threads, bits: 4, make: packed(threads) },
    { id: "hogwild-all", complete: true, threads, bits: 0, make: () => hogwildEngine({ threads, memory }) },
  ];
}

/** Everyone who may race, and what is measured beside. */
export const knownIds: readonly string[] = [
  ...candidatesOf(2 ** 20).map(({ id }) => id),
  ...["c-float32", "c-hogwild-all", "c-hogwild-batch-all", "sklearn-sgd", "bandwidth", "encode4", "decode4"],
];

async function enginesOf(set: SyntheticSet, race: Race): Promise<Contestant[]> {
  const { shape, selection, progress } = race;
  const bytes = 4.6 * set.rows * set.columns;
  const memory = Math.min(2 ** 32 - 2 ** 16, Math.ceil((bytes * 1.3) / 2 ** 16) * 2 ** 16 + 2 ** 26);
  const contestants: Contestant[] = [];
  for (const { id, complete = false, threads = 1, bits, make } of candidatesOf(memory)) {
    if ((complete && !shape.complete) || !selection.has(id, shape.suffix)) continue;
    progress(`n = ${shape.columns}: ${id} reads its rows`);
    contestants.push(await engineContestant(set, { id, engine: make(), bits, batch: shape.batch, threads }));
  }
  return contestants;
}

async function peersOf(set: SyntheticSet, { shape, programs, selection, progress }: Race): Promise<Field> {
  const { batch, complete, suffix } = shape;
  const threads = availableParallelism();
  const kinds = [
    { id: "c-float32", rowsPerStep: 1, threads: 1 },
    ...(complete ? [{ id: "c-hogwild-all", rowsPerStep: 1, threads }] : []),
    ...(complete ? [{ id: "c-hogwild-batch-all", rowsPerStep: batch, threads }] : []),
  ].filter(({ id }) => selection.has(id, suffix));
  const { python } = programs;
  const slow = complete && python !== undefined && selection.has("sklearn-sgd", suffix);
  const quick = programs.sgd !== undefined && (kinds.length > 0 || selection.has("bandwidth", suffix));
  if (!slow && !quick) return { contestants: [], peers: [], sgd: undefined };
  progress(`n = ${shape.columns}: the peers read their rows`);
  const files = await writeFiles(set, programs.folder);
  const size = (rows: number): string[] => [files.features, files.targets, String(rows), String(set.columns)];
  const sgd = quick ? await startPeer(programs.sgd as string, size(set.rows)) : undefined;
  const peers = sgd === undefined ? [] : [sgd];
  const contestants =
    sgd === undefined
      ? []
      : kinds.map((kind) => peerContestant(set, { ...kind, peer: sgd, batch, rows: set.rows, tells: true }));
  if (slow) {
    const rows = Math.min(sklearnRows, set.rows);
    const peer = await startPeer(python, [pythonScript, ...size(rows)]);
    const entry = { peer, batch, rows, rowsPerStep: 1, threads: 1, tells: false };
    peers.push(peer);
    contestants.push(peerContestant(set, { id: "sklearn-sgd", ...entry }));
  }
  await removeFiles(files);
  return { contestants, peers, sgd };
}

async function measureBandwidth(set: SyntheticSet, sgd: Peer | undefined, rounds: number): Promise<number[]> {
  const rates: number[] = [];
  const stride = Math.ceil(set.columns / 8) * 8;
  for (let round = 0; sgd !== undefined && round < rounds; round++)
    rates.push((4 * set.rows * stride) / (await sgd.seconds("read 1")));
  return rates;
}

/** What {@link raceShape} takes. */
export interface Race {
  readonly shape: Shape;
  readonly programs: Programs;
  readonly selection: Selection;
  /** Rounds of samples and of descents. */
  readonly rounds: number;
  progress(line: string): void;
}

/** Races those who were selected on one shape. */
export async function raceShape(race: Race): Promise<RaceResult> {
  const { shape, rounds, progress, selection } = race;
  const set = syntheticSet(shape.rows, shape.columns);
  const engines = await enginesOf(set, race);
  const { contestants: peers, peers: processes, sgd } = await peersOf(set, race);
  const contestants = [...engines, ...peers];
  try {
    // As the driver's automatic step: an eigenvalue a little above 1, and the rows' energy over the mini-batch.
    const alphaOf = ({ spread }: Contestant): number => 1 / (1.2 + (shape.columns * (1 + spread) ** 2) / shape.batch);
    const rates = await measureRates(contestants, rounds, 1e-4, progress);
    // Threads that wait between their epochs have to be woken: who has some descends alone, and so do peers, of which some
    // are one program with one model.
    const lone = [...engines.filter(({ threads }) => threads > 1), ...peers].map((one) => [one]);
    const together = engines.filter(({ threads }) => threads === 1);
    const descend = (groups: readonly (readonly Contestant[])[], rounds: number): Promise<Descents> =>
      measureDescents(groups, rounds, { alphaOf, epochs: descentEpochs }, (line) =>
        progress(`n = ${shape.columns}: ${line}`),
      );
    // More rounds than others have: epochs are short, and what else the machine does comes in bursts of seconds.
    const shared = await descend(together.length > 0 ? [together] : [], 2 * rounds + 1);
    const descents = new Map([...shared, ...(await descend(lone, rounds))]);
    const figures = (of: (one: Contestant) => number) => new Map(contestants.map((one) => [one.id, of(one)]));
    const reads = selection.has("bandwidth", shape.suffix) ? sgd : undefined;
    const bandwidth = await measureBandwidth(set, reads, rounds);
    return {
      rates,
      descents,
      bytes: figures(({ bytes }) => bytes),
      values: figures(({ values }) => values),
      bandwidth,
    };
  } finally {
    for (const contestant of contestants) await contestant.close();
    for (const peer of processes) peer.close();
  }
}
