import type { z } from "zod";
import { decodeCbor, defaultCborLimits, encodeCbor, plainCopy } from "./cbor.ts";
import type { CborLimits } from "./cbor-scan.ts";
import { ProtocolError, traced } from "./errors.ts";
import { birthSchema, deathSchema, healthSchema, receiptSchema, reportedSchema } from "./messages/device.ts";
import type { ReadonlyDeep } from "./messages/fields.ts";
import { commandSchema, desiredSchema, modelSchema, stateSchema } from "./messages/gateway.ts";

/** A schema for every kind of control message: the one table that encoding and decoding go by. */
const schemas = {
  birth: birthSchema,
  death: deathSchema,
  desired: desiredSchema,
  reported: reportedSchema,
  health: healthSchema,
  model: modelSchema,
  receipt: receiptSchema,
  command: commandSchema,
  state: stateSchema,
} as const;

/** A kind of control message. Frames of readings are the codec's. */
export type MessageKind = keyof typeof schemas;

/** The value of a control message of one kind; read-only throughout. */
export type MessageOf<Kind extends MessageKind> = ReadonlyDeep<z.infer<(typeof schemas)[Kind]>>;

/** What grows with the number of channels, and how deeply it is nested: a list of levels in a birth is nine deep. */
const large: Readonly<Partial<Record<MessageKind, CborLimits>>> = {
  birth: { maxBytes: 262_144, maxDepth: 10 },
  desired: { maxBytes: 262_144, maxDepth: 8 },
  health: { maxBytes: 262_144, maxDepth: 6 },
  model: { maxBytes: 262_144, maxDepth: 4 },
};

/** The caps of a kind: 256 KiB for what grows with the number of channels; 32 KiB and four levels for the rest. */
export function messageLimits(kind: MessageKind): CborLimits {
  return large[kind] ?? defaultCborLimits;
}

/**
 * Encodes a control message as a CBOR map.
 *
 * The value is checked as the receiver will check it; keys that the schema does not know, or that hold undefined, are
 * left out.
 *
 * @returns a copy of its own
 * @throws ProtocolError code `shape` with the path, `size`, or `cbor` for what has no form in CBOR
 */
export function encodeMessage<Kind extends MessageKind>(kind: Kind, value: MessageOf<Kind>): Uint8Array {
  const limits = messageLimits(kind);
  return traced(() => encodeCbor(check(kind, plainCopy(value, limits.maxDepth)), limits));
}

/**
 * Decodes and checks a control message. Keys that the schema does not know are ignored, so that a newer sender is
 * understood; a missing field, or one out of its range, is refused.
 *
 * @returns a value of its own that shares no memory with `bytes`
 * @throws ProtocolError code `size`, `depth` or `cbor` with the offset, or `shape` with the path and, where the map
 *   has one, its `version`
 */
export function decodeMessage<Kind extends MessageKind>(kind: Kind, bytes: Uint8Array): MessageOf<Kind> {
  return check(kind, decodeCbor(bytes, messageLimits(kind)));
}

function check<Kind extends MessageKind>(kind: Kind, value: unknown): MessageOf<Kind> {
  // the table pairs each kind with its own schema, which a generic index can't express
  const schema: z.ZodType = schemas[kind];
  const result = schema.safeParse(value);
  if (result.success) return result.data as MessageOf<Kind>;
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join(".") ?? "";
  const what = issue?.message ?? "does not have the right shape";
  const version = versionOf(value);
  throw new ProtocolError("shape", `${kind} message: ${path === "" ? "" : `${path}: `}${what}`, {
    path,
    ...(version === undefined ? {} : { version }),
  });
}

function versionOf(value: unknown): number | undefined {
  if (typeof value !== "object" || value === null || !("version" in value)) return undefined;
  return Number.isSafeInteger(value.version) ? (value.version as number) : undefined;
}
