import { Readable } from "node:stream";
import { topicLevels } from "@zipml/protocol";
import type { AedesPublishPacket } from "aedes";
import { createRetainedWriter, type RetainedWriter } from "./retained-writer.ts";

/** The part of a persistence of aedes that retained messages pass through. */
export interface RetainedStore {
  storeRetained(packet: AedesPublishPacket): unknown;
  createRetainedStream(filter: string): Readable;
  createRetainedStreamCombi(filters: readonly string[]): Readable;
}

/** Whether a topic that starts as the filter does, up to its first wildcard, matches all of it. */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  for (const [i, level] of filter.entries()) {
    if (level === "#") return true;
    if (i >= topic.length || (level !== "+" && level !== topic[i])) return false;
  }
  return filter.length === topic.length;
}

function* find(packets: ReadonlyMap<string, AedesPublishPacket>, filter: string): Generator<AedesPublishPacket> {
  const wildcard = filter.search(/[+#]/);
  if (wildcard < 0) {
    const packet = packets.get(filter);
    if (packet !== undefined) yield packet;
    return;
  }
  const start = filter.slice(0, wildcard);
  const levels = topicLevels(filter);
  for (const [topic, packet] of packets) {
    // "a/#" also means "a"; a wildcard in front does not mean "$...".
    if (!topic.startsWith(start) && topic !== start.slice(0, -1)) continue;
    if (wildcard === 0 && topic.startsWith("$")) continue;
    if (matches(levels, topicLevels(topic))) yield packet;
  }
}

/**
 * Has a persistence answer for retained messages from memory and by name. Both that aedes comes with go through all of
 * them for every filter of every subscriber, and the one on disk decodes each: a fleet that comes back at once would
 * keep the broker busy for minutes.
 *
 * @param store Changed in place.
 * @returns What brings new ones to the store, which nobody waits for.
 */
export async function indexRetained(store: RetainedStore): Promise<RetainedWriter> {
  const packets = new Map<string, AedesPublishPacket>();
  for await (const packet of store.createRetainedStream("#") as AsyncIterable<AedesPublishPacket>)
    packets.set(packet.topic, packet);
  const writer = createRetainedWriter(store.storeRetained.bind(store));
  const streamOf = (filters: readonly string[]): Readable =>
    Readable.from(filters.flatMap((filter) => [...find(packets, filter)]));
  store.storeRetained = (packet) => {
    if (packet.payload.length === 0) packets.delete(packet.topic);
    else packets.set(packet.topic, { ...packet });
    return writer.write({ ...packet });
  };
  store.createRetainedStreamCombi = streamOf;
  store.createRetainedStream = (filter) => streamOf([filter]);
  return writer;
}
