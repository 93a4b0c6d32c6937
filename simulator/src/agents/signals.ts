import { createStream, type Stream } from "@zipml/codec";
import type { Signal } from "../scenario/sensors.ts";
import type { Position } from "../scenario/weather.ts";

/** The readings of one channel of one device, row after row: each for a time, in seconds from the simulation's start. */
export type SignalSource = (seconds: number) => number;

/** What a signal is made for. */
export interface SignalOwner {
  readonly seed: string;
  readonly channel: string;
  /** Lowest and highest value that is sent as it is. */
  readonly range: readonly [low: number, high: number];
  /** Number of the device. */
  readonly device: number;
  readonly position: Position;
}

const day = 86_400;

/** Cosines that make up a random field: its correlation is that of the limit within about 1/√512. */
const waves = 256;

/** Standard normal number, by Box and Muller's transformation: two words each. */
function normal(stream: Stream): number {
  const radius = Math.sqrt(-2 * Math.log(stream.uniform()));
  return radius * Math.cos(2 * Math.PI * stream.uniform());
}

/** A value brought back between two ends as a mirror would. */
function reflected(value: number, low: number, high: number): number {
  const width = high - low;
  const turn = (((value - low) % (2 * width)) + 2 * width) % (2 * width);
  return low + (turn > width ? 2 * width - turn : turn);
}

function walk(signal: Extract<Signal, { kind: "walk" }>, { range }: SignalOwner, stream: Stream): SignalSource {
  const [low, high] = range;
  let value = signal.start ?? (low + high) / 2;
  let isFirst = true;
  return () => {
    if (!isFirst) value = reflected(value + signal.step * normal(stream), low, high);
    isFirst = false;
    return value;
  };
}

function diurnal(signal: Extract<Signal, { kind: "diurnal" }>, stream: Stream): SignalSource {
  const { amplitude, peakHour, noise, spread } = signal;
  const mean = signal.mean + spread * normal(stream);
  return (seconds) => {
    const turn = seconds / day - peakHour / 24;
    return mean + amplitude * Math.cos(2 * Math.PI * turn) + noise * normal(stream);
  };
}

/** Events of exponential distances and durations, made in order of time as the rows reach them. */
function burst(signal: Extract<Signal, { kind: "burst" }>, stream: Stream, events: Stream): SignalSource {
  const { base, height, perHour, seconds: duration, noise } = signal;
  const gap = () => (-Math.log(events.uniform()) * 3600) / perHour;
  let next = gap();
  const ends: number[] = [];
  return (seconds) => {
    while (next <= seconds) {
      ends.push(next - Math.log(events.uniform()) * duration);
      next += gap();
    }
    const open = ends.filter((end) => end > seconds);
    ends.splice(0, ends.length, ...open);
    return base + (open.length > 0 ? height : 0) + noise * normal(stream);
  };
}

/**
 * A random field as a sum of cosines whose directions and frequencies are drawn from its spectrum: for a correlation that
 * falls as exp(−distance/metres)·exp(−time/seconds) these are Cauchy distributed. The same waves for all devices.
 */
function field(signal: Extract<Signal, { kind: "field" }>, owner: SignalOwner, stream: Stream): SignalSource {
  const { mean, deviation, metres, seconds, noise } = signal;
  const shared = createStream(`simulate/field/${owner.channel}/${owner.seed}`);
  const phases = new Float64Array(waves);
  const speeds = new Float64Array(waves);
  for (let w = 0; w < waves; w++) {
    const spread = Math.abs(normal(shared)) * metres;
    const [kx, ky] = [normal(shared) / spread, normal(shared) / spread];
    phases[w] = 2 * Math.PI * shared.uniform() + kx * owner.position.x + ky * owner.position.y;
    speeds[w] = Math.tan(Math.PI * (shared.uniform() - 0.5)) / seconds;
  }
  const scale = deviation * Math.sqrt(2 / waves);
  return (time) => {
    let sum = 0;
    for (let w = 0; w < waves; w++) sum += Math.cos((phases[w] as number) + (speeds[w] as number) * time);
    return mean + scale * sum + noise * normal(stream);
  };
}

/**
 * The readings of a channel that depends on no other.
 *
 * @param signal Any but `linear`.
 * @param owner Device, channel and seed: each of them has streams of its own.
 */
export function createSignal(signal: Exclude<Signal, { kind: "linear" }>, owner: SignalOwner): SignalSource {
  const stream = createStream(`simulate/reading/${owner.channel}/${owner.seed}`, owner.device);
  switch (signal.kind) {
    case "walk":
      return walk(signal, owner, stream);
    case "diurnal":
      return diurnal(signal, stream);
    case "burst":
      return burst(signal, stream, createStream(`simulate/event/${owner.channel}/${owner.seed}`, owner.device));
    case "field":
      return field(signal, owner, stream);
  }
}

/** What a `linear` channel adds to the weighted sum of the others. */
export function createResidual(signal: Extract<Signal, { kind: "linear" }>, owner: SignalOwner): () => number {
  const stream = createStream(`simulate/reading/${owner.channel}/${owner.seed}`, owner.device);
  return () => signal.offset + signal.noise * normal(stream);
}
