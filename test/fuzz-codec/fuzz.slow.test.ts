import { codings } from "@zipml/codec";
import { expect, test } from "vitest";
import { fuzzCodec } from "./fuzz.ts";

// `npm run test:fuzz-codec` does the same with ten million.
test("spoiled frames of every scheme and coding give rows or a DecodeError, in bounded time", () => {
  const { frames, decoded, refused, longest, escapes } = fuzzCodec({ frames: 40_000, seconds: 40, seed: 7 });
  expect(escapes).toEqual([]);
  expect(frames).toBeGreaterThan(10_000);
  expect(decoded).toBeGreaterThan(1000);
  expect(longest).toBeLessThan(500);
  for (const coding of codings)
    expect(Object.keys(refused).filter((key) => key.startsWith(coding)).length, coding).toBeGreaterThan(1);
}, 60_000);
