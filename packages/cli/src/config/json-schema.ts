import { z } from "zod";
import { configSchema } from "./sections.ts";

/**
 * The JSON schema of a configuration file, for editors; the text that is published as `schema/zipml.schema.json`.
 *
 * @returns JSON with a line end.
 */
export function configJsonSchema(): string {
  return `${JSON.stringify({ $id: "urn:zipml:configuration:1", ...z.toJSONSchema(configSchema, { io: "input" }) }, null, 2)}\n`;
}
