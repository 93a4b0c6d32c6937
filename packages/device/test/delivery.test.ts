import { TransportError } from "@zipml/protocol";
import { createVirtualClock } from "@zipml/protocol/memory";
import { describe, expect, it } from "vitest";
import { createDelivery, type DeliveryOptions } from "../src/delivery.ts";
import { createMemoryOutbox } from "../src/memory-outbox.ts";
import type { Outbox } from "../src/outbox.ts";
import type { QuarantinedFrame } from "../src/quarantine.ts";
import { sealed } from "./support.ts";

async function setUp(frames: number, given: Partial<DeliveryOptions> = {}, outbox: Outbox = createMemoryOutbox()) {
  const clock = createVirtualClock();
  const options: DeliveryOptions = {
    window: 3,
    resendAfter: 1000,
    sendTimeout: 30_000,
    order: "oldest-first",
    waitForGateway: false,
    ...given,
  };
  const quarantined: QuarantinedFrame[] = [];
  const sent: number[] = [];
  const answers: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  const failures: unknown[] = [];
  for (let sequence = 0; sequence < frames; sequence++) await outbox.seal(sealed(1, sequence));
  const delivery = createDelivery(
    {
      outbox,
      clock,
      publish: ({ sequence }) =>
        new Promise((resolve, reject) => {
          sent.push(sequence);
          answers.push({ resolve, reject });
        }),
      quarantined: (frame) => quarantined.push(frame),
      failed: (error) => failures.push(error),
    },
    options,
  );
  const acknowledge = async (count: number) => {
    for (const { resolve } of answers.splice(0, count)) resolve();
    await clock.settle();
  };
  return { clock, outbox, delivery, sent, answers, failures, quarantined, acknowledge };
}

