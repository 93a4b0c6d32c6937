import { readFile } from "node:fs/promises";
import { defineGrid, defineSchema, type Grid, GridError, type Schema } from "@zipml/codec";
import { fileError } from "@zipml/gateway/data";
import { gridSchema, schemaSchema } from "@zipml/protocol";
import { z } from "zod";
import { CliError } from "../errors.ts";
import { writeFileWhole } from "./write-file.ts";

/** A grid with the channels that it is for. */
export interface GridFile {
  readonly schema: Schema;
  readonly grid: Grid;
}

const fileSchema = z.strictObject({
  zipml: z.literal("grid"),
  version: z.literal(1),
  schema: schemaSchema,
  grid: gridSchema,
});

/**
 * Saves a grid as JSON, whole or not at all: `{ "zipml": "grid", "version": 1, "schema": …, "grid": … }`, both as a
 * device's options take them.
 *
 * @param file Path of the file.
 * @param content Schema and grid.
 * @throws {@link CliError} `file`.
 */
export async function saveGrid(file: string, { schema, grid }: GridFile): Promise<void> {
  await writeFileWhole(file, [`${JSON.stringify({ zipml: "grid", version: 1, schema, grid }, null, 2)}\n`]);
}

/**
 * Reads a grid that {@link saveGrid} wrote, or that somebody did by hand.
 *
 * @param file Path of the file.
 * @throws DataError `file`, or {@link CliError} `grid`: no JSON, another shape or version, or a grid that can't be.
 */
export async function loadGrid(file: string): Promise<GridFile> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new CliError("grid", `${file}: is no file of a grid: not JSON`, cause);
  }
  const checked = fileSchema.safeParse(data);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const place = issue?.path.join(".") || "the file";
    throw new CliError("grid", `${file}: is no file of a grid of version 1: ${place}: ${issue?.message}`);
  }
  try {
    const schema = defineSchema(checked.data.schema.channels);
    return { schema, grid: defineGrid(schema, checked.data.grid) };
  } catch (cause) {
    if (!(cause instanceof GridError)) throw cause;
    throw new CliError("grid", `${file}: ${cause.message}`, cause);
  }
}

/**
 * A file's grid for some columns in their order.
 *
 * @param file Path of the file, for the error.
 * @param content What it holds; channels that are not asked for are left out.
 * @param names Names of the columns.
 * @throws {@link CliError} `grid` for a column that the file lacks.
 */
export function gridFor(file: string, { schema, grid }: GridFile, names: readonly string[]): Grid {
  const channels = names.map((name) => {
    const at = schema.channels.findIndex((channel) => channel.name === name);
    const channel = grid.channels[at];
    if (channel === undefined) throw new CliError("grid", `${file}: has no channel ${JSON.stringify(name)}`);
    return channel;
  });
  return { ...grid, channels };
}
