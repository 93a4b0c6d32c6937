import { createStream } from "@zipml/codec";
import { describe, expect, it } from "vitest";
import { loraAirtimeUs } from "../../../src/links/lorawan/airtime.ts";
import { DutyCycleBudget, offTimeUs } from "../../../src/links/lorawan/duty-cycle.ts";

const hourUs = 3_600_000_000;

/** The most time on air in any hour, by brute force over all windows that start or end at a transmission's edge. */
function worstHour(sent: readonly (readonly [startUs: number, airtimeUs: number])[]): number {
  const ends = sent.flatMap(([start, airtime]) => [start, start + airtime, start + hourUs, start + airtime + hourUs]);
  return Math.max(
    ...ends.map((end) =>
      sent.reduce(
        (sum, [start, airtime]) => sum + Math.max(0, Math.min(end, start + airtime) - Math.max(end - hourUs, start)),
        0,
      ),
    ),
  );
}

function sendAsSoonAsAllowed(airtimes: readonly number[], dutyCycle: number, gapUs: () => number) {
  const budget = new DutyCycleBudget(dutyCycle);
  const sent: [number, number][] = [];
  let now = 0;
  for (const airtimeUs of airtimes) {
    const start = budget.earliestUs(now, airtimeUs);
    budget.note(start, airtimeUs);
    sent.push([start, airtimeUs]);
    now = start + airtimeUs + gapUs();
  }
  return { budget, sent };
}

describe("the budget of a sliding hour", () => {
  it("lets 12 full frames at SF12 through, then makes the 13th wait for the first to leave", () => {
    const airtimeUs = loraAirtimeUs({ spreadingFactor: 12, phyBytes: 64 });
    const { sent } = sendAsSoonAsAllowed(Array(13).fill(airtimeUs), 0.01, () => 0);
    expect(sent[11]?.[0]).toBe(11 * airtimeUs);
    // 13 · 2.793472 s exceed 36 s by so much, which must have left the hour that ends with the 13th.
    expect(sent[12]?.[0]).toBe(hourUs - airtimeUs + (13 * airtimeUs - 36_000_000));
    expect(worstHour(sent)).toBe(36_000_000);
  });

  it("never gives an hour more than the share, and no more than needed is waited", () => {
    const { uniform } = createStream("test/duty-cycle");
    for (const dutyCycle of [0.001, 0.01, 0.1]) {
      const most = (dutyCycle * hourUs) / 20;
      const airtimes = Array.from({ length: 150 }, () => Math.ceil(uniform() * most));
      const gap = () => Math.floor(uniform() * uniform() * 60e6);
      const { sent, budget } = sendAsSoonAsAllowed(airtimes, dutyCycle, gap);
      expect(worstHour(sent)).toBeLessThanOrEqual(budget.budgetUs);
      expect(worstHour(sent)).toBeGreaterThan(0.99 * budget.budgetUs);
      // One microsecond earlier would break the budget wherever waiting was needed.
      const held = sent.findIndex(([start], at) => at > 0 && start > (sent[at - 1]?.[0] ?? 0) + 100e6);
      if (held > 0) {
        const [start, airtime] = sent[held] ?? [0, 0];
        expect(worstHour([...sent.slice(0, held), [start - 1, airtime]])).toBeGreaterThan(budget.budgetUs);
      }
    }
  });

  it("is stricter than the off-time rule, which lets more than 36 s into an hour at SF12", () => {
    const airtimeUs = loraAirtimeUs({ spreadingFactor: 12, phyBytes: 23 });
    const period = airtimeUs + offTimeUs(airtimeUs, 0.01);
    const sent = Array.from({ length: 40 }, (_, i) => [i * period, airtimeUs] as const);
    expect(worstHour(sent)).toBeGreaterThan(36_000_000);
    expect(worstHour(sent) / 1e6).toBeCloseTo(37.07, 2); // 25 of 1.482752 s
  });

  it("tells the time on air of the hour that ends then, and forgets what is over", () => {
    const { budget } = sendAsSoonAsAllowed(Array(100).fill(1_000_000), 0.01, () => 200e6);
    expect(budget.usedUs(1e15)).toBe(0);
    budget.note(1e15, 500);
    expect(budget.usedUs(1e15 + 500)).toBe(500);
  });

  it("refuses a transmission longer than the hour's share, and time running back", () => {
    const budget = new DutyCycleBudget(0.001);
    expect(() => budget.earliestUs(0, 3_600_001)).toThrow(
      expect.objectContaining({ code: "payload", allowed: 3_600_000 }),
    );
    budget.note(100, 50);
    expect(() => budget.note(149, 1)).toThrow(expect.objectContaining({ code: "option" }));
    expect(() => new DutyCycleBudget(0)).toThrow(expect.objectContaining({ code: "option" }));
  });
});
