import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { indexRetained, type RetainedStore } from "../../src/broker/retained-index.ts";

const memory = createRequire(createRequire(import.meta.url).resolve("aedes"))(
  "aedes-persistence",
) as () => RetainedStore & {
  setup(broker: object): Promise<void>;
};

async function topicsOf(store: RetainedStore, ...filters: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { topic } of store.createRetainedStreamCombi(filters)) found.push(topic);
  return found.sort();
}

async function filled(indexed: boolean): Promise<RetainedStore> {
  const store = memory();
  await store.setup({});
  const put = (topic: string, text: string): Promise<unknown> => {
    const packet = { cmd: "publish", topic, payload: Buffer.from(text), qos: 1, retain: true, dup: false } as const;
    return Promise.resolve(store.storeRetained({ ...packet, brokerId: "test", brokerCounter: 1 }));
  };
  await put("a/b/birth", "1"); // before the index is made
  if (indexed) await indexRetained(store);
  for (const topic of ["a", "a/c/birth", "a/c/death", "ab/c/birth", "a/c/birth/x", "b"]) await put(topic, "1");
  await put("b", "");
  return store;
}

test("finds what the store itself finds, by name and by wildcard", async () => {
  const plain = await filled(false);
  const indexed = await filled(true);
  for (const filter of [
    "a",
    "b",
    "a/b/birth",
    "a/+/birth",
    "+/c/birth",
    "a/#",
    "#",
    "+",
    "a/c/+",
    "none",
    "a/+/+/x",
    "+/+",
  ])
    expect(await topicsOf(indexed, filter), filter).toEqual(await topicsOf(plain, filter));
  expect(await topicsOf(indexed, "a", "a/+/death")).toEqual(["a", "a/c/death"]);
});
