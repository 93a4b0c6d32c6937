import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSequenceSet, savedSequences } from "../../src/ingest/sequence-set.ts";

/** The same answers from a plain Set. */
function oracle(all: ReadonlySet<number>) {
  let floor = 0;
  while (all.has(floor)) floor += 1;
  const end = Math.max(-1, ...all) + 1;
  const above = [...all].filter((sequence) => sequence >= floor).sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const sequence of above) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === sequence) last[1] = sequence;
    else ranges.push([sequence, sequence]);
  }
  return { floor, ranges, end, missing: end - all.size };
}

describe("sequence set", () => {
  it("agrees with a plain set after every addition", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 80 }), (sequences) => {
        const set = createSequenceSet(64);
        const all = new Set<number>();
        for (const sequence of sequences) {
          expect(set.has(sequence)).toBe(all.has(sequence));
          expect(set.add(sequence)).toBe(true);
          all.add(sequence);
          const { floor, ranges, end, missing } = set;
          expect({ floor, ranges, end, missing }).toEqual(oracle(all));
          const gaps = set.gaps().flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
          expect(gaps).toEqual(Array.from({ length: end }, (_, i) => i).filter((i) => !all.has(i)));
        }
      }),
      { seed: 1 },
    );
  });

  it("never keeps more ranges than its bound, and refuses without changing", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 120 }), fc.integer({ min: 1, max: 5 }), (sequences, most) => {
        const set = createSequenceSet(most);
        const all = new Set<number>();
        for (const sequence of sequences) {
          const before = oracle(all);
          const took = set.add(sequence);
          if (took) all.add(sequence);
          else expect(oracle(new Set([...all, sequence])).ranges.length).toBeGreaterThan(most);
          const { floor, ranges, end, missing } = set;
          expect({ floor, ranges, end, missing }).toEqual(took ? oracle(all) : before);
          expect(ranges.length).toBeLessThanOrEqual(most);
        }
      }),
      { seed: 2 },
    );
  });

  it("holds the largest sequence of a session in a few numbers", () => {
    const set = createSequenceSet(4);
    expect(set.add(0xffff_ffff)).toBe(true);
    expect(set.gaps()).toEqual([[0, 0xffff_fffe]]);
    expect(set.missing).toBe(0xffff_ffff);
  });

  it("covers ranges and tells what it lacks, as a plain set of numbers would", () => {
    const part = fc.tuple(fc.nat(40), fc.nat(8)).map(([from, length]) => [from, from + length] as const);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), (parts, most) => {
        const set = createSequenceSet(most);
        const plain = new Set<number>();
        for (const [from, to] of parts) {
          const all = Array.from({ length: to - from + 1 }, (_, i) => from + i);
          const lacking = all.filter((sequence) => !plain.has(sequence));
          expect(set.lacking(from, to).flatMap(([a, b]) => all.filter((s) => s >= a && s <= b))).toEqual(lacking);
          const added = set.cover(from, to);
          if (added === undefined) expect(set.ranges).toHaveLength(most);
          else {
            expect(added).toBe(lacking.length);
            for (const sequence of all) plain.add(sequence);
          }
          for (let sequence = 0; sequence < 60; sequence++) expect(set.has(sequence)).toBe(plain.has(sequence));
          expect(set.ranges.length).toBeLessThanOrEqual(most);
          expect(plain.has(set.floor)).toBe(false);
          const copy = createSequenceSet(most, savedSequences(set));
          expect(savedSequences(copy)).toEqual(savedSequences(set));
        }
      }),
      { seed: 9, numRuns: 300 },
    );
  });
});
