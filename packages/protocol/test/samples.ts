import type { WireGrid, WireSchema } from "../src/messages/grid.ts";
import type { MessageKind, MessageOf } from "../src/messages.ts";

export const schema: WireSchema = {
  channels: [
    { name: "temperature", unit: "°C", range: [-20, 60], role: "feature" },
    { name: "humidity", unit: "%", range: [0, 100], role: "target" },
  ],
};

export const grid = (epoch = 0): WireGrid => ({
  epoch,
  scheme: "count",
  coding: "packed",
  channels: [
    { bits: 4, samples: 2, levels: { kind: "uniform", low: -20, high: 60 } },
    { bits: 8, samples: 1, levels: { kind: "uniform", low: 0, high: 100 } },
  ],
});

const unequalGrid: WireGrid = {
  ...grid(3),
  channels: [
    { bits: 4, samples: 2, levels: { kind: "points", points: [-20, 15.5, 17, 19.25, 60] } },
    { bits: 8, samples: 1, levels: { kind: "uniform", low: 0, high: 100 } },
  ],
};

const ditherGrid: WireGrid = {
  epoch: 4,
  scheme: "dither",
  coding: "packed",
  seed: "plant-7",
  channels: [
    { bits: 4, samples: 1, levels: { kind: "uniform", low: -20, high: 60 } },
    { bits: 8, samples: 1, levels: { kind: "uniform", low: 0, high: 100 } },
  ],
};

const traffic = { messages: 3, payload: 120, bytes: 240 };

/** A message of every kind, with every optional field. */
export const samples: { readonly [Kind in MessageKind]: readonly MessageOf<Kind>[] } = {
  birth: [
    {
      session: 7,
      startedAt: 1_795_305_600_123,
      schema,
      grids: [grid(0), grid(1)],
      earlier: [{ session: 6, startedAt: 1_700_000_000_000, grids: [grid(0)] }],
      software: { name: "zipml", version: "0.1.0" },
      desired: 2,
    },
    { session: 0, startedAt: 0, schema, grids: [grid()], software: { name: "a", version: "b" } },
  ],
  death: [{ session: 0xffff_ffff, reason: "lost" }, { session: 0 }],
  desired: [
    { version: 1, grid: grid(2), batch: { rows: 64, milliseconds: 0.5, bytes: 200 } },
    { version: 0, thin: { ...grid(65_535), channels: grid().channels } },
    { version: 2, grid: unequalGrid },
    { version: 3, grid: ditherGrid },
  ],
  reported: [
    { session: 7, version: 1, status: "applied", from: 2 ** 53 - 1, grid: 2, thin: 9 },
    { session: 7, version: 1, status: "refused", reason: "unknown scheme" },
  ],
  health: [
    {
      session: 7,
      uptime: 1234.5,
      sequence: 99,
      accepted: 1000,
      refused: { total: 2, reasons: { missing: 1, "non-finite": 1 } },
      clipped: { temperature: 4 },
      queued: { rows: 10, frames: 2, bytes: 300 },
      published: 99,
      resent: 3,
      receipted: 97,
      dropped: { rows: 0 },
      thinned: { rows: 12, again: 1, active: true },
      quarantined: { refused: 1, hangUps: 0, reason: "quota" },
      model: 4,
      histogram: {
        channel: "temperature",
        window: 3,
        bins: 256,
        below: 1,
        above: 0,
        counts: Uint8Array.of(0, 255, 1, 7),
      },
      traffic: { sent: traffic, received: traffic },
    },
  ],
  model: [
    {
      version: 4,
      hash: "0123456789abcdef".repeat(4),
      createdAt: 1_795_305_600_000,
      target: { name: "humidity", unit: "%", mean: 50.25, deviation: 12 },
      features: [{ name: "temperature", unit: "°C", mean: 21.5, deviation: 3.25 }],
      weights: { bits: 0, values: [-0.75] },
      intercept: 61,
      estimator: "symmetric",
      solver: "closed-form",
      rows: 10_000,
    },
    {
      version: 5,
      hash: "0".repeat(64),
      createdAt: 0,
      target: { name: "y", unit: "", mean: 0, deviation: 0 },
      features: ["a", "b", "c"].map((name) => ({ name, unit: "", mean: 0, deviation: 1 })),
      weights: { bits: 3, scale: 0.5, codes: Uint8Array.of(0xff, 0x01) },
      intercept: 0,
      estimator: "double",
      solver: "sgd",
      rows: 3,
    },
  ],
  receipt: [
    {
      session: 7,
      floor: 10,
      ranges: [
        [12, 12],
        [14, 20],
      ],
    },
    { session: 7, floor: 0, ranges: [] },
  ],
  command: [
    { name: "birth" },
    { name: "resend", session: 7, ranges: [[0, 3]] },
    {
      name: "refetch",
      session: 7,
      rows: [
        [3, 0],
        [70_000, 255],
      ],
    },
  ],
  state: [{ id: "gateway-1", online: true, at: 1_795_305_600_000, trains: false }],
};

export const kinds = Object.keys(samples) as MessageKind[];
