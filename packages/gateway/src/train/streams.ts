import { createStream, type Stream } from "@zipml/codec";

/** Random streams of one epoch. Each has a key of its own: what must be independent never shares words. */
export interface TrainingStreams {
  /** Order of the rows. */
  readonly shuffle: Stream;
  /** Which two of the k draws `double` uses. */
  readonly coins: Stream;
  /** Q₃, the model as it is read. */
  readonly model: Stream;
  /** Q_r, the batch's residuals. */
  readonly residual: Stream;
  /** Q₄, the averaged gradient. */
  readonly gradient: Stream;
}

/** Name of the stream for a purpose (`model`, `residual`, `gradient` …); an epoch's words are those of the index `epoch`. */
export function streamName(purpose: string, seed: number | string): string {
  return `train/${purpose}/${seed}`;
}

/** The streams of an epoch: named after the purpose and the seed, with the epoch as the stream's index. */
export function createStreams(seed: number | string, epoch: number): TrainingStreams {
  const stream = (purpose: string): Stream => createStream(streamName(purpose, seed), epoch);
  return {
    shuffle: stream("shuffle"),
    coins: stream("coins"),
    model: stream("model"),
    residual: stream("residual"),
    gradient: stream("gradient"),
  };
}
