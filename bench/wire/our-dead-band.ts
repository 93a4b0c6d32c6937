import {
  createDeadBand,
  createQuantizer,
  type DeadBand,
  type DeadBandFilter,
  deadBandGrid,
  defineGrid,
  defineSchema,
  GridError,
  type Quantizer,
  uniformGrid,
} from "@zipml/codec";
import { type Candidate, plainExcess, type Subject, spreadRisk } from "./candidate.ts";
import {
  type DeadBandSetting,
  deadBand,
  type Lattice,
  resolutionOf,
  resolutionParts,
  scaled,
  settingName,
} from "./lossy.ts";
import { frameBytes, isDecimal } from "./ours.ts";
import type { Message } from "./series.ts";

const prefix = "our dead-band, ";

/** Whether a way of ours has a dead band before it: biased, as the peers' are. */
export function isHeld(way: string): boolean {
  return way.startsWith(prefix);
}

/** A dead band with what its levels would be multiples of. */
interface Setting extends Pick<DeadBandSetting, "setting" | "scale" | "risk"> {
  readonly band: DeadBand;
  readonly resolution: number;
}

const channel = "reading";

function filterOf(band: DeadBand): DeadBandFilter {
  return createDeadBand({ channels: [{ name: channel }] }, { [channel]: band });
}

function toldOf(values: Float64Array, band: DeadBand): Float64Array {
  const { tell } = filterOf(band);
  const row = new Float64Array(1);
  return values.map((value) => {
    row[0] = value;
    return tell(row)[0] as number;
  });
}

/** The decimal number nearest to a step: of a sensor's own steps as many as fit, else of two digits. */
function decimalNear(step: number, native: number | undefined): number {
  if (native !== undefined) return Number((Math.max(1, Math.round(step / native)) * native).toPrecision(12));
  return Number(step.toPrecision(2));
}

/** What is told and what the peers' rule leaves are the same multiples; theirs come much faster, all at once. */
function heldExcess(subject: Subject, threshold: number, resolution: number): number {
  return plainExcess(subject, (values) => scaled(deadBand(values, threshold, resolution).numbers, resolution));
}

/** Resolutions that are decimal numbers, so that coding `exact` carries what is told. */
function decimalSettings(subject: Subject, settings: readonly DeadBandSetting[]): readonly Setting[] {
  const { judge, scales } = subject;
  const native = resolutionOf(subject);
  const asRead = settings.flatMap((given): Setting[] =>
    given.asRead ? [{ ...given, band: { threshold: given.threshold } }] : [],
  );
  const rounded = scales.flatMap((scale) =>
    resolutionParts.flatMap((part): Setting[] => {
      const threshold = (scale * judge.step) / 2;
      if (part === 0) return [];
      const resolutionAt = (at: number): number => decimalNear(part * at, native);
      const resolution = resolutionAt(threshold);
      if (resolution === native) return []; // told as read
      const setting = settingName(scale, `to ${resolution}`);
      const risk = spreadRisk(subject, threshold, (at) => heldExcess(subject, at, resolutionAt(at)));
      return [{ setting, scale, band: { threshold, resolution }, resolution, risk }];
    }),
  );
  return [...asRead, ...rounded];
}

/** Resolutions as the peers have them, and nearest rounding, which is a dead band of half its resolution. */
function latticeSettings(settings: readonly DeadBandSetting[], lattices: readonly Lattice[]): readonly Setting[] {
  const rounded = settings.filter(({ asRead }) => !asRead);
  return [
    ...rounded.map((given) => ({ ...given, band: { threshold: given.threshold, resolution: given.resolution } })),
    ...lattices.map(({ step, scale, risk }) => ({
      setting: settingName(scale, "nearest"),
      scale,
      risk,
      band: { threshold: step / 2, resolution: step },
      resolution: step,
    })),
  ];
}

/** What is told on levels of its own; undefined where it takes more codes than there are. */
function alignedQuantizer({ low, high }: Subject, resolution: number): Quantizer | undefined {
  try {
    const schema = defineSchema([{ name: channel, unit: "", range: [low, high], role: "feature" }]);
    const channels = [deadBandGrid([low, high], resolution)];
    return createQuantizer(defineGrid(schema, { epoch: 0, scheme: "count", coding: "arithmetic", channels }));
  } catch (error) {
    if (error instanceof GridError) return undefined;
    throw error;
  }
}

function candidateOf(subject: Subject, coding: string, given: Setting, quantizer: Quantizer): Candidate {
  const { setting, scale, risk, band } = given;
  const told = new Map<number, Float64Array>();
  return {
    way: `${prefix}${coding}`,
    family: "ours",
    setting,
    scale,
    risk,
    bytes: (message) => {
      const { segment, from, values } = message;
      const whole = told.get(segment) ?? toldOf(subject.series.segments[segment] ?? new Float64Array(), band);
      told.set(segment, whole);
      const part: Message = { ...message, values: whole.slice(from, from + values.length) };
      if (coding === "exact" && !isDecimal(part.values, quantizer)) return Number.POSITIVE_INFINITY;
      return frameBytes(quantizer, part);
    },
  };
}

/**
 * Our dead band before frames of two kinds: on any grid in coding `exact`, and on levels that are multiples of its resolution
 * in coding `arithmetic`. Every batch is a frame, also one without a change. What arrives is what is told, without a spread,
 * so that there is no d to learn with.
 *
 * @param settings The peers' thresholds and resolutions with their risks.
 * @param lattices The same for nearest rounding.
 */
export function ourDeadBandCandidates(
  subject: Subject,
  settings: readonly DeadBandSetting[],
  lattices: readonly Lattice[],
): readonly Candidate[] {
  const { low, high } = subject;
  const schema = defineSchema([{ name: channel, unit: "", range: [low, high], role: "feature" }]);
  const exact = createQuantizer(uniformGrid(schema, { bits: 8, samples: 1, coding: "exact" }));
  const decimal = decimalSettings(subject, settings);
  const aligned = [...decimal, ...latticeSettings(settings, lattices)].flatMap((given): Candidate[] => {
    const quantizer = alignedQuantizer(subject, given.resolution);
    return quantizer === undefined ? [] : [candidateOf(subject, "arithmetic", given, quantizer)];
  });
  return [...decimal.map((given) => candidateOf(subject, "exact", given, exact)), ...aligned];
}
