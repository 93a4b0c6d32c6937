import { encode as encodeMessagePack } from "@msgpack/msgpack";
import { Float16Array } from "@petamoriken/float16";
import { type Candidate, plainExcess, type Risk, riskOf, type Subject } from "./candidate.ts";
import { cbor, enveloped } from "./envelope.ts";
import type { Message } from "./series.ts";

/** A layout of readings as bytes. */
export interface Layout {
  readonly setting: string;
  readonly risk: Risk;
  /** Bytes of a reading. */
  readonly width: number;
  /** The readings, one after another; a new array. */
  toBytes(values: Float64Array): Uint8Array;
}

/** Nearest of 2^bits levels over the series' range, as bytes or half-bytes. */
function integers(subject: Subject, bits: 4 | 8): Layout {
  const { low, high, seeds } = subject;
  const top = 2 ** bits - 1;
  const codesOf = (values: Float64Array, span: number): Uint8Array =>
    Uint8Array.from(values, (value) => Math.round(((value - low) / span) * top));
  const excess = (span: number): number =>
    plainExcess(subject, (values) => Float64Array.from(codesOf(values, span), (code) => low + (code * span) / top));
  // A range is never known to the digit: one to a tenth wider, the exact one first.
  const excesses = Array.from({ length: seeds }, (_, i) => excess((high - low) * (1 + i / (10 * seeds))));
  return {
    setting: `int${bits}`,
    risk: { ...riskOf(excesses), atSetting: excesses[0] as number },
    width: bits / 8,
    toBytes: (values) => {
      const codes = codesOf(values, high - low);
      if (bits === 8) return codes;
      return Uint8Array.from(
        { length: Math.ceil(codes.length / 2) },
        (_, i) => (codes[2 * i] as number) | ((codes[2 * i + 1] ?? 0) << 4),
      );
    },
  };
}

/** Typed layouts of a series: float32, float16, int8, int4. */
export function layoutsOf(subject: Subject): readonly Layout[] {
  const float32 = (values: Float64Array) => Float32Array.from(values);
  const float16 = (values: Float64Array) => Float16Array.from(values);
  const risk = (round: (values: Float64Array) => ArrayLike<number>): Risk =>
    riskOf([plainExcess(subject, (values) => Float64Array.from(round(values)))]);
  return [
    { setting: "float32", risk: risk(float32), width: 4, toBytes: (values) => new Uint8Array(float32(values).buffer) },
    {
      setting: "float16",
      risk: risk(float16),
      width: 2,
      toBytes: (values) => new Uint8Array(float16(values).buffer as ArrayBuffer),
    },
    integers(subject, 8),
    integers(subject, 4),
  ];
}

function messagePackBytes({ values, start, interval }: Message, body: Uint8Array): number {
  const head = values.length === 1 ? [start] : [start, interval / 1000];
  return encodeMessagePack([...head, body]).length;
}

/** A batch of one as a plain number where that is shorter than a string of its bytes. */
function single({ values, start }: Message, isFloat32: boolean): number {
  if (values.length > 1 || !isFloat32) return Number.POSITIVE_INFINITY;
  return cbor.encode([start, Math.fround(values[0] ?? 0)]).length;
}

/** CBOR and MessagePack with each layout as a byte string, told apart by the topic. */
export function typedCandidates(layouts: readonly Layout[]): readonly Candidate[] {
  return layouts.flatMap(({ setting, risk, width, toBytes }): Candidate[] => {
    // Half bytes leave open whether the last one is a reading.
    const counted = width < 1;
    const common = { family: "typed arrays", setting, risk } as const;
    return [
      {
        ...common,
        way: `CBOR ${setting}`,
        bytes: (message) =>
          Math.min(
            enveloped(message, toBytes(message.values).length, counted && message.values.length % 2 === 1),
            single(message, setting === "float32"),
          ),
      },
      {
        ...common,
        way: `MessagePack ${setting}`,
        bytes: (message) => messagePackBytes(message, toBytes(message.values)),
      },
    ];
  });
}
