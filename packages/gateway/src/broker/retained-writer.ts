import type { AedesPublishPacket } from "aedes";

/** Brings retained messages to the disk without anybody waiting for it. */
export interface RetainedWriter {
  /**
   * Takes a message; of those on one topic that wait, only the last is written.
   *
   * @throws What the disk said the last time, as long as it takes nothing: the message is tried all the same.
   */
  write(packet: AedesPublishPacket): Promise<void>;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

/** Most messages that are written at the same time. */
const mostAtOnce = 256;

/**
 * aedes passes a retained message on only when it is stored. On a disk that is busy with the log, the births of a fleet that
 * comes back at once would wait there for minutes, while the frames behind them overtake. Nothing rests on their being on the
 * disk: an acknowledgement of aedes never meant that, and every connection brings its birth along.
 *
 * @param keep Writes one message.
 */
export function createRetainedWriter(keep: (packet: AedesPublishPacket) => unknown): RetainedWriter {
  const waiting = new Map<string, AedesPublishPacket>();
  let writing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  const writeAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting.values()].slice(0, mostAtOnce);
      for (const { topic } of batch) waiting.delete(topic);
      const outcomes = await Promise.allSettled(batch.map(async (packet) => keep(packet)));
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      failure = failed === undefined ? undefined : { error: failed.reason };
    }
  };
  const start = (): Promise<void> => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  return {
    write: async (packet) => {
      waiting.set(packet.topic, packet);
      const written = start();
      if (failure === undefined) return;
      await written;
      if (failure !== undefined) throw failure.error;
    },
    idle: async () => {
      await writing;
    },
  };
}
