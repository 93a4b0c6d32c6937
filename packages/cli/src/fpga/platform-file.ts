import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileError } from "@zipml/gateway/data";
import {
  AcceleratorError,
  checkPlatform,
  type LayoutName,
  layoutNames,
  type Platform,
  platformNamed,
} from "@zipml/gateway/fpga";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { suggestion } from "../nearest.ts";

const limits = Object.fromEntries(layoutNames.map((name) => [name, z.number().optional()])) as Record<
  LayoutName,
  z.ZodOptional<z.ZodNumber>
>;

/** A platform as a file describes it; what the figures may be is `checkPlatform`'s business. */
const platformSchema = z.strictObject({
  name: z.string().min(1).optional(),
  clock: z.number(),
  bandwidth: z.number(),
  lineBits: z.union([z.literal(512), z.literal(64)]),
  latency: z.number(),
  burst: z.number(),
  reorderDepth: z.number(),
  rowFifo: z.number(),
  lanes: z.number(),
  features: z.strictObject(limits),
  budget: z.strictObject({
    multipliers: z.number(),
    blocks: z.number(),
    blockWidth: z.number(),
    blockDepth: z.number(),
  }),
  assumed: z.array(z.string()).default([]),
});

/** Whether a value of `--platform` names a file. */
export function isPlatformFile(value: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/.test(value);
}

function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(platformSchema.shape);
  return path[0] === "features" ? layoutNames : Object.keys(platformSchema.shape.budget.shape);
}

function faultOf(file: string, issue: z.core.$ZodIssue | undefined): CliError {
  if (issue?.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const name = [...issue.path, key].join(".");
    return new CliError("config", `${file}: ${name} is not known${suggestion(key, keysAt(issue.path))}`);
  }
  const place = issue?.path.join(".") || "the file";
  return new CliError("config", `${file}: ${place}: ${issue?.message ?? "is no platform"}`);
}

function parse(file: string, text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return document.toJS();
  throw new CliError("config", `${file}:${lines.linePos(error.pos[0]).line}: ${error.message}`, error);
}

async function readPlatform(file: string): Promise<Platform> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  const checked = platformSchema.safeParse(parse(file, text));
  if (!checked.success) throw faultOf(file, checked.error.issues[0]);
  const { name = basename(file, extname(file)), features, ...rest } = checked.data;
  const run = Object.entries(features).filter(([, most]) => most !== undefined);
  const platform: Platform = { name, ...rest, features: Object.fromEntries(run) };
  try {
    checkPlatform(platform);
  } catch (cause) {
    if (!(cause instanceof AcceleratorError)) throw cause;
    throw new CliError("config", `${file}: ${cause.message}`, cause);
  }
  return platform;
}

/**
 * The platform that `--platform` names: one that comes with the package, or a user's own from a YAML or JSON file with the
 * fields of `Platform`; `name` is the file's where it has none, `assumed` may be left out.
 *
 * @throws DataError `file`; {@link CliError} `option` for an unknown name, `config` with file and key for a wrong platform.
 */
export async function loadPlatform(value: string): Promise<Platform> {
  if (isPlatformFile(value)) return readPlatform(value);
  try {
    return platformNamed(value);
  } catch (cause) {
    if (!(cause instanceof AcceleratorError)) throw cause;
    throw new CliError("option", `--platform: ${cause.message}, and no YAML file`, cause);
  }
}
