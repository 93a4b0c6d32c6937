/**
 * Writes the JSON schema of a scenario file; `npm run format` then lays it out. Run from source:
 * `node --conditions=zipml-source --import tsx simulator/scripts/write-schema.ts`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { scenarioJsonSchema } from "../src/scenario/json-schema.ts";

const folder = new URL("../schema/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL("scenario.schema.json", folder), scenarioJsonSchema());
