import { createStream } from "@zipml/codec";
import { createGateway } from "@zipml/gateway";
import { createTopics, encodeMessage, type Transport } from "@zipml/protocol";
import { createMemoryBroker } from "@zipml/protocol/memory";
import type { TrainedReport } from "./messages.ts";
import { until } from "./processes.ts";
import { group, training } from "./readings.ts";
import type { LoggedFrame, LoggedNote } from "./stored.ts";

const topics = createTopics();

/** The same, in an order that has nothing to do with how it came. */
function shuffled<T>(list: readonly T[], seed: string): T[] {
  const stream = createStream(`faults/twin/${seed}`);
  const order = [...list];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(stream.uniform() * (i + 1));
    const [a, b] = [order[i], order[j]];
    if (a !== undefined && b !== undefined) [order[i], order[j]] = [b, a];
  }
  return order;
}

async function publishNotes(transport: Transport, notes: readonly LoggedNote[]): Promise<void> {
  const sessions = new Map<string, LoggedNote[]>();
  for (const note of notes) {
    const key = `${note.device}/${note.session}`;
    sessions.set(key, [...(sessions.get(key) ?? []), note]);
  }
  for (const list of sessions.values()) {
    const [first] = list;
    if (first === undefined) continue;
    const { device, session, startedAt, schema } = first;
    const grids = [...new Map(list.map(({ grid }) => [grid.epoch, grid])).values()];
    const birth = { session, startedAt, schema, grids, software: { name: "twin", version: "0" } };
    const topic = topics.build({ kind: "birth", group, device });
    await transport.publish(topic, encodeMessage("birth", birth), { qos: 1, retain: false });
  }
}

/**
 * Trains a fresh gateway in memory, which nothing disturbs, on frames of another gateway's log, delivered in another
 * order.
 *
 * @param frames Each once.
 * @param notes What they mean.
 * @param seed Of the order.
 * @param window Newest rows that are trained on.
 */
export async function trainTwin(
  frames: readonly LoggedFrame[],
  notes: readonly LoggedNote[],
  seed: string,
  window: number,
): Promise<TrainedReport> {
  const broker = createMemoryBroker({ queueLimit: 10_000, backlogLimit: 1_000_000 });
  const limits = { sessions: 65_536 };
  await using gateway = await createGateway({
    group,
    transport: broker.connector(),
    publishBits: 0,
    training: { ...training, window },
    limits,
  });
  await gateway.ready();
  await using transport = broker.connector()({ clientId: "twin-source" });
  await until("the source is online", 10_000, () => transport.online);
  await publishNotes(transport, notes);
  let sent = 0;
  for (const { device, payload } of shuffled(frames, seed)) {
    await transport.publish(topics.build({ kind: "data", group, device }), payload, { qos: 1, retain: false });
    sent += 1;
    // Out of order, more ranges lie above the floor than a gateway keeps: those frames must come again.
    if (sent % 200 === 0) await until("the twin keeps up", 60_000, () => gateway.status().ingest.received >= sent);
  }
  const rows = frames.reduce((sum, frame) => sum + frame.rows.length, 0);
  for (let round = 0; gateway.status().rows.stored < rows && round < 200; round++)
    for (const { device, payload } of frames)
      await transport.publish(topics.build({ kind: "data", group, device }), payload, { qos: 1, retain: false });
  await until("the twin has all rows", 60_000, () => gateway.status().rows.stored >= rows);
  const { version, hash, model } = await gateway.train();
  return { version, hash, rows: model.rows, model: JSON.stringify(model) };
}
