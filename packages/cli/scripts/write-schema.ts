/**
 * Writes the JSON schema of the configuration file; `npm run format` then lays it out. Run from source:
 * `node --conditions=zipml-source --import tsx packages/cli/scripts/write-schema.ts`.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { configJsonSchema } from "../src/config/json-schema.ts";

const folder = new URL("../schema/", import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL("zipml.schema.json", folder), configJsonSchema());
