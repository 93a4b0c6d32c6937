import type { AedesPublishPacket } from "aedes";
import { expect, test } from "vitest";
import { createRetainedWriter } from "../../src/broker/retained-writer.ts";

const packet = (topic: string, text: string): AedesPublishPacket => ({
  cmd: "publish",
  topic,
  payload: Buffer.from(text),
  qos: 1,
  retain: true,
  dup: false,
  brokerId: "test",
  brokerCounter: 1,
});

function setUp() {
  const kept: string[] = [];
  const open: { resolve(): void; reject(error: Error): void }[] = [];
  const writer = createRetainedWriter(
    ({ topic, payload }) =>
      new Promise<void>((resolve, reject) => {
        kept.push(`${topic}=${payload}`);
        open.push({ resolve, reject });
      }),
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { kept, open, writer, turn };
}

test("keeps nobody waiting, and writes the messages of a topic in order, those in between left out", async () => {
  const { kept, open, writer, turn } = setUp();
  for (const text of ["1", "2"]) await writer.write(packet("a", text));
  await writer.write(packet("b", "1"));
  for (const text of ["3", "4"]) await writer.write(packet("a", text));
  expect(kept).toEqual(["a=1"]);
  let idle = false;
  const done = writer.idle().then(() => {
    idle = true;
  });
  open[0]?.resolve();
  await turn();
  expect([kept, idle]).toEqual([["a=1", "a=4", "b=1"], false]);
  for (const { resolve } of open) resolve();
  await done;
  await writer.idle();
  expect(idle).toBe(true);
});

test("tells of a disk that takes nothing at the next message, until it takes one again", async () => {
  const { open, writer, turn } = setUp();
  await writer.write(packet("a", "1"));
  open[0]?.reject(new Error("full"));
  await turn();
  const second = writer.write(packet("a", "2"));
  open[1]?.reject(new Error("still full"));
  await expect(second).rejects.toThrow("still full");
  const third = writer.write(packet("a", "3"));
  open[2]?.resolve();
  await third;
  await writer.write(packet("a", "4"));
  expect(open).toHaveLength(4);
  open[3]?.resolve();
  await writer.idle();
});
