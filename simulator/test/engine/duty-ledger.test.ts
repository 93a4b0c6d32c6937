import { createStream } from "@zipml/codec";
import { expect, test } from "vitest";
import { DutyLedger, dutyWindow } from "../../src/engine/duty-ledger.ts";
import { DutyCycleBudget } from "../../src/links/lorawan/duty-cycle.ts";

/** Most air time of any hour, wherever it begins; the worst one ends where a transmission does. In the order of time. */
function worstHour(sent: readonly (readonly [start: number, airtime: number])[]): number {
  let worst = 0;
  let sum = 0;
  let from = 0;
  for (const [start, airtime] of sent) {
    const begin = start + airtime - dutyWindow;
    sum += airtime;
    let oldest = sent[from] ?? [0, 0];
    for (; oldest[0] + oldest[1] <= begin; oldest = sent[from] ?? [0, 0]) {
      sum -= oldest[1];
      from += 1;
    }
    worst = Math.max(worst, sum - Math.max(0, begin - oldest[0]));
  }
  return worst;
}

function saturate(slots: number, exact: boolean, airtimeOf: () => number): [number, number][] {
  const ledger = new DutyLedger(3, 36e6, slots, exact);
  const sent: [number, number][] = [];
  for (let time = 0; time < 5 * dutyWindow; ) {
    const airtime = airtimeOf();
    const start = ledger.earliest(1, time, airtime);
    ledger.add(1, start, airtime);
    sent.push([start, airtime]);
    time = start + airtime;
  }
  return sent;
}

test.each([
  ["SF7 frames, each with an entry", 700, true, 61_696],
  ["SF7 frames in few entries", 40, false, 61_696],
  ["SF12 frames", 20, true, 2_793_472],
])("a device that sends all it may keeps within 36 s in any hour: %s", (_, slots, exact, airtime) => {
  const sent = saturate(slots, exact, () => airtime);
  const worst = worstHour(sent);
  expect(worst).toBeLessThanOrEqual(36e6);
  // With an entry each nothing more would fit; fewer entries waste up to one entry's time.
  if (exact) expect(worst).toBeGreaterThan(36e6 - airtime);
  else expect(worst).toBeGreaterThan(30e6);
});

test("frames of all lengths at random times keep within the budget", () => {
  const stream = createStream("test/duty");
  const sent = saturate(900, true, () => 41_216 + (stream.word() % 2_000_000));
  expect(worstHour(sent)).toBeLessThanOrEqual(36e6);
});

test("the off-time rule, which stacks go by, does not: 37 s and more", () => {
  const airtime = 2_793_472;
  const sent: [number, number][] = [];
  for (let time = 0; time < 3 * dutyWindow; time += airtime / 0.01) sent.push([time, airtime]);
  expect(worstHour(sent)).toBeGreaterThan(36e6);
});

test("it allows no more than the exact budget of the link, and hardly less", () => {
  const stream = createStream("test/budget");
  const ledger = new DutyLedger(1, 36e6, 900, true);
  const budget = new DutyCycleBudget(0.01);
  for (let i = 0, time = 0; i < 800; i++) {
    const airtime = 100_000 + (stream.word() % 400_000);
    const allowed = ledger.earliest(0, time, airtime);
    expect(allowed).toBeGreaterThanOrEqual(budget.earliestUs(time, airtime));
    expect(allowed - budget.earliestUs(time, airtime)).toBeLessThan(36e6);
    ledger.add(0, allowed, airtime);
    budget.note(allowed, airtime);
    time = allowed + airtime + (stream.word() % 5_000_000);
  }
});

test("a ring that is too small for what is asked of it says so", () => {
  const ledger = new DutyLedger(1, 36e6, 2, true);
  ledger.add(0, 0, 1);
  ledger.add(0, 10, 1);
  expect(() => ledger.add(0, 20, 1)).toThrow(RangeError);
});
