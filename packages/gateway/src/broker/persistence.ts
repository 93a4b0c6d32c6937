/// <reference path="./aedes-persistence-level.d.ts" />
import { chmod, mkdir } from "node:fs/promises";
import createLevelPersistence from "aedes-persistence-level";
import { ClassicLevel } from "classic-level";
import { GatewayError } from "../errors.ts";

/** Where a broker keeps retained messages and sessions. */
export interface BrokerPersistence {
  /** What aedes is given; undefined for its memory. */
  readonly store: object | undefined;
  /** Topics that have a retained message now. */
  topics(): Promise<string[]>;
  close(): Promise<void>;
}

/** Keys that the library gives to retained messages; their topic follows. */
const retainedKey = "retained:";

async function openDatabase(directory: string): Promise<ClassicLevel<string, unknown>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const database = new ClassicLevel<string, unknown>(directory);
  await database.open();
  return database;
}

/**
 * Opens the folder of a broker, readable by its owner alone.
 *
 * @param directory The folder, made where it is missing; undefined keeps everything in memory.
 * @throws {@link GatewayError} `options` where it can't be opened, such as by a second broker.
 */
export async function openPersistence(directory: string | undefined): Promise<BrokerPersistence> {
  if (directory === undefined)
    return { store: undefined, topics: () => Promise.resolve([]), close: () => Promise.resolve() };
  const database = await openDatabase(directory).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("options", `broker.directory ${directory} can't be opened: ${why}`, { cause });
  });
  return {
    store: createLevelPersistence(database),
    topics: async () => {
      const keys = await database.keys({ gte: retainedKey, lt: "retained;" }).all();
      return keys.map((key) => key.slice(retainedKey.length));
    },
    close: () => database.close(),
  };
}
