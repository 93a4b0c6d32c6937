import { type Candidate, goal, type Risk, type Subject } from "./candidate.ts";
import { type Compressors, compressedCandidates } from "./compressed.ts";
import { enveloped } from "./envelope.ts";
import { createJudge } from "./lag-model.ts";
import { losslessCandidates } from "./lossless.ts";
import { deadBandCandidates, deadBandSettings, type Lattice, latticesOf, nearestCandidates } from "./lossy.ts";
import { ourDeadBandCandidates } from "./our-dead-band.ts";
import { frameHead, ourCandidates } from "./ours.ts";
import { type Message, messagesOf, type Series } from "./series.ts";
import { textCandidates } from "./text.ts";
import { createLink, type Link, type TransportName, transports } from "./transport.ts";
import { layoutsOf, typedCandidates } from "./typed.ts";

/** Readings of a message. */
export const batches = [1, 8, 32, 256, 1024] as const;
export type Batch = (typeof batches)[number];

/** The batch that ways are chosen and compared at. */
export const mainBatch = 256;

/** Messages of a series that are encoded for their size, by batch. */
const sampled: Readonly<Record<Batch, number>> = { 1: 512, 8: 256, 32: 64, 256: 48, 1024: 12 };

/** Bytes a reading: payload, and on each transport. */
export interface Bytes {
  readonly payload: number;
  readonly wire: Readonly<Record<TransportName, number>>;
}

/** A candidate with its size in messages of {@link mainBatch} readings. */
export interface Point {
  readonly way: string;
  readonly family: Candidate["family"];
  readonly setting: string;
  readonly scale?: number;
  readonly risk: Risk;
  /** Bytes a reading. */
  readonly payload: number;
}

/** A way with the setting chosen for a series. */
export interface Choice extends Point {
  /** Whether the setting's risk is known and within the goal; if not, it is the one with the least risk. */
  readonly meets: boolean;
  readonly batches: Readonly<Partial<Record<Batch, Bytes>>>;
}

/** What was measured of a series. */
export interface SeriesResult {
  readonly name: string;
  readonly readings: number;
  /** Lag-1 autocorrelation of the readings: near 1 for a smooth series. */
  readonly smoothness: number;
  /** Bytes a reading of our frame's head, the body left out. */
  readonly head: number;
  /** The same of the compact peers' envelope. */
  readonly envelope: number;
  readonly points: readonly Point[];
  /** By way. */
  readonly choices: ReadonlyMap<string, Choice>;
}

/** Whether a risk is known and within the goal. */
export function meetsGoal({ mean, error }: Risk): boolean {
  return mean <= goal.excess && error <= goal.error;
}

/** The same of a peer without chance, taken at its word at the one step named. */
export function meetsAtSetting(risk: Risk): boolean {
  return risk.atSetting === undefined ? meetsGoal(risk) : risk.atSetting <= goal.excess;
}

/** Lattices worth compressing: the coarsest that meets the goal, and the coarsest that does at its very setting. */
function worthCompressing(lattices: readonly Lattice[]): readonly Lattice[] {
  const byStep = [...lattices].sort((a, b) => b.step - a.step);
  const found = [byStep.find(({ risk }) => meetsGoal(risk)), byStep.find(({ risk }) => meetsAtSetting(risk))];
  return [...new Set(found)].filter((lattice) => lattice !== undefined);
}

function candidatesOf(subject: Subject, compressors: Compressors): readonly Candidate[] {
  const layouts = layoutsOf(subject);
  const lattices = latticesOf(subject);
  const settings = deadBandSettings(subject);
  return [
    ...textCandidates(subject),
    ...typedCandidates(layouts),
    ...losslessCandidates(subject),
    ...compressedCandidates(subject.series, compressors, layouts, worthCompressing(lattices)),
    ...nearestCandidates(subject, lattices),
    ...deadBandCandidates(subject, settings),
    ...ourCandidates(subject),
    ...ourDeadBandCandidates(subject, settings, lattices),
  ];
}

function payloadOf(candidate: Candidate, messages: readonly Message[]): number {
  let bytes = 0;
  let readings = 0;
  for (const message of messages) {
    bytes += candidate.bytes(message);
    readings += message.values.length;
  }
  return bytes / readings;
}

