import { z } from "zod";
import { deviceOptions } from "../device/options.ts";
import { gatewayOptions } from "../gateway/options.ts";
import type { OptionTable } from "../options.ts";
import { tailOptions } from "../tail/options.ts";
import { trainOptions } from "./train-section.ts";

/**
 * The sections of a configuration file, one a command that reads one. A command joins by adding its option table here;
 * the schema of the file, its published JSON form and the checks of names all follow from this table.
 */
export const sections = {
  train: trainOptions,
  gateway: gatewayOptions,
  device: deviceOptions,
  tail: tailOptions,
} as const satisfies Readonly<Record<string, OptionTable>>;

/** A command that has a section. */
export type SectionName = keyof typeof sections;

const sectionSchema = (table: OptionTable) =>
  z
    .strictObject(
      Object.fromEntries(
        Object.entries(table).map(([name, { schema, help }]) => [name, schema.optional().meta({ description: help })]),
      ),
    )
    .optional();

/** The whole file: a mapping of sections, nothing else. */
export const configSchema = z
  .strictObject(Object.fromEntries(Object.entries(sections).map(([name, table]) => [name, sectionSchema(table)])))
  .meta({ title: "zipml", description: "Configuration of the zipml commands, one section a command; flags win." });
