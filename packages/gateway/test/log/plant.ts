import { createHash } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createQuantizer,
  createStream,
  defineSchema,
  encodeFrame,
  packCodes,
  type Schema,
  uniformGrid,
} from "@zipml/codec";
import type { Birth, Health } from "@zipml/protocol";
import { createMemoryBroker } from "@zipml/protocol/memory";
import type { LogFiles } from "../../src/log/files.ts";
import { type GatewayOptions, resolveGatewayOptions } from "../../src/options.ts";
import { openParts, type Parts } from "../../src/parts.ts";

export const schema = defineSchema([
  { name: "x", unit: "V", range: [0, 1], role: "feature" },
  { name: "y", unit: "W", range: [0, 1], role: "target" },
]);

export const birth = (session: number, changes: Partial<Birth> = {}, of: Schema = schema): Birth => ({
  session,
  startedAt: 100_000 * session,
  schema: of,
  grids: [uniformGrid(of)],
  software: { name: "test", version: "1" },
  ...changes,
});

const quantizer = createQuantizer(uniformGrid(schema));

/** A frame whose readings depend on the device, session and sequence. */
export function frameOf(device: string, session: number, sequence: number, rows = 4): Uint8Array {
  const draw = createStream(`${device}/${session}`, sequence);
  const values = Float64Array.from({ length: rows * 2 }, () => draw.uniform());
  const body = packCodes(quantizer.encode(values, draw).codes, quantizer);
  return encodeFrame({ session, sequence, grid: 0, coding: "packed", start: 10 * sequence, interval: 1, rows, body });
}

/** The parts of a gateway without a broker. */
export function openPlant(
  directory: string | undefined,
  options: Partial<GatewayOptions> = {},
  files?: LogFiles,
): Promise<Parts> {
  const transport = createMemoryBroker().connector();
  const given = directory === undefined ? {} : { directory };
  const training = { minimum: 2, everyRows: 0, epochs: 1, ...options.training };
  return openParts(resolveGatewayOptions({ group: "g", transport, ...given, ...options, training }), files);
}

/** What is stored, as `device/session/sequence`, sorted. */
export function storedIn({ registry }: Pick<Parts, "registry">, upTo = 200): string[] {
  return [...registry.all()]
    .flatMap(({ id, sessions, retired }) =>
      [...sessions.values(), ...retired.values()].flatMap(({ session, sequences }) =>
        Array.from({ length: upTo }, (_, i) => i).flatMap((i) => (sequences.has(i) ? [`${id}/${session}/${i}`] : [])),
      ),
    )
    .sort();
}

/** A hash of what would be trained on, in its order. */
export async function contentOf({ store }: Pick<Parts, "store">): Promise<string> {
  const hash = createHash("sha256").update(`${store.rows} of ${store.stored};`);
  for await (const block of store.source(2).blocks())
    if (block.kind === "codes") hash.update(Uint8Array.from(block.codes)).update(";");
  return hash.digest("hex");
}

/** Health that declares frames as dropped. */
export function healthOf(session: number, ranges: readonly (readonly [number, number])[]): Health {
  return {
    session,
    uptime: 0,
    sequence: 0,
    accepted: 0,
    refused: { total: 0 },
    clipped: {},
    queued: { rows: 0, frames: 0, bytes: 0 },
    published: 0,
    resent: 0,
    receipted: 0,
    dropped: { rows: 0, frames: [{ session, ranges }] },
  };
}

/** Folders of a test, removed when disposed. */
export async function folders(): Promise<
  AsyncDisposable & { readonly path: string; copy(from: string): Promise<string> }
> {
  const path = await mkdtemp(join(tmpdir(), "zipml-log-"));
  let next = 0;
  return {
    path,
    /** What a process killed now would leave behind. */
    copy: async (from) => {
      next += 1;
      const to = join(path, `copy-${next}`);
      await cp(from, to, { recursive: true });
      return to;
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
