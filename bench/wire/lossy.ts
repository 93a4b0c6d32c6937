import { type Candidate, plainExcess, type Risk, type Subject, spreadRisk } from "./candidate.ts";
import { cbor, enveloped } from "./envelope.ts";
import { decimalsOf } from "./lossless.ts";
import { differenceBits, riceBits } from "./rice-bits.ts";
import type { Message } from "./series.ts";

/** Nearest multiples of a step: a lattice that every device knows. */
export interface Lattice {
  readonly step: number;
  readonly scale: number;
  readonly risk: Risk;
}

/** Whole multiples of a step nearest to the readings. */
export function nearestMultiples(values: Float64Array, step: number): Float64Array {
  const multiples = new Float64Array(values.length);
  for (let t = 0; t < values.length; t++) multiples[t] = Math.round((values[t] as number) / step);
  return multiples;
}

/** Multiples of a step to readings, in place. */
export function scaled(multiples: Float64Array, step: number): Float64Array {
  for (let t = 0; t < multiples.length; t++) multiples[t] = (multiples[t] as number) * step;
  return multiples;
}

/** Nearest lattices, by falling step. */
export function latticesOf(subject: Subject): readonly Lattice[] {
  const excessAt = (step: number): number =>
    plainExcess(subject, (values) => scaled(nearestMultiples(values, step), step));
  return subject.scales.map((scale) => {
    const step = scale * subject.judge.step;
    return { step, scale, risk: spreadRisk(subject, step, excessAt) };
  });
}

/** Nearest, then what error-bounded compressors of series do: difference and an entropy code; or a fixed width. */
export function nearestCandidates(subject: Subject, lattices: readonly Lattice[]): readonly Candidate[] {
  const { low, high } = subject;
  return lattices.flatMap(({ step, scale, risk }): Candidate[] => {
    const setting = `step × ${scale.toPrecision(3)}`;
    const levels = Math.round(high / step) - Math.round(low / step) + 1;
    const width = Math.ceil(Math.log2(Math.max(2, levels)));
    const common = { family: "nearest", setting, scale, risk } as const;
    return [
      {
        ...common,
        way: "nearest, fixed width",
        bytes: (message) => enveloped(message, Math.ceil((message.values.length * width) / 8), true),
      },
      {
        ...common,
        way: "nearest, difference and Rice",
        bytes: (message) =>
          enveloped(message, Math.ceil(differenceBits(nearestMultiples(message.values, step)) / 8), true),
      },
    ];
  });
}

/** A series as send-on-change leaves it. */
interface Held {
  /** What the receiver holds, in multiples of the resolution. */
  readonly numbers: Float64Array;
  /** 1 where a reading was sent. */
  readonly sent: Uint8Array;
}

/** Sends a reading when it is further than the threshold from what the receiver holds. */
export function deadBand(values: Float64Array, threshold: number, resolution: number): Held {
  const numbers = new Float64Array(values.length);
  const sent = new Uint8Array(values.length);
  let held = Number.NaN;
  for (let t = 0; t < values.length; t++) {
    const value = values[t] as number;
    if (!(Math.abs(value - held * resolution) <= threshold)) {
      held = Math.round(value / resolution);
      sent[t] = 1;
    }
    numbers[t] = held;
  }
  return { numbers, sent };
}

/** Gaps between the readings sent and their differences, Rice coded; a batch without any is not sent. */
function deadBandBytes(message: Message, { numbers, sent }: Held): number {
  const { values, from, start } = message;
  const gaps: number[] = [];
  const kept: number[] = [];
  for (let t = from, last = from; t < from + values.length; t++)
    if (sent[t] === 1) {
      gaps.push(t - last);
      last = t + 1;
      kept.push(numbers[t] as number);
    }
  if (kept.length === 0) return 0;
  if (values.length === 1) return cbor.encode([start, kept[0]]).length;
  return enveloped(message, Math.ceil((riceBits(gaps) + differenceBits(kept)) / 8), true);
}

/** The finest decimal step of a series, or undefined. */
export function resolutionOf({ series }: Subject): number | undefined {
  const decimals = decimalsOf((series.segments[0] ?? new Float64Array()).slice(0, 2048));
  return decimals === undefined ? undefined : decimals.unit / 10 ** decimals.places;
}

/** Send-on-change at one threshold. */
export interface DeadBandSetting {
  /** What a table names: `threshold × 1.00, as read`. */
  readonly setting: string;
  readonly scale: number;
  readonly threshold: number;
  /** What is told is a multiple of it. */
  readonly resolution: number;
  /** Whether that is the sensor's own, so that readings are told as they are. */
  readonly asRead: boolean;
  readonly risk: Risk;
}

/** Resolutions as parts of the threshold; 0 for readings as they are. */
export const resolutionParts = [0, 0.25, 1] as const;

/** Of a part of the threshold; `told` stands for readings as they are. */
export const settingName = (scale: number, told: string): string => `threshold × ${scale.toPrecision(3)}, ${told}`;

/** Thresholds of half a lattice's step, values told as they are, or to a quarter or all of the threshold. */
export function deadBandSettings(subject: Subject): readonly DeadBandSetting[] {
  const { judge, scales } = subject;
  const native = resolutionOf(subject);
  return scales.flatMap((scale) =>
    resolutionParts.flatMap((part): DeadBandSetting[] => {
      const threshold = (scale * judge.step) / 2;
      if (part === 0 && native === undefined) return [];
      const resolution = (at: number): number => Math.max(part * at, native ?? 0);
      // Coarser than the sensor's own resolution, or the same setting comes twice.
      if (part > 0 && native !== undefined && part * threshold < native) return [];
      const excessAt = (at: number): number =>
        plainExcess(subject, (values) => scaled(deadBand(values, at, resolution(at)).numbers, resolution(at)));
      return [
        {
          setting: settingName(scale, part === 0 ? "as read" : `to ${part} of it`),
          scale,
          threshold,
          resolution: resolution(threshold),
          asRead: part === 0,
          risk: spreadRisk(subject, threshold, excessAt),
        },
      ];
    }),
  );
}

/** Send-on-change as gaps and differences in Rice code. */
export function deadBandCandidates({ series }: Subject, settings: readonly DeadBandSetting[]): readonly Candidate[] {
  return settings.map(({ setting, scale, threshold, resolution, risk }): Candidate => {
    const held = new Map<number, Held>();
    return {
      way: "dead-band",
      family: "dead-band",
      setting,
      scale,
      risk,
      bytes: (message) => {
        const { segment } = message;
        const known =
          held.get(segment) ?? deadBand(series.segments[segment] ?? new Float64Array(), threshold, resolution);
        held.set(segment, known);
        return deadBandBytes(message, known);
      },
    };
  });
}
