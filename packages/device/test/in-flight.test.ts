import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createInFlight, type Flight } from "../src/in-flight.ts";

const id = (sequence: number) => ({ session: 1, sequence });

describe("in flight", () => {
  it("tells of each publish that waits too long, once, and keeps no timer when none waits", async () => {
    const clock = createVirtualClock();
    const expired: number[] = [];
    const failures: unknown[] = [];
    const flying = createInFlight(
      clock,
      100,
      ({ id: { sequence } }: Flight) => expired.push(sequence),
      (error) => failures.push(error),
    );
    const first = flying.add(id(0));
    await clock.advance(60);
    flying.add(id(1));
    const third = flying.add(id(2));
    expect(flying.remove(first)).toBe(true);
    expect(flying.remove(first)).toBe(false);
    await clock.advance(99);
    expect(expired).toEqual([]);
    expect(flying.remove(third)).toBe(true);
    await clock.advance(1);
    expect(expired).toEqual([1]);
    expect([flying.size, clock.sleepers()]).toEqual([0, 0]);
    flying.add(id(3));
    expect(flying.flights()).toMatchObject([{ id: id(3), since: clock.now() }]);
    flying.clear();
    await clock.advance(500);
    expect(expired).toEqual([1]);
    expect(failures).toEqual([]);
  });
});
