import type { ChannelGrid, Coding, Frame } from "../../src/index.ts";

/** What a golden frame is made from. */
export interface FrameCase {
  readonly name: string;
  readonly about: string;
  readonly channels: readonly ChannelGrid[];
  readonly values: readonly (readonly number[])[];
  readonly header: Pick<Frame, "session" | "sequence" | "grid" | "start" | "interval">;
  /** What the grid names; default `packed`. Under `exact` the readings themselves are sent, under others their codes alone. */
  readonly coding?: Coding;
  /** Of scheme `dither`. */
  readonly dither?: { readonly device: string; readonly seed: string };
  /** Else; default `count`. */
  readonly scheme?: "count" | "interval";
}

const channel = (bits: number, samples: number, low: number, high: number): ChannelGrid => ({
  bits,
  samples,
  levels: { kind: "uniform", low, high },
});

const points = (bits: number, samples: number, ...at: readonly number[]): ChannelGrid => ({
  bits,
  samples,
  levels: { kind: "points", points: at },
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
  {
    name: "unequal-levels",
    about: "levels one by one: as many as the codes can carry, fewer, and two; values on levels, between, and clipped",
    channels: [
      points(4, 2, -20, -3.5, 4.25, 9, 13.125, 20, 31.7, 50),
      points(5, 3, 0, 0.1, 12.5, 90),
      points(4, 1, 1e-100, 3e-100),
    ],
    values: [
      [4.25, 0.1, 1e-100],
      [-20, 90, 3e-100],
      [50, 0, 2e-100],
      [51, -0.25, 1.5e-100],
      [11.2, 0.07, 2.9e-100],
      [-3.4, 44.4, 1.1e-100],
      [31.6, 12.4, 2e-100],
    ],
    header: { session: 12, sequence: 1, grid: 3, start: 0, interval: 250 },
  },
  {
    name: "interval",
    about:
      "scheme interval: one draw and two, equal and unequal levels, values between, on levels, on both ends and clipped",
    channels: [channel(3, 1, -20, 50), channel(4, 2, 0, 100), points(5, 2, 0, 0.1, 12.5, 90)],
    values: [
      [21.5, 40, 12.5],
      [15, 61, 6],
      [-20, 0, 0],
      [50, 100, 90],
      [63, -4, 91],
      [-2.5, 20, 0.1],
    ],
    header: { session: 9, sequence: 2, grid: 4, start: 0, interval: 250 },
    scheme: "interval",
  },
  {
    name: "interval-rice",
    about: "coding rice of scheme interval: the codes are coded as any others",
    channels: [channel(4, 1, 0, 8), channel(4, 2, -1, 1)],
    values: Array.from({ length: 24 }, (_, r) => [3.3 + r / 24, r < 20 ? 0.31 : -0.62]),
    header: { session: 9, sequence: 3, grid: 5, start: 1500, interval: 250 },
    scheme: "interval",
    coding: "rice",
  },
  {
    name: "dither",
    about: "scheme dither: three widths, values inside, on both ends and clipped, and a channel without width",
    channels: [channel(3, 1, -20, 50), channel(8, 1, 0, 100), channel(16, 1, 300, 1100), channel(2, 1, 5, 5)],
    values: [
      [21.5, 43.75, 1013.25, 5],
      [20, 44.5, 1013.3, 5],
      [-20, 0, 300, 5],
      [50, 100, 1100, 5],
      [55.5, -1, 1012.9, 5.5],
      [19.875, 46.25, 1013.1, 5],
    ],
    header: { session: 4_275_878_552, sequence: 70_000, grid: 4, start: 9000, interval: 1000 },
    dither: { device: "node-1", seed: "plant-7" },
  },
  {
    name: "dither-next",
    about: "the same device's next frame, one row: other words for the same values",
    channels: [channel(3, 1, -20, 50), channel(8, 1, 0, 100)],
    values: [[21.5, 43.75]],
    header: { session: 4_275_878_552, sequence: 70_001, grid: 5, start: 15_000, interval: 0 },
    dither: { device: "node-1", seed: "plant-7" },
  },
  {
    name: "rice",
    about:
      "coding rice: differences of both signs, at both ends of the alphabet, an escape, a channel that stands still",
    coding: "rice",
    channels: [channel(4, 2, -20, 50), channel(16, 1, 0, 65_535), channel(8, 1, -1, 1)],
    values: Array.from({ length: 24 }, (_, r) => [
      [20, 22, 21, 25, -20, -20, 50, 50][r % 8] ?? 0,
      30_000 + (r === 4 ? 35_535 : ([0, 3, 7, 2, 9, 4, 1, -5][r % 8] ?? 0)),
      1,
    ]),
    header: { session: 7, sequence: 4, grid: 6, start: 1000, interval: 500 },
  },
  {
    name: "arithmetic",
    about:
      "coding arithmetic: a quiet channel with jumps outside the window, one of wide differences, one that stands still",
    coding: "arithmetic",
    channels: [channel(8, 1, 0, 255), channel(16, 1, 0, 65_535), channel(4, 2, 0, 14)],
    values: Array.from({ length: 64 }, (_, r) => [
      r === 20 ? 250 : r > 50 ? 9 : 100 + (r % 16 === 5 ? 1 : 0),
      32_000 + Math.round(2000 * Math.sin(r / 3)) + (r === 30 ? 31_000 : 0),
      14,
    ]),
    header: { session: 7, sequence: 5, grid: 7, start: 13_000, interval: 500 },
  },
  {
    name: "arithmetic-dither",
    about:
      "coding arithmetic of scheme dither: the dither is used where it helps, and not in a channel that stands still on an end",
    coding: "arithmetic",
    channels: [channel(6, 1, 0, 63), channel(3, 1, 0, 7), channel(12, 1, 0, 4095)],
    values: Array.from({ length: 40 }, (_, r) => [30 + r / 20, 0, 2000 + 40 * Math.round(10 * Math.sin(r / 5))]),
    header: { session: 7, sequence: 6, grid: 8, start: 37_000, interval: 500 },
    dither: { device: "node-1", seed: "plant-7" },
  },
  {
    name: "exact",
    about:
      "coding exact, numbers in rice: a unit of 25 hundredths, negative readings, one that stands still, one outside its range",
    coding: "exact",
    channels: [channel(4, 2, -20, 50), channel(4, 2, -20, 50), channel(8, 1, 0, 1), channel(8, 1, 0, 1)],
    values: [
      [21.5, -3.1, 0, 0.125],
      [21.75, -3.2, 0, 0.125],
      [21.75, -2.9, 0, 0.125],
      [21.5, 0.4, 0, 7.5],
      [21.25, -3, 0, 0.125],
    ],
    header: { session: 7, sequence: 7, grid: 9, start: 57_000, interval: 500 },
  },
  {
    name: "exact-arithmetic",
    about: "coding exact, numbers in arithmetic: readings that seldom change",
    coding: "exact",
    channels: [channel(4, 2, -20, 50)],
    values: Array.from({ length: 60 }, (_, r) => [r < 17 ? 21.4 : r < 50 ? 21.5 : 21.6]),
    header: { session: 7, sequence: 8, grid: 10, start: 60_000, interval: 500 },
  },
  {
    name: "whole-hours",
    about: "a row an hour, the 40th frame of six rows, two rows behind: dt in hours, t0 counted from where it was due",
    channels: [channel(4, 2, -20, 50)],
    values: [[4.5], [4.25], [4], [4.5], [5], [7.25]],
    header: { session: 7, sequence: 40, grid: 11, start: 242 * 3_600_000, interval: 3_600_000 },
  },
  {
    name: "minutes-early",
    about: "a row in 15 minutes, more in this frame than in those before: t0 is before it was due, so it counts from 0",
    channels: [channel(4, 2, -20, 50)],
    values: [[4.5], [4.25], [4], [4.5], [5], [7.25]],
    header: { session: 7, sequence: 40, grid: 11, start: 90 * 900_000, interval: 900_000 },
  },
  {
    name: "late-milliseconds",
    about: "dt of no whole seconds: t0 in milliseconds from where it was due",
    channels: [channel(4, 2, -20, 50)],
    values: [[4.5], [4.25], [4]],
    header: { session: 7, sequence: 5, grid: 11, start: 15 * 40 + 7, interval: 40 },
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
  { name: "sound", code: "", hex: "8808070301222c03444df9e20e" },
  { name: "above the size limit", code: "size", hex: "8808070301222c03444df9e20e", limits: { maxBytes: 12 } },
  { name: "a byte short", code: "truncated", hex: "8808070301222c03444df9e2" },
  { name: "four billion deltas", code: "range", hex: "88080703010e9affffffff" },
  { name: "a byte too many", code: "trailing", hex: "8808070301222c03444df9e20e00" },
  { name: "a map in place of the array", code: "type", hex: "a808070301222c03444df9e20e" },
  { name: "a negative session", code: "type", hex: "8808260301222c03444df9e20e" },
  { name: "a session of two bytes where one does", code: "form", hex: "880818070301222c03444df9e20e" },
  { name: "version 2", code: "version", hex: "8810070301222c03444df9e20e" },
  { name: "version 2 with nine fields", code: "version", hex: "8910070301222c03444df9e20e00" },
  { name: "version 0", code: "version", hex: "8800070301222c03444df9e20e" },
  { name: "coding 4", code: "coding", hex: "880c070301222c03444df9e20e" },
  { name: "grid 65,536", code: "range", hex: "880807031a00010000222c03444df9e20e" },
  { name: "t0 beyond its range", code: "range", hex: "88080703013b000fffffffffffff2c03444df9e20e" },
  {
    name: "t0 from the start of the session where it is after the time expected",
    code: "form",
    hex: "88080703010e2c03444df9e20e",
  },
  { name: "t0 after the time expected where intervals differ", code: "form", hex: "8808070301228301010103444df9e20e" },
  { name: "dt of 1,194 hours", code: "range", hex: "880807030122390dfd03444df9e20e" },
  { name: "60 seconds in place of a minute", code: "form", hex: "88080703012238b103444df9e20e" },
  { name: "60 minutes in place of an hour", code: "form", hex: "88080703012238b203444df9e20e" },
  { name: "5,000 ms in place of 5 seconds", code: "form", hex: "880807030139271019138803444df9e20e" },
  { name: "more rows than allowed", code: "range", hex: "8808070301222c03444df9e20e", limits: { maxRows: 3 } },
  { name: "nine fields", code: "length", hex: "8908070301222c03444df9e20e00" },
  { name: "two deltas for four rows", code: "length", hex: "88080703010e82010103444df9e20e" },
  { name: "a body one byte short for its rows", code: "length", hex: "8808070301222c03434df9e2" },
  { name: "an unused bit set", code: "padding", hex: "8808070301222c03444df9e21e" },
  { name: "a code above the top code", code: "code", hex: "8808070301222c03447df9e20e" },
  { name: "rice, sound", code: "", hex: "8809070301222c034653ab532aab01" },
  { name: "rice, a byte too many", code: "length", hex: "8809070301222c034753ab532aab0100" },
  { name: "rice, a byte short", code: "length", hex: "8809070301222c034553ab532aab" },
  { name: "rice, a parameter above the width", code: "range", hex: "8809070301222c034659ab532aab01" },
  { name: "rice, an escape without need", code: "form", hex: "8809070301222c034751000000000000" },
  { name: "rice, an unused bit set", code: "padding", hex: "8809070301222c034653ab532aab81" },
  {
    name: "rice, more codes than allowed",
    code: "range",
    hex: "8809070301222c199c3f425000",
    limits: { maxRows: 65_535 },
  },
  { name: "arithmetic, sound", code: "", hex: "880a070301222c03467b53e497a839" },
  { name: "arithmetic, a zero at the end", code: "form", hex: "880a070301222c03477b53e497a83900" },
  { name: "arithmetic, longer than it need be", code: "form", hex: "880a070301222c03477b53e497a83901" },
  { name: "arithmetic, bytes that nothing needs", code: "length", hex: "880a070301222c034c7b53e497a839010203040506" },
  { name: "arithmetic, no codes at all", code: "form", hex: "880a070301222c0345ffffffffff" },
  { name: "exact, sound", code: "", hex: "880b070301222c034742000438148114" },
  { name: "exact, two bytes short", code: "length", hex: "880b070301222c03454200043814" },
  { name: "exact, a zero with a sign", code: "form", hex: "880b070301222c034742040438148114" },
];
