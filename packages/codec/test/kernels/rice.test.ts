import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRicePlainly, encodeRicePlainly } from "../../src/coding/rice.ts";
import { riceByKernel, unriceByKernel } from "../../src/kernels/rice.ts";
import { createStream } from "../../src/stream.ts";

type Channels = readonly { readonly bits: number; readonly top: number }[];

/** Codes that stand still, wander or jump, by channel. */
function codesOf(channels: Channels, rows: number, seed: number): Uint16Array {
  const words = createStream("rice", seed);
  const codes = new Uint16Array(rows * channels.length);
  for (const [c, { top }] of channels.entries()) {
    const step = [0, 1, 3, 20, top][words.word() % 5] as number;
    let code = words.word() % (top + 1);
    for (let row = 0; row < rows; row++) {
      codes[row * channels.length + c] = code;
      const next = code + Math.round((words.uniform() * 2 - 1) * step * 1.3);
      code = words.word() % 64 === 0 ? words.word() % (top + 1) : Math.min(Math.max(next, 0), top);
    }
  }
  return codes;
}

const channel = fc
  .integer({ min: 1, max: 15 })
  .chain((bits) => fc.record({ bits: fc.constant(bits), top: fc.integer({ min: 1, max: 2 ** bits - 1 }) }));
const channelLists = fc.array(channel, { minLength: 1, maxLength: 11 });

function tryPlainly(body: Uint8Array, rows: number, channels: Channels): Uint16Array | undefined {
  try {
    return decodeRicePlainly(body, rows, { channels });
  } catch {
    return undefined;
  }
}

describe("the kernels of coding rice", () => {
  it("write and read the bodies of plain TypeScript", () => {
    fc.assert(
      fc.property(channelLists, fc.integer({ min: 16, max: 200 }), fc.nat(), (channels, rows, seed) => {
        const codes = codesOf(channels, rows, seed);
        const body = encodeRicePlainly(codes, { channels }, Number.POSITIVE_INFINITY) as Uint8Array;
        expect(riceByKernel(codes, { channels }, Number.POSITIVE_INFINITY)).toEqual(body);
        expect(riceByKernel(codes, { channels }, body.length)).toBe("above");
        expect(riceByKernel(codes, { channels }, body.length + 1)).toEqual(body);
        expect(unriceByKernel(body, codes.length, { channels })).toEqual(codes);
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it("take a single row, and the most codes that one call may have", () => {
    for (const [columns, rows] of [
      [20, 1],
      [8, 2048],
    ] as const) {
      const channels = Array(columns).fill({ bits: 15, top: 32_767 });
      const codes = codesOf(channels, rows, 1);
      const body = encodeRicePlainly(codes, { channels }, Number.POSITIVE_INFINITY) as Uint8Array;
      expect(riceByKernel(codes, { channels }, Number.POSITIVE_INFINITY)).toEqual(body);
      expect(unriceByKernel(body, codes.length, { channels })).toEqual(codes);
    }
  });

  it("read changed bodies as plain TypeScript does, or leave them to it", () => {
    fc.assert(
      fc.property(channelLists, fc.integer({ min: 16, max: 60 }), fc.nat(), (channels, rows, seed) => {
        const codes = codesOf(channels, rows, seed);
        const body = encodeRicePlainly(codes, { channels }, Number.POSITIVE_INFINITY) as Uint8Array;
        const words = createStream("changes", seed);
        for (let turn = 0; turn < 12; turn++) {
          const changed = body.slice(0, turn % 3 === 0 ? words.word() % (body.length + 1) : body.length);
          if (changed.length > 0) {
            const at = words.word() % changed.length;
            changed[at] = (changed[at] as number) ^ (1 << (words.word() & 7));
          }
          expect(unriceByKernel(changed, codes.length, { channels })).toEqual(tryPlainly(changed, rows, channels));
        }
      }),
      { numRuns: 200, seed: 6 },
    );
  });

  it("leave alphabets beyond 15 bits to plain TypeScript", () => {
    const channels = [{ bits: 16, top: 40_000 }];
    expect(riceByKernel(new Uint16Array(64), { channels }, Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(unriceByKernel(new Uint8Array(8), 64, { channels })).toBeUndefined();
  });
});