describe("delivery", () => {
  it("publishes nothing before a connection, then no more than the window, oldest first", async () => {
    const { clock, delivery, sent, acknowledge, outbox } = await setUp(7);
    delivery.wake();
    await clock.settle();
    expect(sent).toEqual([]);
    delivery.resume();
    await clock.settle();
    expect(sent).toEqual([0, 1, 2]);
    await acknowledge(1);
    expect(sent).toEqual([0, 1, 2, 3]);
    await acknowledge(99);
    await acknowledge(99);
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(outbox.usage().frames).toBe(7); // an acknowledgement deletes nothing
    expect(delivery.counts()).toEqual({ published: 7, resent: 0, receipted: 0 });
    delivery.stop();
    expect(clock.sleepers()).toBe(0);
  });

  it("deletes by receipts only and sends the rest again, at waits that double and start over after progress", async () => {
    const { clock, delivery, sent, acknowledge } = await setUp(3);
    delivery.resume();
    await clock.settle();
    await acknowledge(3);
    expect(await delivery.receipt({ session: 1, floor: 0, ranges: [[1, 1]] })).toBe(1);
    sent.length = 0;
    await clock.advance(999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual([0, 2]);
    await acknowledge(2);
    await clock.advance(1999);
    expect(sent).toHaveLength(2);
    await clock.advance(1);
    expect(sent).toEqual([0, 2, 0, 2]);
    await acknowledge(2);
    await delivery.receipt({ session: 1, floor: 1, ranges: [] });
    await clock.advance(1000);
    expect(sent.slice(4)).toEqual([2]);
    await acknowledge(1);
    await delivery.receipt({ session: 1, floor: 3, ranges: [] });
    expect(clock.sleepers()).toBe(0); // nothing left to wait for
    expect(delivery.counts()).toEqual({ published: 3, resent: 5, receipted: 3 });
    delivery.stop();
  });

  it("sends what the gateway asks for before what is new, and leaves out what it no longer has", async () => {
    const { clock, delivery, sent, acknowledge } = await setUp(6);
    delivery.resume();
    await clock.settle();
    delivery.resend(1, [
      [1, 1],
      [40, 45],
    ]);
    delivery.resend(2, [[0, 3]]);
    await acknowledge(3);
    expect(sent).toEqual([0, 1, 2, 1, 3, 4]);
    delivery.resend(1, [[0, 0xffff_ffff]]); // a gateway that asks for everything is answered as well
    await acknowledge(99);
    await acknowledge(99);
    await acknowledge(99);
    expect([...sent.slice(6)].sort()).toEqual([0, 1, 2, 3, 4, 5, 5]);
    delivery.stop();
  });

  it("starts over from the oldest on a new connection; answers of the old one change nothing", async () => {
    const { clock, delivery, sent, answers, failures, acknowledge } = await setUp(9);
    delivery.resume();
    await clock.settle();
    const old = answers.splice(0);
    delivery.pause();
    delivery.resume();
    await clock.settle();
    expect(sent).toEqual([0, 1, 2, 0, 1, 2]);
    for (const { reject } of old) reject(new TransportError("offline", "gone"));
    await clock.settle();
    expect(sent).toHaveLength(6); // the window was not freed by them
    expect(failures).toEqual([]);
    await acknowledge(1);
    expect(sent.slice(6)).toEqual([3]);
    delivery.stop();
  });

  it("starts over also when the connection changes while the outbox is being read", async () => {
    const inner = createMemoryOutbox();
    const held: (() => void)[] = [];
    let slow = false;
    const outbox: Outbox = {
      ...inner,
      frames: async (after, limit) => {
        const found = await inner.frames(after, limit);
        if (slow) await new Promise<void>((resolve) => held.push(resolve));
        return found;
      },
    };
    const { clock, delivery, sent, acknowledge } = await setUp(6, { window: 2, resendAfter: 1000 }, outbox);
    delivery.resume();
    await clock.settle();
    slow = true;
    await acknowledge(2); // it looks for frame 2 now
    delivery.pause();
    delivery.resume();
    slow = false;
    for (const release of held) release();
    await clock.settle();
    expect(sent).toEqual([0, 1, 0, 1]);
    delivery.stop();
  });

  it("tells of a refused publish and tries again by the clock", async () => {
    const { clock, delivery, sent, answers, failures } = await setUp(1);
    delivery.resume();
    await clock.settle();
    answers.splice(0)[0]?.reject(new TransportError("refused", "quota"));
    await clock.settle();
    expect(failures).toMatchObject([{ code: "refused" }]);
    expect(sent).toEqual([0]);
    await clock.advance(1000);
    expect(sent).toEqual([0, 0]);
    delivery.stop();
  });

  it("frees the window of a send that nobody answers, and takes no notice of a late answer", async () => {
    const { clock, delivery, sent, answers, failures, acknowledge } = await setUp(4, {
      window: 2,
      resendAfter: 60_000,
      sendTimeout: 500,
    });
    delivery.resume();
    await clock.advance(499);
    expect(sent).toEqual([0, 1]);
    await clock.advance(1);
    expect(sent).toEqual([0, 1, 2, 3]);
    expect(failures).toMatchObject([{ code: "timeout" }, { code: "timeout" }]);
    for (const { resolve } of answers.splice(0, 2)) resolve();
    await clock.settle();
    await acknowledge(2);
    expect(delivery.counts()).toEqual({ published: 4, resent: 0, receipted: 0 });
    delivery.stop();
    expect(clock.sleepers()).toBe(0);
  });

  it("does not send a frame in quarantine, not even when the gateway asks, until it is tried again", async () => {
    const { clock, delivery, sent, answers, quarantined, acknowledge } = await setUp(2, { window: 1 });
    const refuse = async () => {
      answers.splice(0)[0]?.reject(new TransportError("refused", "no"));
      await clock.settle();
    };
    delivery.resume();
    await clock.settle();
    await refuse();
    await acknowledge(1);
    await clock.advance(1000);
    await refuse();
    await acknowledge(1);
    expect(sent).toEqual([0, 1, 0, 1]);
    expect(quarantined).toEqual([{ session: 1, sequence: 0, offence: "refused", reason: "no" }]);
    expect(delivery.quarantine()).toEqual({ refused: 1, hangUps: 0, reason: "no" });
    expect([delivery.quarantined, delivery.isQuarantined({ session: 1, sequence: 0 })]).toEqual([1, true]);
    delivery.resend(1, [[0, 1]]);
    await clock.settle();
    await acknowledge(1);
    expect(sent.slice(4)).toEqual([1]);
    expect(delivery.retryQuarantined()).toBe(1);
    await clock.settle();
    expect(sent.slice(5)).toEqual([0]);
    delivery.stop();
  });

  it("does not blame a frame for one cut, nor for one that came late", async () => {
    const { clock, delivery, quarantined, acknowledge } = await setUp(1);
    for (const wait of [0, 2000, 0]) {
      delivery.resume();
      await clock.advance(wait);
      delivery.pause();
      if (wait > 0) continue;
      delivery.resume();
      await clock.settle();
      await acknowledge(9);
      delivery.pause();
    }
    expect(quarantined).toEqual([]);
    delivery.stop();
  });

  it("sends a lone frame again a minute after the connection ended on it twice, and forgives it when it gets through", async () => {
    const { clock, delivery, sent, quarantined, acknowledge } = await setUp(1);
    for (let cut = 0; cut < 2; cut++) {
      delivery.resume();
      await clock.advance(100);
      delivery.pause();
    }
    expect(quarantined).toMatchObject([{ sequence: 0, offence: "hang-up" }]);
    delivery.resume();
    await clock.advance(50_000);
    expect([sent.length, delivery.quarantined]).toEqual([2, 1]);
    delivery.pause();
    await clock.advance(10_000);
    delivery.resume();
    await clock.settle();
    expect([sent.length, delivery.quarantined]).toEqual([3, 0]);
    await acknowledge(9);
    delivery.pause();
    delivery.resume();
    await clock.advance(10);
    delivery.pause(); // one cut is once more no proof
    expect(quarantined).toHaveLength(1);
    delivery.stop();
  });

  it("tries a frame that it holds responsible once more after the next acknowledgement, then after two minutes", async () => {
    const { clock, delivery, sent, answers, quarantined, acknowledge } = await setUp(2, { window: 1 });
    const cut = async () => {
      await clock.advance(10);
      answers.splice(0);
      delivery.pause();
      delivery.resume();
      await clock.settle();
    };
    delivery.resume();
    await cut();
    await cut();
    expect([sent, quarantined.length]).toEqual([[0, 0, 1], 1]);
    await acknowledge(1);
    expect(sent).toEqual([0, 0, 1, 0]);
    await cut();
    expect(quarantined).toHaveLength(2);
    await acknowledge(1);
    expect(sent).toEqual([0, 0, 1, 0, 1]);
    const isBack = () => sent.lastIndexOf(0) > 3;
    // looked for whenever frames are sent again: every 16 s by now
    for (let second = 0; second < 140 && !isBack(); second++) {
      await clock.advance(1000);
      if (!isBack()) await acknowledge(9);
      expect(isBack() && second < 119).toBe(false);
    }
    expect(isBack()).toBe(true);
    delivery.stop();
  });
});
