import { expect, it } from "vitest";
import { TransportError } from "../../src/errors.ts";
import { createVirtualClock } from "../../src/memory/index.ts";
import { createPending } from "../../src/mqtt/pending.ts";

type Done = (error?: TransportError) => void;

it("keeps to the window, in order, and counts all that wait", async () => {
  const started: Done[] = [];
  let starts = 0;
  const pending = createPending(createVirtualClock(), 2, 1000, () => {
    starts += 1;
  });
  const runs = [0, 1, 2, 3].map(() => pending.run((done) => started.push(done)));
  expect([started.length, pending.count(), starts]).toEqual([2, 4, 4]);
  started[1]?.();
  await runs[1];
  expect(started.length).toBe(3);
  started[0]?.(new TransportError("refused", "no"));
  await expect(runs[0]).rejects.toMatchObject({ code: "refused" });
  started[2]?.();
  started[3]?.();
  await pending.idle();
  expect(pending.count()).toBe(0);
});

it("fails what waits too long, each at its own time, and keeps its place until the answer", async () => {
  const clock = createVirtualClock();
  const started: Done[] = [];
  const pending = createPending(clock, 1, 1000, () => {});
  const run = () => pending.run((done) => started.push(done)).catch((error) => [error.code, clock.now()]);
  const first = run();
  await clock.advance(400);
  const second = run();
  await clock.advance(2000);
  expect([await first, await second]).toEqual([
    ["timeout", 1000],
    ["timeout", 1400],
  ]);
  expect(started.length).toBe(1);
  const third = pending.run((done) => started.push(done));
  started[0]?.();
  expect(started.length).toBe(2);
  started[1]?.();
  await third;
  expect(pending.count()).toBe(0);
});

it("fails all that wait at the end, and whatever comes after, and leaves no timer", async () => {
  const clock = createVirtualClock();
  const pending = createPending(clock, 1, 1000, () => {});
  const runs = [0, 1].map(() => pending.run(() => {}));
  await clock.settle();
  expect(clock.sleepers()).toBe(1);
  pending.end(new TransportError("offline", "gone"));
  const after = pending.run(() => {});
  expect(await Promise.allSettled([...runs, after])).toMatchObject(
    [1, 2, 3].map(() => ({ status: "rejected", reason: { code: "offline" } })),
  );
  expect(clock.sleepers()).toBe(0);
  await pending.idle();
});

it("refuses a line without end", async () => {
  const pending = createPending(createVirtualClock(), 0, 1000, () => {});
  const runs = Array.from({ length: 16_384 }, () => pending.run(() => {}));
  await expect(pending.run(() => {})).rejects.toMatchObject({ code: "busy" });
  pending.end(new TransportError("offline", "gone"));
  await Promise.allSettled(runs);
});
