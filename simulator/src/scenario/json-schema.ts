import { z } from "zod";
import { scenarioSchema } from "./scenario.ts";

/**
 * The JSON schema of a scenario file, for editors; the text that is published as `schema/scenario.schema.json`.
 *
 * @returns JSON with a line end.
 */
export function scenarioJsonSchema(): string {
  const schema = z.toJSONSchema(scenarioSchema, { io: "input" });
  return `${JSON.stringify({ $id: "urn:zipml:scenario:1", ...schema }, null, 2)}\n`;
}
