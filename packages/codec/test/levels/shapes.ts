import { createStream } from "../../src/stream.ts";

/** A generator of numbers from 0 to 1, both excluded, seeded by a name. */
export type Uniform = () => number;

export function uniformSource(name: string): Uniform {
  const stream = createStream(`levels/${name}`);
  return () => stream.uniform();
}

/** A standard normal number (Box and Muller). */
export function normal(next: Uniform): number {
  return Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}

/** Families of small columns: smooth, tied, skewed, whole, clustered. */
export const shapes: Readonly<Record<string, (next: Uniform) => number>> = {
  uniform: (next) => next(),
  normal,
  lognormal: (next) => Math.exp(1.5 * normal(next)),
  tied: (next) => Math.floor(next() * 6) / 4,
  integer: (next) => Math.round(normal(next) * 40),
  evenly: (next) => Math.floor(next() * 24),
  clusters: (next) => (next() < 0.5 ? 100 : -3) + 0.01 * normal(next),
};

/** A whole number from 0 to below `bound`. */
export function below(next: Uniform, bound: number): number {
  return Math.floor(next() * bound);
}
