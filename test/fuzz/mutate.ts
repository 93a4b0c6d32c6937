import type { Chooser } from "./random.ts";

/** One way of spoiling bytes. */
type Mutation = (bytes: Uint8Array, choose: Chooser, other: Uint8Array) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

const changed = (bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array => {
  const copy = bytes.slice();
  if (copy.length > 0) change(copy);
  return copy;
};

/** Heads that announce much: long texts, byte strings, arrays and maps, tags, indefinite lengths, floats. */
const heads = [
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0, 0, 0, 1, 0, 0, 0, 0],
  [0x5a, 0xff, 0xff, 0xff, 0xff],
  [0xba, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0, 1, 0, 0],
  [0x7a, 0, 0, 0xff, 0xff],
  [0xc2, 0x59, 0x40, 0],
  [0xc1, 0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
  [0x9f],
  [0xbf],
  [0x5f],
  [0xff],
  [0xf9, 0x7e, 0],
  [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xd8, 0x1d, 0],
].map((bytes) => Uint8Array.from(bytes));

const mutations: Readonly<Record<string, Mutation>> = {
  flip: (bytes, choose) =>
    changed(bytes, (copy) => {
      for (let i = 0; i <= choose.below(4); i++) {
        const at = choose.below(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << choose.below(8));
      }
    }),
  set: (bytes, choose) =>
    changed(bytes, (copy) => {
      copy[choose.below(copy.length)] = choose.pick([
        0,
        0x17,
        0x18,
        0x1b,
        0x7f,
        0x80,
        0x9f,
        0xf6,
        0xf7,
        0xff,
        choose.below(256),
      ]);
    }),
  head: (bytes, choose) =>
    changed(bytes, (copy) => {
      copy[choose.below(Math.min(12, copy.length))] = choose.below(256);
    }),
  cut: (bytes, choose) => bytes.slice(0, choose.below(bytes.length + 1)),
  behead: (bytes, choose) => bytes.slice(choose.below(bytes.length + 1)),
  grow: (bytes, choose) =>
    joined(
      bytes,
      Uint8Array.from({ length: 1 + choose.below(16) }, () => choose.below(256)),
    ),
  insert: (bytes, choose) => {
    const at = choose.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), choose.pick(heads), bytes.subarray(at));
  },
  overwrite: (bytes, choose) =>
    changed(bytes, (copy) => {
      const head = choose.pick(heads).subarray(0, copy.length);
      copy.set(head, choose.below(copy.length - head.length + 1));
    }),
  repeat: (bytes, choose) => {
    const from = choose.below(bytes.length + 1);
    const part = bytes.subarray(from, from + choose.below(64));
    return joined(bytes.subarray(0, from), part, part, part, bytes.subarray(from));
  },
  splice: (bytes, choose, other) =>
    joined(bytes.subarray(0, choose.below(bytes.length + 1)), other.subarray(choose.below(other.length + 1))),
  nest: (bytes, choose) =>
    joined(
      new Uint8Array(1 + choose.below(choose.oneIn(50) ? 20_000 : 40)).fill(choose.pick([0x81, 0x9f, 0xc1, 0xa1])),
      bytes,
    ),
  garbage: (_bytes, choose) => Uint8Array.from({ length: 1 + choose.below(64) }, () => choose.below(256)),
  swap: (_bytes, _choose, other) => other,
  keep: (bytes) => bytes,
};

/** Names of all ways. */
export const mutationNames: readonly string[] = Object.keys(mutations);

/**
 * Spoils bytes in one way, at times in two.
 *
 * @param other Another message, for ways that mix two.
 */
export function mutate(
  bytes: Uint8Array,
  choose: Chooser,
  other: Uint8Array,
): { readonly how: string; readonly bytes: Uint8Array } {
  const how = choose.pick(mutationNames);
  const once = (mutations[how] as Mutation)(bytes, choose, other);
  if (!choose.oneIn(4)) return { how, bytes: once };
  const again = choose.pick(mutationNames);
  return { how: `${how}+${again}`, bytes: (mutations[again] as Mutation)(once, choose, other) };
}
