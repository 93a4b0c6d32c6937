import { expect, it } from "vitest";
import { createEventQueue } from "../../src/event-queue.ts";
import { createIntake } from "../../src/mqtt/intake.ts";
import type { TransportMessage } from "../../src/transport.ts";

const message: TransportMessage = {
  type: "message",
  topic: "a",
  payload: new Uint8Array(),
  retained: false,
  duplicate: false,
};

function setUp() {
  const state = { operations: 0, accepted: 0 };
  const queue = createEventQueue(() => intake.review());
  const intake = createIntake(queue, () => state.operations);
  const events = queue.events()[Symbol.asyncIterator]();
  /** Offers messages as a connection does: the next one only when the last was accepted. */
  const offer = (most: number) => {
    let offered = 0;
    while (offered === state.accepted && offered < most) {
      offered += 1;
      intake.take(message, () => {
        state.accepted += 1;
      });
    }
  };
  return { state, queue, intake, events, offer };
}

it("stops reading when the consumer is behind, and goes on when it has taken one", async () => {
  const { state, queue, events, offer } = setUp();
  offer(1000);
  expect([state.accepted, queue.waiting()]).toEqual([256, 256]);
  await events.next();
  expect([state.accepted, queue.waiting()]).toEqual([257, 256]);
});

it("reads on, within a bound, while an operation waits for an answer on the same stream", () => {
  const { state, intake, offer } = setUp();
  offer(1000);
  state.operations = 1;
  intake.review();
  expect(state.accepted).toBe(257);
  const busy = setUp();
  busy.state.operations = 1;
  busy.offer(20_000);
  expect(busy.state.accepted).toBe(16_384);
});

it("forgets what a lost connection had not acknowledged", async () => {
  const { state, queue, intake, events, offer } = setUp();
  offer(1000);
  intake.drop();
  await events.next();
  expect([state.accepted, queue.waiting()]).toEqual([256, 255]);
});
