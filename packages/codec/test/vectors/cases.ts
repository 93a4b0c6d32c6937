import type { ChannelGrid, Frame } from "../../src/index.ts";

/** What a golden frame is made from. */
export interface FrameCase {
  readonly name: string;
  readonly about: string;
  readonly channels: readonly ChannelGrid[];
  readonly values: readonly (readonly number[])[];
  readonly header: Pick<Frame, "session" | "sequence" | "grid" | "start" | "interval">;
}

const channel = (bits: number, samples: number, low: number, high: number): ChannelGrid => ({
  bits,
  samples,
  levels: { kind: "uniform", low, high },
});

/** The golden frames, from the plainest to the largest numbers. */
export const frameCases: readonly FrameCase[] = [
  {
    name: "one-bit",
    about: "one channel of one bit and one draw, ten rows at equal intervals: the last body byte is half used",
    channels: [channel(1, 1, 0, 1)],
    values: [[0], [1], [0.5], [0.25], [0.75], [0.5], [0.1], [0.9], [0.5], [1]],
    header: { session: 1, sequence: 0, grid: 0, start: 0, interval: 1000 },
  },
  {
    name: "mixed-widths",
    about: "three channels of different widths and draws, a value on a level, one on each end, one clipped",
    channels: [channel(4, 2, -20, 50), channel(6, 3, 0, 100), channel(8, 1, -1, 1)],
    values: [
      [21.5, 43.75, 0.125],
      [20, 44.5, -0.0625],
      [-20, 100, 1],
      [55.5, 0, -1],
      [19.875, 46.25, 0.333],
    ],
    header: { session: 7, sequence: 3, grid: 1, start: 86_400_000, interval: 500 },
  },
  {
    name: "irregular-times",
    about: "four rows whose intervals differ, so that dt is an array",
    channels: [channel(4, 2, 0, 10), channel(4, 2, 0, 10)],
    values: [
      [1, 2],
      [3.25, 4.5],
      [5.125, 6.75],
      [7.7, 8.8],
    ],
    header: { session: 4_275_878_552, sequence: 24, grid: 23, start: 256, interval: [1, 300, 70_000] },
  },
  {
    name: "one-row",
    about: "a single row; dt says nothing then and is 0",
    channels: [channel(3, 2, -1, 1), channel(2, 1, 5, 5)],
    values: [[0.2, 5]],
    header: { session: 0, sequence: 0, grid: 0, start: 12, interval: 0 },
  },
  {
    name: "sixteen-bits",
    about: "the largest width, with one draw and with two",
    channels: [channel(16, 1, -40, 125), channel(16, 2, 300, 1100)],
    values: [
      [21.337, 1013.25],
      [-40, 300],
      [125, 1100],
      [21.3371, 1013.251],
    ],
    header: { session: 99, sequence: 255, grid: 24, start: 65_535, interval: 65_536 },
  },
  {
    name: "fifteen-draws",
    about: "k = 15 at 4 bits, where there is one interval, and at 8 bits, where there are 17",
    channels: [channel(4, 15, 0, 1), channel(8, 15, 0, 1)],
    values: [
      [0.5, 0.5],
      [0.1, 0.1],
      [0.987, 0.987],
      [1, 1],
    ],
    header: { session: 256, sequence: 65_535, grid: 2, start: 1, interval: 1 },
  },
  {
    name: "large-numbers",
    about: "every number of the header in its longest form",
    channels: [channel(5, 4, -1, 1)],
    values: Array.from({ length: 300 }, (_, i) => [(i - 150) / 160]),
    header: {
      session: 4_294_967_295,
      sequence: 4_294_967_295,
      grid: 65_535,
      start: 4_503_599_627_370_495,
      interval: 4_294_967_295,
    },
  },
];

/** Bytes that a decoder must refuse, and with what. */
export interface ErrorCase {
  readonly name: string;
  readonly code: string;
  readonly hex: string;
  /** Limits other than the defaults. */
  readonly limits?: { readonly maxBytes?: number; readonly maxRows?: number };
}

/** The channels that the bodies of the negative vectors are read with: 3 bits and one draw, 4 bits and two draws. */
export const errorChannels: readonly ChannelGrid[] = [channel(3, 1, 0, 1), channel(4, 2, 0, 1)];

/** At least one for every code; all differ in one place from the sound frame that comes first. */
export const errorCases: readonly ErrorCase[] = [
  { name: "sound", code: "", hex: "890107030100190100182804444df9e20e" },
  { name: "above the size limit", code: "size", hex: "890107030100190100182804444df9e20e", limits: { maxBytes: 16 } },
  { name: "a byte short", code: "truncated", hex: "890107030100190100182804444df9e2" },
  { name: "four billion deltas", code: "range", hex: "8901070301001901009affffffff" },
  { name: "a byte too many", code: "trailing", hex: "890107030100190100182804444df9e20e00" },
  { name: "a map in place of the array", code: "type", hex: "a90107030100190100182804444df9e20e" },
  { name: "a negative session", code: "type", hex: "890126030100190100182804444df9e20e" },
  { name: "a session of two bytes where one does", code: "form", hex: "89011807030100190100182804444df9e20e" },
  { name: "version 2", code: "version", hex: "890207030100190100182804444df9e20e" },
  { name: "version 2 with ten fields", code: "version", hex: "8a0207030100190100182804444df9e20e00" },
  { name: "coding 1", code: "coding", hex: "890107030101190100182804444df9e20e" },
  { name: "grid 65,536", code: "range", hex: "890107031a0001000000190100182804444df9e20e" },
  { name: "no rows", code: "range", hex: "890107030100190100182800444df9e20e" },
  { name: "more rows than allowed", code: "range", hex: "890107030100190100182804444df9e20e", limits: { maxRows: 3 } },
  { name: "ten fields", code: "length", hex: "8a0107030100190100182804444df9e20e00" },
  { name: "two deltas for four rows", code: "length", hex: "89010703010019010082010104444df9e20e" },
  { name: "a body one byte short for its rows", code: "length", hex: "890107030100190100182804434df9e2" },
  { name: "an unused bit set", code: "padding", hex: "890107030100190100182804444df9e21e" },
  { name: "a code above the top code", code: "code", hex: "890107030100190100182804447df9e20e" },
];
