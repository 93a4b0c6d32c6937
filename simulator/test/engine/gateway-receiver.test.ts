import { createStream } from "@zipml/codec";
import { expect, test } from "vitest";
import { GatewayReceiver, pending } from "../../src/engine/gateway-receiver.ts";
import { outcome } from "../../src/engine/outcome.ts";
import { ratioOfDecibels } from "../../src/links/elementary.ts";
import { destroyedBy, type Signal } from "../../src/links/lorawan/interference.ts";

const plain = { channels: 2, demodulators: 64, captureDb: 6, crossInterference: true };

/** Whether the first signal survives the others, by the receiver; device 0 is the wanted one. */
function survives(signals: readonly Signal[]): boolean {
  const receiver = new GatewayReceiver(signals.length, plain);
  const order = signals
    .map((_, i) => i)
    .sort((a, b) => (signals[a]?.startUs ?? 0) - (signals[b]?.startUs ?? 0) || a - b);
  for (const i of order) {
    const { frequencyHz, spreadingFactor, powerDbm, startUs, endUs } = signals[i] as Signal;
    const channel = frequencyHz === 868_100_000 ? 0 : 1;
    receiver.start(i, channel, startUs, endUs - startUs, spreadingFactor - 7, ratioOfDecibels(powerDbm), true);
  }
  return receiver.take(0) === outcome.received;
}

const signal = (spreadingFactor: number, powerDbm: number, endUs = 2e6, startUs = 0): Signal => ({
  frequencyHz: 868_100_000,
  spreadingFactor,
  powerDbm,
  startUs,
  endUs,
});
const wanted = signal(7, 14);

test.each([
  ["7 dB weaker, same factor", [signal(7, 7)], true],
  ["6 dB weaker, same factor", [signal(7, 8)], false],
  ["6 dB weaker for half of the time", [signal(7, 8, 1e6)], true],
  ["SF8, 16 dB stronger", [signal(8, 30)], true],
  ["SF8, 17 dB stronger", [signal(8, 31)], false],
  ["SF10, 17 dB stronger", [signal(10, 31)], true],
  ["three of SF8, 16 dB stronger: they add up", [signal(8, 30), signal(8, 30), signal(8, 30)], false],
  ["SF8, 9 and 10, 16 dB stronger: they do not", [signal(8, 30), signal(9, 30), signal(10, 30)], true],
  ["another channel", [{ ...signal(7, 40), frequencyHz: 868_300_000 }], true],
] as const)("ns-3's case: %s", (_, others, expected) => {
  expect(survives([wanted, ...others])).toBe(expected);
  expect(destroyedBy(wanted, [wanted, ...others]) === undefined).toBe(expected);
});

test("signals at random fare as the link's own rule says", () => {
  const stream = createStream("test/receiver");
  const pick = (count: number): number => stream.word() % count;
  let lost = 0;
  for (let round = 0; round < 400; round++) {
    const signals = Array.from({ length: 2 + pick(12) }, (): Signal => {
      const startUs = pick(3_000_000);
      const frequencyHz = pick(3) === 0 ? 868_300_000 : 868_100_000;
      return {
        frequencyHz,
        spreadingFactor: 7 + pick(6),
        powerDbm: -100 + pick(30),
        startUs,
        endUs: startUs + 50_000 + pick(2_000_000),
      };
    });
    const [first] = signals;
    if (first === undefined) continue;
    const expected = destroyedBy(first, signals) === undefined;
    if (!expected) lost += 1;
    expect(survives(signals)).toBe(expected);
  }
  expect(lost).toBeGreaterThan(40); // both sides are met
});

test("many at a time: room grows, and all are told", () => {
  const count = 100;
  const receiver = new GatewayReceiver(count, { ...plain, crossInterference: false, demodulators: 64 });
  for (let device = 0; device < count; device++) receiver.start(device, 0, device, 1e6, device % 6, 1, true);
  const verdicts = Array.from({ length: count }, (_, device) => receiver.take(device));
  expect(verdicts.slice(0, 64).every((verdict) => verdict === outcome.collided)).toBe(true);
  expect(verdicts.slice(64).every((verdict) => verdict === outcome.noDemodulator)).toBe(true);
});

test("demodulators are bound while they receive; what is too weak binds none", () => {
  const receiver = new GatewayReceiver(4, { ...plain, demodulators: 1 });
  receiver.start(0, 0, 0, 100, 0, 1, false);
  receiver.start(1, 1, 10, 100, 0, 1, true);
  receiver.start(2, 0, 50, 100, 3, 1, true);
  receiver.start(3, 0, 110, 100, 5, 1, true);
  expect([0, 1, 2, 3].map((device) => receiver.take(device))).toEqual([
    outcome.underSensitivity,
    outcome.received,
    outcome.noDemodulator,
    outcome.received,
  ]);
});

test("a downlink cuts off what is received and shuts out what begins meanwhile", () => {
  const receiver = new GatewayReceiver(4, plain);
  receiver.start(0, 0, 0, 100, 0, 1, true);
  receiver.start(1, 1, 20, 200, 0, 1, true);
  expect(receiver.send(100, 150)).toBe(true);
  expect(receiver.send(120, 170)).toBe(false);
  receiver.start(2, 0, 140, 100, 3, 1, true);
  receiver.start(3, 0, 240, 100, 3, 1, true);
  expect([0, 1, 2, 3].map((device) => receiver.take(device))).toEqual([
    outcome.received,
    outcome.gatewayBusy,
    outcome.gatewayBusy,
    outcome.received,
  ]);
});

test("numbers may be changed while a signal lasts, and used again after it", () => {
  const receiver = new GatewayReceiver(1, plain);
  receiver.reserve(3);
  receiver.start(0, 0, 0, 100, 0, 1, true);
  receiver.start(2, 0, 50, 100, 0, 1000, true);
  receiver.rename(2, 1);
  receiver.start(2, 0, 120, 100, 3, 1, false);
  expect([...receiver.verdicts]).toEqual([outcome.collided, pending, pending]);
  receiver.settle();
  expect([...receiver.verdicts]).toEqual([outcome.collided, outcome.received, outcome.underSensitivity]);
  receiver.start(0, 0, 500, 100, 0, 1, true);
  expect(receiver.verdicts[0]).toBe(pending);
  expect(receiver.take(0)).toBe(outcome.received);
});