function bytesOf(candidate: Candidate, messages: readonly Message[], link: Link): Bytes {
  const sums = { payload: 0, mqtt3: 0, mqtt5: 0, mqtt3tls: 0, mqtt5tls: 0 };
  let readings = 0;
  for (const message of messages) {
    const payload = candidate.bytes(message);
    readings += message.values.length;
    if (payload === 0) continue;
    sums.payload += payload;
    const wire = link(payload);
    for (const transport of transports) sums[transport] += wire[transport];
  }
  const { payload, ...wire } = sums;
  const each = Object.fromEntries(transports.map((transport) => [transport, wire[transport] / readings]));
  return { payload: payload / readings, wire: each as Record<TransportName, number> };
}

/** One message in so many is encoded where a setting misses the goal, whatever the way: such a one is drawn and no more. */
const eachOfMissing = 4;

/** A candidate with its size, which is all that is kept of it. */
interface Measured {
  readonly candidate: Candidate;
  readonly point: Point;
}

/** The fewest bytes that meet the goal, else the least risk, of what every message can be had in. */
function chosen(measured: readonly Measured[], messages: readonly Message[]): Measured | undefined {
  const meeting = measured.filter(({ point }) => Number.isFinite(point.payload) && meetsGoal(point.risk));
  if (meeting.length > 0) return meeting.reduce((a, b) => (b.point.payload < a.point.payload ? b : a));
  for (const { candidate, point } of [...measured].sort((a, b) => a.point.risk.mean - b.point.risk.mean)) {
    const payload = payloadOf(candidate, messages);
    if (Number.isFinite(payload)) return { candidate, point: { ...point, payload } };
  }
  return undefined;
}

/** What a run is made with. */
export interface MeasureOptions {
  readonly scales: readonly number[];
  readonly seeds: number;
  readonly batches: readonly Batch[];
  /** Share of the messages that a full run encodes. */
  readonly share: number;
  readonly compressors: Compressors;
}

/** Topic of every way without one of its own. */
const topic = "zipml/1/group-1/device-1/data";

/**
 * Every way over one series.
 *
 * @returns undefined for a series from which nothing can be learned.
 */
export function measureSeries(series: Series, options: MeasureOptions): SeriesResult | undefined {
  const judge = createJudge(series.segments, goal.excess);
  if (judge === undefined) return undefined;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const segment of series.segments)
    for (const value of segment) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  const { scales, seeds, compressors, share } = options;
  const candidates = candidatesOf({ series, judge, low, high, scales, seeds }, compressors);
  const messages = (batch: Batch) => messagesOf(series, batch, Math.max(4, Math.round(sampled[batch] * share)));
  const main = messages(mainBatch);
  const few = main.filter((_, i) => i % eachOfMissing === 0);
  const measured = candidates.map((candidate): Measured => {
    const { way, family, setting, scale, risk } = candidate;
    const mayWin = risk.mean <= goal.excess || meetsAtSetting(risk);
    const payload = payloadOf(candidate, mayWin ? main : few);
    return { candidate, point: { way, family, setting, risk, payload, ...(scale !== undefined && { scale }) } };
  });
  const choices = new Map<string, Choice>();
  const links = new Map<string, Link>();
  const linkOf = (name: string): Link => {
    const link = links.get(name) ?? createLink(name);
    links.set(name, link);
    return link;
  };
  const inBatches = new Map(options.batches.map((batch) => [batch, messages(batch)]));
  for (const way of new Set(candidates.map((candidate) => candidate.way))) {
    const best = chosen(
      measured.filter(({ point }) => point.way === way),
      main,
    );
    if (best === undefined) continue;
    const { candidate, point } = best;
    const link = linkOf(candidate.topic ?? topic);
    const each = [...inBatches].map(([batch, of]) => [batch, bytesOf(candidate, of, link)]);
    choices.set(way, { ...point, meets: meetsGoal(point.risk), batches: Object.fromEntries(each) });
  }
  const readings = series.segments.reduce((sum, { length }) => sum + length, 0);
  const perReading = (sizeOf: (message: Message) => number): number =>
    main.reduce((sum, message) => sum + sizeOf(message), 0) / main.reduce((sum, { values }) => sum + values.length, 0);
  const points = measured.map(({ point }) => point);
  const head = perReading(frameHead);
  const envelope = perReading((message) => enveloped(message, 100, true) - 100);
  return { name: series.name, readings, head, envelope, smoothness: judge.smoothness, points, choices };
}
