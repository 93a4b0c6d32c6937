import { expect, test } from "vitest";
import { decodeMany } from "./decode.ts";
import { faultsOf, fuzzGateway } from "./fuzz.ts";

// `npm run test:fuzz` does the same with ten million.
test("a gateway survives spoiled messages of every kind, and stores what valid devices send", async () => {
  const result = await fuzzGateway({ messages: 60_000, seconds: 20, seed: 7 }, { heap: 256 });
  expect(faultsOf(result)).toEqual([]);
  expect(result.control.limited).toBeGreaterThan(10);
  expect(result.control.malformed).toBeGreaterThan(1000);
  expect(result.control.unknown).toBeGreaterThan(10);
  expect(result.ingest.refusedGrids).toBeGreaterThan(10);
  expect(result.valid.sent).toBeGreaterThan(100);
  expect(Object.keys(result.costs).sort()).toEqual(["birth", "data", "death", "health", "reported"]);
}, 60_000);

test("the decoder refuses spoiled frames with its own error alone", () => {
  const { decoded, refused, codes } = decodeMany(100_000, 7);
  expect(decoded).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(1000);
  expect(Object.keys(codes).length).toBeGreaterThan(5);
});
