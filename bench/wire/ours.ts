import {
  type Coding,
  createQuantizer,
  createStream,
  defineGrid,
  defineSchema,
  ditherPlace,
  encodeBody,
  encodeFrame,
  frameSize,
  type Grid,
  maxBits,
  type Quantizer,
  type Scheme,
} from "@zipml/codec";
import { type Candidate, exactRisk, type Risk, type Subject, seededRisk } from "./candidate.ts";
import type { Message } from "./series.ts";

/** Draws of scheme `count`. */
const draws = 2;
const session = 1;

/**
 * A grid of the step given that covers the series' range: under `dither` the step of a code, under `count` the interval
 * between levels, whose noise is on average the same. Undefined where that takes more codes than there are.
 */
function gridOf({ low, high }: Subject, scheme: Scheme, coding: Coding, step: number): Grid | undefined {
  const samples = scheme === "dither" ? 1 : draws;
  const intervals = Math.max(1, Math.ceil((high - low) / step));
  const bits = Math.ceil(Math.log2(samples * intervals + 1));
  if (bits > maxBits) return undefined;
  const most = Math.floor((2 ** bits - 1) / samples);
  const schema = defineSchema([{ name: "reading", unit: "", range: [low, high], role: "feature" }]);
  return defineGrid(schema, {
    epoch: 0,
    scheme,
    coding,
    ...(scheme === "dither" && { seed: "0" }),
    channels: [{ bits, samples, levels: { kind: "uniform", low, high: low + most * step } }],
  });
}

const deviceOf = (segment: number): string => `device-${segment}`;

/** Chance of a message's readings. */
function chanceOf(grid: Grid, segment: number, sequence: number) {
  const place = ditherPlace(grid, { device: deviceOf(segment), session, sequence });
  return { place, chance: place ?? createStream(`draw/${deviceOf(segment)}`, sequence) };
}

/** Excess risk of one seed, of the models learned from codes: with their d, and from their means alone as from a peer's. */
interface Excesses {
  readonly corrected: number;
  readonly plain: number;
}

function excessesOf({ series, judge }: Subject, quantizer: Quantizer, seed: number): Excesses {
  const decoded: Float64Array[] = [];
  const spreads: Float64Array[] = [];
  for (const [segment, values] of series.segments.entries()) {
    // The seed stands in the sequence's place: one long frame draws as many short ones do.
    const { place, chance } = chanceOf(quantizer.grid, segment, 1_000_000 + seed);
    const codes = new Uint16Array(values.length);
    quantizer.encodeInto(values, codes, chance);
    const means = new Float64Array(values.length);
    const d = new Float64Array(values.length);
    quantizer.meansInto(codes, means, place);
    quantizer.spreadsInto(codes, d);
    decoded.push(means);
    spreads.push(d);
  }
  return {
    corrected: judge.excess(judge.sumsOf(decoded, spreads)),
    plain: judge.excess(judge.sumsOf(decoded)),
  };
}

/** Both learners' excess risks, every seed encoded once. */
function risksOf(subject: Subject, quantizer: Quantizer): Readonly<Record<keyof Excesses, Risk>> {
  const known = new Map<number, Excesses>();
  const riskOf = (learner: keyof Excesses): Risk =>
    seededRisk(subject.seeds, (seed) => {
      const excesses = known.get(seed) ?? excessesOf(subject, quantizer, seed);
      known.set(seed, excesses);
      return excesses[learner];
    });
  return { corrected: riskOf("corrected"), plain: riskOf("plain") };
}

/** Bytes of a message's frame. */
export function frameBytes(quantizer: Quantizer, { values, segment, from, sequence, interval }: Message): number {
  const { place, chance } = chanceOf(quantizer.grid, segment, sequence);
  const codes = new Uint16Array(values.length);
  quantizer.encodeInto(values, codes, chance);
  const { coding, body } = encodeBody({ codes, place, values }, quantizer, quantizer.grid.coding);
  const rows = values.length;
  const start = from * interval;
  return encodeFrame({ session, sequence, grid: 0, coding, start, interval, rows, body }).length;
}

/** Bytes of a message's frame beside a body of one to two hundred bytes. */
export function frameHead({ values, from, sequence, interval }: Message): number {
  const bodyBytes = 100;
  const rows = values.length;
  return frameSize({ session, sequence, grid: 0, start: from * interval, interval, rows, bodyBytes }) - bodyBytes;
}

/** Beyond this the correction is of no use: it subtracts more than there is. */
const coarsestCorrected = 2;

const plainly = ", learned plainly";

/** Whether a way of ours is learned from as the peers are, without d. */
export function isPlain(way: string): boolean {
  return way.endsWith(plainly);
}

function lossy(subject: Subject, scheme: Scheme, scale: number): readonly Candidate[] {
  const step = scale * subject.judge.step;
  let risks: ReturnType<typeof risksOf> | undefined;
  return (["packed", "rice", "arithmetic"] as const).flatMap((coding): Candidate[] => {
    const grid = gridOf(subject, scheme, coding, step);
    if (grid === undefined) return [];
    const quantizer = createQuantizer(grid);
    risks ??= risksOf(subject, quantizer);
    const { corrected, plain } = risks;
    const common = { family: "ours", setting: `step × ${scale.toPrecision(3)}`, scale } as const;
    const sizes = new Map<Message, number>();
    const bytes = (message: Message): number => {
      const known = sizes.get(message) ?? frameBytes(quantizer, message);
      sizes.set(message, known);
      return known;
    };
    return [
      ...(scale <= coarsestCorrected ? [{ ...common, way: `${scheme} ${coding}`, risk: corrected, bytes }] : []),
      ...(coding === "arithmetic" ? [{ ...common, way: `${scheme} ${coding}${plainly}`, risk: plain, bytes }] : []),
    ];
  });
}

/**
 * Both schemes in every coding, at every scale, and coding `exact`. In coding `arithmetic` also as the peers are learned from, by
 * plain least squares without d: noise in the features then works as a ridge does, which some series are better off with. A frame that the codec sends exactly counts with the
 * risk of its codes, which is more than it has.
 */
export function ourCandidates(subject: Subject): readonly Candidate[] {
  const { scales } = subject;
  const exactGrid = gridOf(subject, "count", "exact", (subject.high - subject.low) / 1000);
  const exact: Candidate[] = [];
  if (exactGrid !== undefined) {
    const quantizer = createQuantizer(exactGrid);
    const isExact = subject.series.segments.every((values) => isDecimal(values, quantizer));
    if (isExact)
      exact.push({
        way: "exact",
        family: "ours",
        setting: "exact",
        risk: exactRisk,
        bytes: (message) => frameBytes(quantizer, message),
      });
  }
  return [
    ...(["dither", "count"] as const).flatMap((scheme) => scales.flatMap((s) => lossy(subject, scheme, s))),
    ...exact,
  ];
}

/** Whether coding `exact` takes readings as they are: it falls back to codes where they are no decimal numbers. */
export function isDecimal(values: Float64Array, quantizer: Quantizer): boolean {
  for (let from = 0; from < values.length; from += 256) {
    const part = values.slice(from, from + 256);
    const codes = new Uint16Array(part.length);
    if (encodeBody({ codes, values: part }, quantizer, "exact").coding !== "exact") return false;
  }
  return true;
}
